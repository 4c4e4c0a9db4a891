import type { Digest } from '../../oci/digest.ts';
import type { VerifiedStatement } from '../evidence.ts';
import { refusalReason } from '../refusal.ts';
import { isChannelStatement, readChannel, type Channel, type TagName } from './channel.ts';
import type { Snapshot } from './snapshot.ts';

/** What somebody remembers of a tag and its repository, so that they are not led back to an older state. */
export interface Seen {
  /** the last state of the tag; absent: never seen */
  readonly channel?: { readonly counter: number; readonly digest: Digest };
  /** the last snapshot of the repository; absent: never seen */
  readonly snapshot?: { readonly version: number; readonly revocations: number };
}

export type FreshnessProblem =
  | 'UNSIGNED' // no statement about this tag and digest that counts
  | 'EXPIRED' // there is one, but it has run out: perhaps a newer one is held back (freeze)
  | 'NOT_YET' // it was issued in the future
  | 'ROLLBACK' // an older state than one seen before
  | 'EQUIVOCATION' // two digests under one number
  | 'SNAPSHOT_MISSING'
  | 'SNAPSHOT_ELSEWHERE' // it speaks of another repository
  | 'SNAPSHOT_EXPIRED'
  | 'SNAPSHOT_ROLLBACK'
  | 'SNAPSHOT_DISAGREES'; // it gives the tag another digest

export type Freshness =
  | { readonly fresh: true; readonly channel: Channel; readonly seen: Seen }
  | { readonly fresh: false; readonly problem: FreshnessProblem; readonly message: string };

/** Clocks of publishers may be ahead of ours by this much. */
const clockSkewMs = 5 * 60_000;

/**
 * Decides whether a tag may be taken to mean a digest: a publisher says so in a statement that has not expired, nothing newer
 * was seen before, and the snapshot of the repository, if there is one or one is demanded, agrees. Pure: what is to be
 * remembered is returned.
 *
 * @param resolved the digest that the registry gave for the tag
 * @param statements attestations of that digest that verify (`EvidenceReport.statements`); those by signers for
 *   releases count
 */
export function checkFreshness(question: {
  readonly name: TagName;
  readonly resolved: Digest;
  readonly statements: readonly VerifiedStatement[];
  readonly snapshot: Snapshot | undefined;
  readonly snapshotDemanded: boolean;
  readonly seen: Seen;
  readonly now: Date;
}): Freshness {
  const { name, resolved, statements, seen, now } = question;
  const of = `${name.repository}:${name.tag}`;
  const channels = channelsOf(name, resolved, statements);
  const newest = channels.toSorted((a, b) => b.counter - a.counter)[0];
  if (newest === undefined)
    return no('UNSIGNED', `no publisher who is trusted says that ${of} is ${resolved}`);
  if (Date.parse(newest.expires) <= now.getTime())
    return no(
      'EXPIRED',
      `what says that ${of} is ${resolved} ran out at ${newest.expires}; something newer may be held back`,
    );
  if (Date.parse(newest.issuedAt) > now.getTime() + clockSkewMs)
    return no(
      'NOT_YET',
      `what says that ${of} is ${resolved} was issued in the future, at ${newest.issuedAt}`,
    );
  const before = seen.channel;
  if (before !== undefined && newest.counter < before.counter)
    return no(
      'ROLLBACK',
      `${of} was ${before.digest} with number ${before.counter} before, and is ${resolved} with number ${newest.counter} now`,
    );
  if (before !== undefined && newest.counter === before.counter && before.digest !== resolved)
    return no(
      'EQUIVOCATION',
      `${of} was ${before.digest} before and is ${resolved} now under the same number`,
    );
  const refused = snapshotProblem(question);
  if (refused) return refused;
  const { snapshot } = question;
  const remembered = snapshot
    ? { version: snapshot.version, revocations: snapshot.revocations }
    : seen.snapshot;
  return {
    fresh: true,
    channel: newest,
    seen: {
      channel: { counter: newest.counter, digest: resolved },
      ...(remembered && { snapshot: remembered }),
    },
  };
}

function snapshotProblem(question: Parameters<typeof checkFreshness>[0]): Freshness | undefined {
  const { name, resolved, snapshot, snapshotDemanded, seen, now } = question;
  if (snapshot === undefined) {
    return snapshotDemanded || seen.snapshot !== undefined
      ? no(
          'SNAPSHOT_MISSING',
          `no snapshot of the tags of ${name.repository} was given, and one was checked before or is demanded`,
        )
      : undefined;
  }
  if (snapshot.registry !== name.registry || snapshot.repository !== name.repository)
    return no(
      'SNAPSHOT_ELSEWHERE',
      `the snapshot is of ${snapshot.repository} in ${snapshot.registry}, not of ${name.repository} in ${name.registry}`,
    );
  if (Date.parse(snapshot.expires) <= now.getTime())
    return no(
      'SNAPSHOT_EXPIRED',
      `the snapshot of ${name.repository} ran out at ${snapshot.expires}; something newer may be held back`,
    );
  if (Date.parse(snapshot.issuedAt) > now.getTime() + clockSkewMs)
    return no(
      'NOT_YET',
      `the snapshot of ${name.repository} was issued in the future, at ${snapshot.issuedAt}`,
    );
  const before = seen.snapshot;
  if (before && (snapshot.version < before.version || snapshot.revocations < before.revocations))
    return no(
      'SNAPSHOT_ROLLBACK',
      `the snapshot of ${name.repository} has number ${snapshot.version}, but ${before.version} was seen before`,
    );
  const said = snapshot.tags.get(name.tag);
  if (said !== resolved)
    return no(
      'SNAPSHOT_DISAGREES',
      said === undefined
        ? `the snapshot of ${name.repository} has no tag ${name.tag}`
        : `the snapshot says that ${name.repository}:${name.tag} is ${said}, not ${resolved}`,
    );
  return undefined;
}

/** What trusted publishers say of this very tag and digest; what cannot be read says nothing. */
function channelsOf(
  name: TagName,
  resolved: Digest,
  statements: readonly VerifiedStatement[],
): readonly Channel[] {
  return statements.flatMap((statement) => {
    if (!isChannelStatement(statement) || !statement.signer.purposes.includes('release')) return [];
    const channel = readable(statement);
    const isMeant =
      channel?.registry === name.registry &&
      channel.repository === name.repository &&
      channel.tag === name.tag &&
      channel.digest === resolved;
    return isMeant ? [channel] : [];
  });
}

function readable(statement: VerifiedStatement): Channel | undefined {
  try {
    return readChannel(statement);
  } catch (error) {
    if (refusalReason(error) === undefined) throw error;
    return undefined;
  }
}

function no(problem: FreshnessProblem, message: string): Freshness {
  return { fresh: false, problem, message };
}
