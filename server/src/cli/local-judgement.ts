import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { believingGivenVex, withGivenVex } from '@wharfinger/lib/assess/given-vex';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { demandNotOlder, openJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { unmatchedRepository } from '@wharfinger/lib/assess/rules-for';
import { readVexFile } from '@wharfinger/lib/assess/vex-file';
import { WharfingerError } from '@wharfinger/lib/errors';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { signatureFormats } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import type { ImageOptions } from './image-options.ts';
import { noteJudgement, seenJudgement } from './seen-judgements.ts';
import type { Session } from './session.ts';
import { readVexBytes } from './vex-bytes.ts';

/**
 * What images are judged by here: the file of `wharf judgement export`, signed by one of the registry's keys that are given;
 * else the standard collection as if the repository held what does not pass, with a signature by one of the keys demanded
 * where keys are given. An older judgement of a registry than this machine has seen is refused.
 *
 * VEX documents that are given beside it are in force as if they had been brought in.
 *
 * @throws WharfingerError JUDGEMENT_INVALID, JUDGEMENT_UNTRUSTED, KEY_INVALID, VEX_INVALID, USAGE
 */
export async function judgementFor(options: ImageOptions, session: Session): Promise<Judgement> {
  const { judgement, vex = [], vexBy } = options;
  if (vex.length === 0 && vexBy !== undefined)
    throw new WharfingerError('USAGE', { what: '--vex-by says whose word the documents of --vex are' });
  if (vex.length > 0 && vexBy === undefined && judgement !== undefined) {
    throw new WharfingerError('USAGE', {
      what: '--vex beside --judgement needs --vex-by: its routines name those whose word counts',
      remedy: 'say for whom the documents stand, such as user/ann or feed/vendor',
    });
  }
  const files = await Promise.all(vex.map(async (name) => readVexFile(await readVexBytes(name), name)));
  if (judgement !== undefined) {
    const theirs = await judgementInFile(judgement, options, session);
    return vexBy === undefined ? theirs : withGivenVex(theirs, files, vexBy);
  }
  const own = ownJudgement(await readKeys(options.key ?? []), session.now());
  return vex.length === 0 ? own : believingGivenVex(own, files, vexBy ?? 'file');
}

async function judgementInFile(
  judgement: string,
  { key = [], registryKey = [], insecureJudgement }: ImageOptions,
  session: Session,
): Promise<Judgement> {
  if (key.length > 0)
    throw new WharfingerError('USAGE', { what: '--key and --judgement exclude each other' });
  const registryKeys = await readKeys(registryKey);
  const opened = openJudgement(await readFile(judgement), {
    registryKeys,
    now: session.now(),
    ...(insecureJudgement === undefined ? {} : { unsigned: insecureJudgement }),
  });
  if (opened.keyId === undefined) return opened.judgement;
  demandNotOlder(opened.judgement, await seenJudgement(session.environment, opened.keyId));
  await noteJudgement(session.environment, opened.keyId, opened.judgement.version);
  return opened.judgement;
}

/** Public keys in PEM files, called by the names of their files. */
export async function readKeys(files: readonly string[]): Promise<Array<{ name: string; pem: string }>> {
  return Promise.all(
    files.map(async (file) => {
      const trusted = { name: basename(file), pem: await readFile(file, 'utf8') };
      parsePublicKey(trusted);
      return trusted;
    }),
  );
}

function ownJudgement(keys: ReadonlyArray<{ name: string; pem: string }>, now: Date): Judgement {
  return {
    format: 2,
    registry: 'none',
    version: 0,
    madeAt: now.toISOString(),
    expires: never,
    repositories: [{ ...unmatchedRepository, gate: 'hold', official: keys.length > 0 }],
    trust: keys.length > 0 ? [{ pattern: '**', signers: keys, formats: signatureFormats }] : [],
    sigstoreRoots: {},
    trustStores: {},
    certificateRevocations: [],
    revocations: { version: 0, issuedAt: now.toISOString(), expires: never, entries: [] },
    custody: [],
    bindings: [],
    waivers: [],
    grantRules: [],
    grants: [],
    holds: [],
    collections: [loadStandardCollection()],
  };
}

/** What is made on the spot is not kept. */
const never = '9999-12-31T23:59:59Z';
