import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { rulesFor } from '@wharfinger/lib/assess/rules-for';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Channel, TagName } from '@wharfinger/lib/signing/channels/channel';
import { checkFreshness, type Freshness } from '@wharfinger/lib/signing/channels/freshness';
import { openSnapshot, type Snapshot } from '@wharfinger/lib/signing/channels/snapshot';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { recogniseServer } from './api-client.ts';
import { displayable } from './display.ts';
import type { ImageOptions } from './image-options.ts';
import { judgementFor } from './local-judgement.ts';
import { withRemoteImage } from './remote-image.ts';
import { parseTagReference } from './repository-argument.ts';
import { noteTag, seenTag } from './seen-tags.ts';
import type { Session } from './session.ts';

/** Options of the commands that check tags. */
export interface TagOptions extends ImageOptions {
  readonly registry?: string;
  readonly snapshotKey?: readonly string[];
}

/** What statements about tags call a registry. */
export const registryOption = [
  '--registry <identity>',
  'what statements call the registry: its registry.identity, never a host name',
] as const;

/** Adds the options that say how a tag is checked. */
export function addTagOptions(command: Command): Command {
  return command
    .option(...registryOption)
    .option(
      '--snapshot-key <file...>',
      'demand a snapshot of the repository that is minutes old, signed by one of these keys (PEM)',
    );
}

/** What a tag means, and whether that may be believed. */
export type CheckedTag = Freshness & {
  readonly digest: Digest;
  /** host/repository@digest */
  readonly image: string;
};

/**
 * Asks a registry what a tag means, decides whether that may be believed, and remembers what it meant, so that nobody can lead
 * this machine back to an older state.
 *
 * @throws WharfingerError USAGE, REFERENCE_INVALID, MANIFEST_UNKNOWN; SIGNATURE_INVALID for a snapshot that does not verify
 */
export async function checkTag(text: string, options: TagOptions, session: Session): Promise<CheckedTag> {
  const { tag } = parseTagReference(text);
  const judgement = await judgementFor(options, session);
  const identity = options.registry ?? (options.judgement === undefined ? undefined : judgement.registry);
  if (identity === undefined)
    throw new WharfingerError('USAGE', {
      what: 'it is not said what statements call the registry',
      remedy: 'give --registry, or a --judgement, which names its registry',
    });
  const now = session.now();
  return withRemoteImage(text, session, async ({ registry, repository, subject, name: image }) => {
    const judgedAs = options.as ?? repository;
    const { trust } = rulesFor(judgement, judgedAs, 'pull', now);
    const name: TagName = { registry: identity, repository: judgedAs, tag };
    const source = remoteEvidence(registry, repository);
    const { statements } = await verifyEvidence(subject, source, trust, now);
    const keys = options.snapshotKey ?? [];
    const freshness = checkFreshness({
      name,
      resolved: subject.digest,
      statements,
      snapshot:
        keys.length === 0 ? undefined : await readSnapshot(registry.registry, repository, keys, session),
      snapshotDemanded: keys.length > 0,
      seen: await seenTag(session.environment, name),
      now,
    });
    if (freshness.fresh) await noteTag(session.environment, name, freshness.seen);
    return { ...freshness, digest: subject.digest, image };
  });
}

/** The answer in a sentence or two. */
export function tagText(text: string, checked: CheckedTag): string {
  if (!checked.fresh)
    return displayable(
      `${text} cannot be trusted to mean ${checked.digest}: ${checked.message} (${checked.problem})`,
    );
  return meaningText(text, checked.digest, checked.channel);
}

/** What a statement says of a tag. */
export function meaningText(text: string, digest: Digest, { counter, expires }: Channel): string {
  return `${displayable(`${text} means ${digest}`)}\n${displayable(`number ${counter}, until ${expires}`)}`;
}

async function readSnapshot(
  host: string,
  repository: string,
  files: readonly string[],
  session: Session,
): Promise<Snapshot> {
  const server = await recogniseServer(host, session);
  if (!server)
    throw new WharfingerError('USAGE', {
      what: `${host} is not a Wharfinger registry, and has no snapshots`,
      remedy: 'leave --snapshot-key away: rollback is detected without, a freeze until the statement expires',
    });
  const keys = await Promise.all(
    files.map(async (file) => parsePublicKey({ name: file, pem: await readFile(file, 'utf8') })),
  );
  return openSnapshot(await server.getBytes('/api/v1/snapshot', { repository }), keys);
}
