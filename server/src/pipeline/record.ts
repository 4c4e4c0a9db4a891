import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { afterCommit } from '../db/transaction.ts';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import type { CatalogChange } from '../stores/catalog-change.ts';
import { placesRestingOn } from '../stores/chain-parts.ts';
import { incompleteWithPart, indexesWithChild, subjectAndTags } from '../stores/incomplete-manifests.ts';
import type { Placed } from '../stores/repositories.ts';
import { invalidate } from './follow.ts';

/**
 * Step 2 of the path: writes, in the transaction of the change itself, what was done into the audit log, and the jobs
 * that must follow. What is acknowledged can therefore not be left unchecked.
 */
export async function recordChange(trx: Db, memory: VerdictMemory, change: CatalogChange): Promise<void> {
  const { repository } = change;
  await audit(trx, change);
  switch (change.kind) {
    case 'manifest-put':
      await invalidate(trx, memory, 'check', [{ repository, digest: change.digest }], change.at);
      await followEvidence(
        trx,
        memory,
        change,
        subjectsOf(
          change.manifest.subject?.digest,
          change.moved.map(({ tag }) => tag),
        ),
      );
      await followParts(trx, memory, change, change.digest);
      await followChain(trx, memory, { repository, digest: change.digest }, change.at);
      if (change.added) await followIndexes(trx, memory, change, change.digest);
      break;
    case 'blob-linked':
      await followParts(trx, memory, change, change.blob.digest);
      break;
    case 'manifest-deleted':
      await keepAncestors(trx, change);
      await followEvidence(trx, memory, change, subjectsOf(change.subject ?? undefined, change.tags));
      await followChain(trx, memory, { repository, digest: change.digest }, change.at);
      await followIndexes(trx, memory, change, change.digest);
      afterCommit(trx, () => memory.forget(repository, change.digest));
      break;
    case 'tag-moved':
    case 'tag-deleted':
      await followEvidence(trx, memory, change, subjectsOf(undefined, [change.tag]));
      break;
    case 'blob-unlinked':
      break;
  }
  // Which manifests refer to a blob may be another answer from now on.
  afterCommit(trx, () => memory.touch(repository));
}

/** Indexes lack a part when a child has gone, and have it again when it is back. */
async function followIndexes(
  trx: Db,
  memory: VerdictMemory,
  change: CatalogChange,
  child: Digest,
): Promise<void> {
  const indexes = await indexesWithChild(trx, change.repository, child);
  await invalidate(trx, memory, 'judge', placesIn(change.repository, indexes), change.at);
}

/** What was waiting for this part is looked at again, and if that is a signature, what it is about. */
async function followParts(
  trx: Db,
  memory: VerdictMemory,
  change: CatalogChange,
  part: Digest,
): Promise<void> {
  const waiting = await incompleteWithPart(trx, change.repository, part);
  await invalidate(trx, memory, 'check', placesIn(change.repository, waiting), change.at);
  for (const digest of waiting) {
    const { subject, tags } = await subjectAndTags(trx, change.repository, digest);
    await followEvidence(trx, memory, change, subjectsOf(subject ?? undefined, tags));
  }
}

/** Images whose signatures may be others now. */
async function followEvidence(
  trx: Db,
  memory: VerdictMemory,
  change: CatalogChange,
  subjects: readonly Digest[],
): Promise<void> {
  const places = placesIn(change.repository, subjects);
  await invalidate(trx, memory, 'verify', places, change.at);
  for (const place of places) await followChain(trx, memory, place, change.at);
}

/**
 * What images were built on is kept as long as they are: without it their chains cannot be verified any more. What carries
 * evidence has a right of its own to be deleted with.
 */
async function keepAncestors(
  trx: Db,
  { repository, digest, subject }: Extract<CatalogChange, { kind: 'manifest-deleted' }>,
): Promise<void> {
  if (subject !== null) return;
  const [built] = await placesRestingOn(trx, { repository, digest });
  if (built)
    throw new WharfingerError('MANIFEST_IN_USE', {
      what: `${built.repository}@${built.digest} is built on ${repository}@${digest}`,
    });
}

/**
 * Images built on one, as their chains of custody say, and indexes that it lies in: what becomes of it and of what is stated
 * about it decides for them too.
 */
async function followChain(trx: Db, memory: VerdictMemory, part: Placed, at: Date): Promise<void> {
  const indexes = placesIn(part.repository, await indexesWithChild(trx, part.repository, part.digest));
  await invalidate(trx, memory, 'verify', [...indexes, ...(await placesRestingOn(trx, part))], at);
}

function placesIn(repository: string, digests: readonly Digest[]): Placed[] {
  return digests.map((digest) => ({ repository, digest }));
}

/** What evidence may be about, by its own word or by the names it stands under. */
function subjectsOf(named: Digest | undefined, tags: readonly string[]): Digest[] {
  return [...new Set([...(named ? [named] : []), ...tags.flatMap((tag) => subjectOfTag(tag) ?? [])])];
}

async function audit(trx: Db, change: CatalogChange): Promise<void> {
  const { repository, by, at } = change;
  const base = { ...currentOrigin(), at, actor: by, repository, outcome: 'done' };
  switch (change.kind) {
    case 'manifest-put': {
      const { digest, moved, missing } = change;
      const detail = {
        mediaType: change.manifest.mediaType,
        tags: moved,
        ...(missing.length > 0 && { missing }),
      };
      return recordAudit(trx, {
        ...base,
        action: 'push',
        digest,
        ...(moved[0] && { tag: moved[0].tag }),
        detail,
      });
    }
    case 'manifest-deleted':
      return recordAudit(trx, {
        ...base,
        action: 'delete',
        digest: change.digest,
        detail: { tags: change.tags },
      });
    case 'tag-moved':
      return recordAudit(trx, {
        ...base,
        action: 'tag-move',
        tag: change.tag,
        digest: change.to,
        detail: { from: change.from },
      });
    case 'tag-deleted':
      return recordAudit(trx, { ...base, action: 'tag-delete', tag: change.tag, digest: change.digest });
    case 'blob-unlinked':
      return recordAudit(trx, { ...base, action: 'blob-delete', digest: change.digest });
    case 'blob-linked':
      // Blobs are recorded with the manifests that refer to them.
      return undefined;
  }
}
