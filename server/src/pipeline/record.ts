import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { afterCommit } from '../db/transaction.ts';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import type { CatalogChange } from '../stores/catalog-change.ts';
import { incompleteWithPart } from '../stores/incomplete-manifests.ts';
import type { Placed } from '../stores/repositories.ts';
import { invalidate } from './follow.ts';

type ManifestPut = Extract<CatalogChange, { kind: 'manifest-put' }>;

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
      await followEvidence(trx, memory, change, subjectsOfPut(change));
      await followParts(trx, memory, change, change.digest);
      break;
    case 'blob-linked':
      await followParts(trx, memory, change, change.blob.digest);
      break;
    case 'manifest-deleted':
      await followEvidence(trx, memory, change, [
        ...(change.subject ? [change.subject] : []),
        ...change.tags.flatMap(subjectOfTag),
      ]);
      afterCommit(trx, () => memory.forget(repository, change.digest));
      break;
    case 'tag-moved':
    case 'tag-deleted':
      await followEvidence(trx, memory, change, subjectOfTag(change.tag));
      break;
    case 'blob-unlinked':
      break;
  }
  // Which manifests refer to a blob may be another answer from now on.
  afterCommit(trx, () => memory.touch(repository));
}

/** What was waiting for this part is looked at again. */
async function followParts(
  trx: Db,
  memory: VerdictMemory,
  change: CatalogChange,
  part: Digest,
): Promise<void> {
  const waiting = await incompleteWithPart(trx, change.repository, part);
  await invalidate(trx, memory, 'check', placesIn(change.repository, waiting), change.at);
}

/** Images whose signatures may be others now. */
async function followEvidence(
  trx: Db,
  memory: VerdictMemory,
  change: CatalogChange,
  subjects: readonly Digest[],
): Promise<void> {
  await invalidate(trx, memory, 'verify', placesIn(change.repository, subjects), change.at);
}

function placesIn(repository: string, digests: readonly Digest[]): Placed[] {
  return digests.map((digest) => ({ repository, digest }));
}

function subjectsOfPut({ manifest, moved }: ManifestPut): Digest[] {
  const named = manifest.subject ? [manifest.subject.digest] : [];
  return [...new Set([...named, ...moved.flatMap(({ tag }) => subjectOfTag(tag))])];
}

/** cosign keeps signatures under `sha256-<hex>.sig`; the referrers fallback lies under `sha256-<hex>`. */
function subjectOfTag(tag: string): Digest[] {
  const digest = tag.replace(/\.[a-z]+$/, '').replace('-', ':');
  return isDigest(digest) ? [digest] : [];
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
