import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import { ownEvidence } from '../pipeline/own-evidence.ts';
import type { CollectionParts } from './use-collection.ts';

/** Where collections lie: in a repository of this registry, or in another one, which is asked without credentials. */
export function collectionSource(catalog: Catalog, storage: BlobStore): CollectionParts['sourceOf'] {
  return ({ registry, repository }) => {
    if (registry === undefined) return ownEvidence(catalog, storage, repository);
    const session = new RegistrySession(registry, { userAgent: 'wharfinger' });
    return { ...remoteEvidence(session, repository), close: () => session.close() };
  };
}
