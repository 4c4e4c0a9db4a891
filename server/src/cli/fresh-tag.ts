import { readFile } from 'node:fs/promises';
import type { Rules } from '@wharfinger/lib/assess/rules-for';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { TagName } from '@wharfinger/lib/signing/channels/channel';
import { checkFreshness, type Freshness } from '@wharfinger/lib/signing/channels/freshness';
import { openSnapshot, type Snapshot } from '@wharfinger/lib/signing/channels/snapshot';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { recogniseServer } from './api-client.ts';
import { noteTag, seenTag } from './seen-tags.ts';
import type { Session } from './session.ts';

/** What is asked of a tag. */
export interface TagQuestion {
  readonly name: TagName;
  /** repository in the registry that is asked */
  readonly repository: string;
  readonly resolved: Digest;
  readonly trust: Rules['trust'];
  /** files of keys whose snapshots count; empty: no snapshot is demanded */
  readonly snapshotKeys: readonly string[];
}

/**
 * Decides whether a tag may be taken to mean the digest that its registry gave, and remembers what it meant, so that nobody
 * can lead this machine back to an older state.
 *
 * @throws what the registry's failures throw; SIGNATURE_INVALID for a snapshot that does not verify
 */
export async function checkTag(
  registry: RegistrySession,
  question: TagQuestion,
  session: Session,
): Promise<Freshness> {
  const { name, repository, resolved, trust, snapshotKeys } = question;
  const now = session.now();
  const source = remoteEvidence(registry, repository);
  const { statements } = await verifyEvidence({ digest: resolved }, source, trust, now);
  const snapshot =
    snapshotKeys.length === 0 ? undefined : await readSnapshot(registry.registry, question, session);
  const freshness = checkFreshness({
    name,
    resolved,
    statements,
    snapshot,
    snapshotDemanded: snapshotKeys.length > 0,
    seen: await seenTag(session.environment, name),
    now,
  });
  if (freshness.fresh) await noteTag(session.environment, name, freshness.seen);
  return freshness;
}

async function readSnapshot(
  host: string,
  { repository, snapshotKeys }: TagQuestion,
  session: Session,
): Promise<Snapshot> {
  const server = await recogniseServer(host, session);
  if (!server)
    throw new WharfingerError('USAGE', {
      what: `${host} is not a Wharfinger registry, and has no snapshots`,
      remedy: 'leave --snapshot-key away: rollback is detected without, a freeze until the statement expires',
    });
  const keys = await Promise.all(
    snapshotKeys.map(async (file) => parsePublicKey({ name: file, pem: await readFile(file, 'utf8') })),
  );
  return openSnapshot(await server.getBytes('/api/v1/snapshot', { repository }), keys);
}
