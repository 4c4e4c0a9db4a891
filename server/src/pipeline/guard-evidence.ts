import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { holdsAllOf, subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import type { Db } from '../db/schema.ts';
import type { CatalogChange, MovedTag } from '../stores/catalog-change.ts';
import { placesRestingOn } from '../stores/chain-parts.ts';
import { chainSummary } from '../stores/chain-summaries.ts';
import { placesOf, type Placed } from '../stores/repositories.ts';
import { manifestOf } from '../stores/manifest-of.ts';
import { addTombstone } from '../stores/tombstones.ts';

/** Evidence that goes, and the images that it is about. */
interface Loss {
  readonly digest: Digest;
  readonly subjects: readonly Digest[];
  readonly descriptor: Descriptor | null;
  readonly tag: string | null;
}

/**
 * Guards what is stated about images, in the transaction that would delete it: while an image is there, deleting evidence
 * about it takes a right of its own, and leaves a tombstone (the registry withdraws what it said itself); while another image is built on it, no right is enough.
 *
 * @param mayPurge whether a principal has the right to delete evidence of a repository
 * @throws WharfingerError DENIED, MANIFEST_IN_USE
 */
export async function guardEvidence(
  trx: Db,
  change: CatalogChange,
  mayPurge: (by: string | null, repository: string) => boolean,
): Promise<void> {
  for (const loss of await lossesOf(trx, change)) await guardOne(trx, change, loss, mayPurge);
}

async function guardOne(
  trx: Db,
  { repository, by, at }: CatalogChange,
  loss: Loss,
  mayPurge: (by: string | null, repository: string) => boolean,
): Promise<void> {
  const { digest, descriptor, tag } = loss;
  await refuseWhileBuiltOn(trx, repository, loss);
  for (const subject of loss.subjects) {
    const isThere = (await placesOf(trx, subject)).some((place) => place.repository === repository);
    if (!isThere) continue;
    if (!(await isWithdrawn(trx, { repository, digest: subject }, digest)) && !mayPurge(by, repository)) {
      throw new WharfingerError('DENIED', {
        what: `purge in ${repository}: ${digest} is evidence about ${subject}`,
        remedy: 'ask the owner of the repository for the right, or delete the image first',
      });
    }
    await addTombstone(trx, { repository, digest: subject }, { digest, descriptor, tag, by, at });
  }
}

/** True for the registry's own summary of a chain that is not what it says any more. */
async function isWithdrawn(trx: Db, image: Placed, carrier: Digest): Promise<boolean> {
  const kept = await chainSummary(trx, image);
  return kept?.state === 'withdrawn' && kept.summary === carrier;
}

async function lossesOf(trx: Db, change: CatalogChange): Promise<Loss[]> {
  if (change.kind === 'manifest-put') return replaced(trx, change.repository, change.digest, change.moved);
  if (change.kind === 'tag-moved') return replaced(trx, change.repository, change.to, [change]);
  return lossOf(change) ?? [];
}

/**
 * What is kept under a tag about an image goes when the tag is moved to something that does not hold all of it. cosign signs
 * once more by moving it to what holds more.
 */
async function replaced(
  trx: Db,
  repository: string,
  to: Digest,
  moved: readonly MovedTag[],
): Promise<Loss[]> {
  const losses: Loss[] = [];
  for (const { tag, from } of moved) {
    const subject = subjectOfTag(tag);
    if (subject === undefined || from === null) continue;
    const [before, next] = [await manifestOf(trx, repository, from), await manifestOf(trx, repository, to)];
    if (before && next && holdsAllOf(next, before)) continue;
    if (before) losses.push({ digest: from, subjects: [subject], descriptor: null, tag });
  }
  return losses;
}

function lossOf(change: CatalogChange): Loss[] | undefined {
  if (change.kind === 'manifest-deleted') {
    const { digest, subject, referrer, tags } = change;
    const told = tags.flatMap((name) => subjectOfTag(name) ?? []);
    const subjects = [...new Set([...(subject === null ? [] : [subject]), ...told])];
    return subjects.length === 0 ? undefined : [{ digest, subjects, descriptor: referrer, tag: null }];
  }
  if (change.kind !== 'tag-deleted') return undefined;
  const { digest, tag } = change;
  const subject = subjectOfTag(tag);
  return subject === undefined ? undefined : [{ digest, subjects: [subject], descriptor: null, tag }];
}

/** What an image's chain rests on is kept as long as the image is; what is stated about it itself goes with the right to purge. */
async function refuseWhileBuiltOn(trx: Db, repository: string, { digest, subjects }: Loss): Promise<void> {
  const resting = await placesRestingOn(trx, { repository, digest });
  const built = resting.find((place) => !subjects.includes(place.digest));
  if (built) {
    throw new WharfingerError('MANIFEST_IN_USE', {
      what: `${built.repository}@${built.digest} is built on what ${repository}@${digest} states`,
    });
  }
}
