import { openImage } from '@wharfinger/lib/client/open-image';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { locateImage } from '@wharfinger/lib/client/image-location';
import { WharfingerError } from '@wharfinger/lib/errors';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { ProbeResult } from '@wharfinger/lib/probes/result';
import { probePredicate } from '@wharfinger/lib/probes/statement';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { engineAt, type Engine } from '../probes/engine.ts';
import { runProbe, type RanProbe } from '../probes/run-probe.ts';
import { removeLeftovers } from '../probes/sandbox.ts';
import { count, displayable, shortDigest } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { ownPlatform } from './image-options.ts';
import { readSigningKeys } from './key-file.ts';
import { registrySession } from './remote-image.ts';
import type { Session } from './session.ts';

interface RunOptions {
  readonly engine?: string;
  readonly platform?: string;
  readonly key?: readonly string[];
}

/** Label of what this command makes in an engine. */
const owner = 'wharf';

/** Where Docker listens unless it is told otherwise. */
const usualEngine = 'unix:///var/run/docker.sock';

/** Findings that are shown; --json has all of them. */
const shown = 50;

/** `wharf probe run`. */
export async function runProbeHere(
  session: Session,
  options: RunOptions,
  probeText: string,
  imageText: string,
): Promise<ExitCode> {
  const engine = engineOf(options, session);
  const keys = await readSigningKeys(options.key ?? [], session);
  const repository = keys.length === 0 ? undefined : await repositoryToSignIn(imageText);
  await using opened = new AsyncDisposableStack();
  const open = async (text: string): Promise<ImageSource> => {
    const source = await openImage(text, {
      platform: options.platform ?? ownPlatform,
      session: (registry) => registrySession(registry, session),
    });
    opened.defer(() => source.close());
    return source;
  };
  const probe = await open(probeText);
  const image = await open(imageText);
  const at = session.now();
  await removeLeftovers(engine, owner, at);
  const { declaration, outcome } = await untilInterrupted((signal) =>
    runProbe({ engine, owner, keepImages: false }, { probe, subject: image, now: at, signal }),
  );
  const statements: string[] = [];
  if (repository !== undefined) {
    const predicate = probePredicate({ probe: probe.digest, declaration, outcome, at });
    const subject = {
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.manifestBytes.length,
    };
    const registry = await registrySession(repository.registry, session);
    try {
      for (const { key } of keys) {
        const signed = signStatement(subject, { predicateType: predicateTypes.probe, predicate }, key, at);
        await pushArtifact(registry, repository.repository, signed);
        statements.push(signed.manifest.digest);
      }
    } finally {
      await registry.close();
    }
  }
  const { name, version } = declaration;
  session.result(
    {
      probe: { name, version, digest: probe.digest },
      image: { name: image.name, digest: image.digest },
      at: at.toISOString(),
      ...outcome,
      statements,
    },
    () => textOf({ declaration, outcome }, image.name, statements),
  );
  return outcome.complete ? exitCodes.done : exitCodes.undecided;
}

function engineOf({ engine }: RunOptions, { environment }: Session): Engine {
  const address = engine ?? environment['DOCKER_HOST'] ?? usualEngine;
  if (/^unix:\/\/\/\S+$/.test(address)) return engineAt(address);
  throw new WharfingerError('USAGE', {
    what: `the engine ${JSON.stringify(address)} is no Unix socket`,
    remedy: 'give --engine unix:///path/of/the.sock',
  });
}

async function repositoryToSignIn(text: string): Promise<{ registry: string; repository: string }> {
  const location = await locateImage(text);
  if (location.kind === 'registry') return location.reference;
  throw new WharfingerError('USAGE', {
    what: `${text} lies in no registry that a statement could be attached in`,
    remedy: 'push the image first, or leave --key away',
  });
}

/** Ends the work when somebody interrupts the command, and waits until it has put everything away. */
async function untilInterrupted(work: (signal: AbortSignal) => Promise<RanProbe>): Promise<RanProbe> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function textOf(
  { declaration: { name, version }, outcome }: RanProbe,
  image: string,
  statements: readonly string[],
): string {
  const head = `${name} ${version} on ${image}: `;
  const signed = statements.map((digest) => `Stated and signed: ${shortDigest(digest)}`);
  if (!outcome.complete) return displayable(`${head}no result: ${outcome.problem}`);
  const findings = findingsOf(outcome.result);
  const more = findings.length - shown;
  return [
    `${head}${count(findings.length, 'finding')}`,
    ...findings.slice(0, shown),
    ...(more > 0 ? [`  and ${more} more; --json has all`] : []),
    ...signed,
  ]
    .map(displayable)
    .join('\n');
}

/** Declarations demand that these four are texts. */
type Finding = Readonly<Record<'rule' | 'severity', string>> & {
  readonly path?: string;
  readonly message?: string;
};

function findingsOf({ findings }: ProbeResult): string[] {
  return (findings as readonly Finding[]).map(({ rule, severity, path, message }) =>
    [
      `  ${severity}: ${rule}`,
      ...(path === undefined ? [] : [` in ${path}`]),
      ...(message === undefined ? [] : [`: ${message}`]),
    ].join(''),
  );
}
