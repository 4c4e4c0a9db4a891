import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import type { SignedImage } from '@wharfinger/lib/signing/sign-statement';
import type { PipelineParts } from './parts.ts';

/**
 * Stores a statement that the registry signed beside the image that it is about.
 * @param by who asked for it; null: the registry does it by itself
 */
export async function attachStatement(
  parts: Pick<PipelineParts, 'catalog' | 'storage' | 'now'>,
  repository: string,
  { blobs, manifest }: SignedImage,
  by: string | null = null,
): Promise<void> {
  for (const { descriptor, bytes } of blobs) await storeBlob(parts, repository, descriptor, bytes, by);
  await parts.catalog.putManifest({
    repository,
    digest: manifest.digest,
    bytes: manifest.bytes,
    manifest: parseManifest(manifest.bytes, manifest.mediaType),
    tags: [],
    missing: [],
    by,
    at: parts.now(),
  });
}

async function storeBlob(
  { storage, catalog, now }: Pick<PipelineParts, 'catalog' | 'storage' | 'now'>,
  repository: string,
  { digest, size }: Descriptor,
  bytes: Uint8Array,
  by: string | null,
): Promise<void> {
  const at = now();
  const id = await storage.createUpload(repository);
  await storage.append(repository, id, once(bytes));
  const { location } = await storage.commit(repository, id, digest);
  const record = await catalog.linkBlob({ repository, digest, size, location, by, at });
  if (record.location !== location) await storage.remove(location);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
