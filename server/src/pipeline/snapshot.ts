import { WharfingerError } from '@wharfinger/lib/errors';
import { maxSnapshotTags, signSnapshot } from '@wharfinger/lib/signing/channels/snapshot';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import type { Db } from '../db/schema.ts';
import { getSnapshot, putSnapshot, tagsOfRepository, tagState } from '../stores/snapshots.ts';
import type { StoredSnapshot } from '../stores/snapshots.ts';

/** What snapshots are made with. */
export interface SnapshotParts {
  readonly db: Db;
  /** logical identity of this registry */
  readonly registry: string;
  readonly key: SigningKey;
  /** version of the revocation list in force */
  readonly revocations: () => number;
  readonly now: () => Date;
}

/** A snapshot is good for this long; it is made anew when half of it is over. */
const lifetimeMs = 10 * 60_000;

/** Instances that sign at once try again with the next number. */
const maxTries = 10;

/**
 * The signed snapshot of a repository's tags as of now: the one signed last, if nothing has changed and it is young enough.
 * All instances share one row of numbers.
 *
 * @throws WharfingerError NAME_UNKNOWN; TAGS_TOO_MANY where the repository has too many tags for a snapshot
 */
export async function currentSnapshot(parts: SnapshotParts, repository: string): Promise<Uint8Array> {
  const { db } = parts;
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const state = await tagState(db, repository);
    if (!state) throw new WharfingerError('NAME_UNKNOWN', { what: repository });
    const last = await getSnapshot(db, state.id);
    const now = parts.now();
    if (last && isCurrent(last, state.lastMove, parts.revocations(), now)) return last.envelope;
    const made = await makeSnapshot(parts, repository, state, last, now);
    if (await putSnapshot(db, state.id, made)) return made.envelope;
  }
  throw new WharfingerError('INTERNAL', {
    what: `the tags of ${repository} change faster than they are signed`,
  });
}

function isCurrent(last: StoredSnapshot, lastMove: number, revocations: number, now: Date): boolean {
  const age = now.getTime() - last.issuedAt.getTime();
  return last.lastMove === lastMove && last.revocations === revocations && age >= 0 && age < lifetimeMs / 2;
}

async function makeSnapshot(
  parts: SnapshotParts,
  repository: string,
  { id, lastMove }: { readonly id: number; readonly lastMove: number },
  last: StoredSnapshot | undefined,
  now: Date,
): Promise<StoredSnapshot> {
  // The tags are read after the number of the last move: what moves between is in a newer snapshot as well.
  const tags = await tagsOfRepository(parts.db, id, maxSnapshotTags + 1);
  if (tags.size > maxSnapshotTags)
    throw new WharfingerError('TAGS_TOO_MANY', {
      what: `${repository} has more than ${maxSnapshotTags} tags, too many for a snapshot`,
      remedy: 'delete tags that nobody needs',
    });
  const version = (last?.version ?? 0) + 1;
  const expires = new Date(now.getTime() + lifetimeMs);
  const revocations = parts.revocations();
  const envelope = signSnapshot(
    {
      registry: parts.registry,
      repository,
      version,
      issuedAt: now.toISOString(),
      expires: expires.toISOString(),
      tags,
      revocations,
    },
    parts.key,
  );
  return { version, lastMove, revocations, issuedAt: now, expires, envelope };
}
