import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { ContentSource } from '@wharfinger/lib/client/content-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import { ownEvidence } from './own-evidence.ts';

/** A repository of this registry, to read whole images from. */
export function ownContent(catalog: Catalog, storage: BlobStore, repository: string): ContentSource {
  return {
    ...ownEvidence(catalog, storage, repository),
    name: repository,
    async *open({ digest }) {
      const record = await catalog.findBlob(repository, digest);
      if (!record) throw new WharfingerError('BLOB_UNKNOWN', { what: `${repository} has no ${digest}` });
      const reader = await storage.open(record.location);
      try {
        yield* reader.stream();
      } finally {
        await reader.close();
      }
    },
  };
}
