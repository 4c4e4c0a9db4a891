import { Readable } from 'node:stream';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { SmallImage } from './pushed-image.ts';

/** Where images are stored without a server. */
interface Stores {
  readonly catalog: Catalog;
  readonly storage: BlobStore;
}

interface Change {
  readonly by: string | null;
  readonly at: Date;
}

/** Stores a blob as one that was pushed. */
export async function storeBlob(
  { catalog, storage }: Stores,
  repository: string,
  bytes: Buffer,
  change: Change,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const [digest, size] = [digestOf(bytes), bytes.length];
  const id = await storage.createUpload(repository);
  await storage.append(repository, id, Readable.from([bytes]));
  const { location } = await storage.commit(repository, id, digest);
  await catalog.linkBlob({ repository, digest, size, location, ...change });
  return { digest, size };
}

/** Stores an image as one that was pushed, without a tag; nothing looks into it. */
export async function storeImage(
  stores: Stores,
  repository: string,
  { digest, manifest: bytes, blobs }: SmallImage,
  change: Change,
): Promise<void> {
  for (const [, blob] of blobs) await storeBlob(stores, repository, blob, change);
  const manifest = parseManifest(bytes, mediaTypes.ociManifest);
  await stores.catalog.putManifest({ repository, digest, bytes, manifest, tags: [], missing: [], ...change });
}
