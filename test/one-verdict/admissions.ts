import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { admit } from '../../server/src/admission/admit.ts';
import { readVerifierConfig, type RegistryConfig } from '../../server/src/admission/config.ts';
import { makeDecider, noCounts } from '../../server/src/admission/decide.ts';
import { makeDecisionMemory } from '../../server/src/admission/decision-memory.ts';
import { combineVerdicts } from '../../server/src/admission/decision.ts';
import { judgesFor } from '../../server/src/admission/judges.ts';
import { makeLimit } from '../../server/src/admission/limit.ts';
import { knownPodTemplates } from '../../server/src/admission/pod-templates.ts';
import { verifyForNode } from '../../server/src/admission/verifier.ts';
import { openSession } from '../../server/src/cli/session.ts';
import type { Case } from './cases.ts';
import { platform, reader, type Setting } from './setting.ts';
import { surroundingsOf, type Answer } from './surfaces.ts';

/** What somebody is told who wants to run an image. */
export interface Told {
  readonly outcome: 'allowed' | 'held' | 'denied';
  /** the reasons, or where it is allowed what is not as it should be */
  readonly said: string;
}

/** Says whether an image may run. */
export type Admission = (one: Case) => Promise<Told>;

/** What webhook and node verifier must say, as it follows from verdicts on the image and on what lies in it for the platform. */
export function toldOf({ digest }: Case, { verdict, images }: Answer): Told {
  const { outcome, reasons, warnings } = combineVerdicts(digest, [{ verdict }, ...Object.values(images)]);
  if (outcome === 'allow' || outcome === 'warn') return { outcome: 'allowed', said: warnings.join('; ') };
  return { outcome: outcome === 'deny' ? 'denied' : 'held', said: reasons.join(' ') };
}

/** Files that say by whom images are judged: here by the judgement file, or by the server that is asked. */
export async function writeVerifierConfigs({ plain, server, files }: Setting) {
  const write = async (name: string, registry: object): Promise<string> => {
    const path = join(files.folder, `${name}.yaml`);
    await writeFile(path, stringify({ registries: [registry], platforms: [platform], budget: '60s' }));
    return path;
  };
  const credentials = { username: reader.name, passwordFile: files.password };
  const keys = [files.registryKey];
  return {
    'by file': await write('by-file', {
      hosts: [plain],
      judgement: files.judgement,
      keys,
      advisories: [files.advisories],
    }),
    'by server': await write('by-server', { hosts: [server.address], server: server.url, keys, credentials }),
  };
}

/** Webhook and node verifier in this process, by file and by server. */
export async function openAdmissions(setting: Setting): Promise<Readonly<Record<string, Admission>>> {
  const admissions: Record<string, Admission> = {};
  for (const [by, path] of Object.entries(await writeVerifierConfigs(setting))) {
    const config = await readVerifierConfig(path);
    const host = config.registries[0]!.hosts[0]!;
    // who asks the server learns of newer judgements, and would take the one in the file no more
    const home = join(setting.files.folder, by);
    const session = openSession(surroundingsOf(setting, undefined, home), { json: true, color: false });
    admissions[`webhook ${by}`] = webhook(config.registries, host, session, setting.now);
    admissions[`node ${by}`] = async ({ repository, digest }) => {
      const given = ['-name', `${host}/${repository}:v1`, '-digest', digest];
      const { allowed, text } = await verifyForNode(given, Buffer.alloc(0), config, session);
      return readNode(allowed, text);
    };
  }
  return admissions;
}

function webhook(
  registries: readonly RegistryConfig[],
  host: string,
  session: ReturnType<typeof openSession>,
  now: () => Date,
): Admission {
  const decide = makeDecider({
    judges: judgesFor(registries, [platform], session),
    memory: makeDecisionMemory(10, 1000, () => now().getTime()),
    limit: makeLimit(4, 1000),
    lookup: 60_000,
    now: () => now().getTime(),
    count: noCounts(),
  });
  const parts = {
    decide,
    podTemplates: knownPodTemplates,
    exemptNamespaces: new Set<string>(),
    budget: 60_000,
    elapsed: () => performance.now(),
  };
  return async (one) => {
    const answer = await admit(reviewOf(host, one).request, 'validate', parts);
    return readReview(answer, host);
  };
}

/** The review of a pod that is to run the image of a case. */
export function reviewOf(host: string, { repository, digest }: Case) {
  const image = `${host}/${repository}:v1@${digest}`;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'one',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      subResource: '',
      name: 'pod',
      namespace: 'team',
      operation: 'CREATE' as const,
      userInfo: { username: 'someone' },
      object: { metadata: { name: 'pod' }, spec: { containers: [{ name: 'app', image }] } },
    },
  };
}

/** What a webhook told, without the places of the images. */
export function readReview(
  answer: {
    readonly allowed: boolean;
    readonly message?: string;
    readonly warnings?: readonly string[];
  },
  host: string,
): Told {
  if (answer.allowed) {
    const warnings = (answer.warnings ?? []).map((line) => line.replace(/^[^ ]*@sha256:\S*: /, ''));
    return { outcome: 'allowed', said: warnings.join('; ') };
  }
  const [, outcome, said] =
    /^wharfinger: .*? \(\S*\): (held|denied)\. (.*)$/s.exec(answer.message ?? '') ?? [];
  if (said === undefined) throw new Error(`${host}: ${answer.message}`);
  return { outcome: outcome as Told['outcome'], said };
}

/** What the node verifier told, without the name of the image. */
export function readNode(allowed: boolean, text: string): Told {
  if (allowed) return { outcome: 'allowed', said: text.replace(/^\S+ passed(?:; )?/, '') };
  const [, outcome, said] = /^(held|denied) by wharfinger: (.*)$/s.exec(text) ?? [];
  if (said === undefined) throw new Error(text);
  return { outcome: outcome as Told['outcome'], said };
}
