import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import type { Db } from '../db/schema.ts';
import type { CatalogChange } from '../stores/catalog-change.ts';
import { placesRestingOn } from '../stores/chain-parts.ts';
import { placesOf } from '../stores/repositories.ts';
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
 * about it takes a right of its own, and leaves a tombstone; while another image is built on it, no right is enough.
 *
 * @param mayPurge whether a principal has the right to delete evidence of a repository
 * @throws WharfingerError DENIED, MANIFEST_IN_USE
 */
export async function guardEvidence(
  trx: Db,
  change: CatalogChange,
  mayPurge: (by: string | null, repository: string) => boolean,
): Promise<void> {
  const { repository, by, at } = change;
  const loss = lossOf(change);
  if (loss === undefined) return;
  const { digest, descriptor, tag } = loss;
  await refuseWhileBuiltOn(trx, repository, loss);
  for (const subject of loss.subjects) {
    const isThere = (await placesOf(trx, subject)).some((place) => place.repository === repository);
    if (!isThere) continue;
    if (!mayPurge(by, repository)) {
      throw new WharfingerError('DENIED', {
        what: `purge in ${repository}: ${digest} is evidence about ${subject}`,
        remedy: 'ask the owner of the repository for the right, or delete the image first',
      });
    }
    await addTombstone(trx, { repository, digest: subject }, { digest, descriptor, tag, by, at });
  }
}

function lossOf(change: CatalogChange): Loss | undefined {
  if (change.kind === 'manifest-deleted') {
    const { digest, subject, referrer, tags } = change;
    const told = tags.flatMap((name) => subjectOfTag(name) ?? []);
    const subjects = [...new Set([...(subject === null ? [] : [subject]), ...told])];
    return subjects.length === 0 ? undefined : { digest, subjects, descriptor: referrer, tag: null };
  }
  if (change.kind !== 'tag-deleted') return undefined;
  const { digest, tag } = change;
  const subject = subjectOfTag(tag);
  return subject === undefined ? undefined : { digest, subjects: [subject], descriptor: null, tag };
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
