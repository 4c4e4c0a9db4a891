import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import type { EvidenceSource } from '@wharfinger/lib/oci/evidence-source';
import { referrersOf } from '@wharfinger/lib/registry/referrers';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';

/** Where signatures and attestations of a repository of this registry are looked for: its own catalog. */
export function ownEvidence(catalog: Catalog, storage: BlobStore, repository: string): EvidenceSource {
  return {
    async manifest(reference) {
      const digest = isDigest(reference) ? reference : await catalog.resolveTag(repository, reference);
      return digest && catalog.getManifest(repository, digest);
    },
    referrers: (subject) => referrersOf(catalog, repository, subject),
    async blob(descriptor, limit) {
      const record = await catalog.findBlob(repository, descriptor.digest);
      return record && readSmallBlob(storage, record, limit);
    },
  };
}

/**
 * A blob as a whole.
 * @param limit bytes
 * @throws WharfingerError SIZE_INVALID where it is larger; INTERNAL where it cannot be read: what the catalog has must be
 *   there, and that it is not is no answer to who asks
 */
export async function readSmallBlob(
  storage: BlobStore,
  record: { readonly location: string; readonly size: number },
  limit: number,
): Promise<Uint8Array> {
  if (record.size > limit)
    throw new WharfingerError('SIZE_INVALID', { what: `${record.size} bytes, more than ${limit}` });
  const reader = await storage.open(record.location).catch((cause: unknown) => {
    throw new WharfingerError('INTERNAL', { what: 'stored bytes cannot be read', cause });
  });
  try {
    const bytes = new Uint8Array(reader.size);
    for (let at = 0; at < bytes.length;) {
      const read = await reader.read(bytes.subarray(at), at);
      if (read === 0)
        throw new WharfingerError('SIZE_INVALID', { what: `the stored blob ends at byte ${at}` });
      at += read;
    }
    return bytes;
  } finally {
    await reader.close();
  }
}
