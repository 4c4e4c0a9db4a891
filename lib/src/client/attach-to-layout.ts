import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WharfingerError } from '../errors.ts';
import { digestAlgorithm, digestHex, type Digest } from '../oci/digest.ts';
import { effectiveArtifactType, parseManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { Artifact } from './referrers.ts';

/**
 * Adds an artifact that refers to an image to an OCI layout folder: its blobs, its manifest, and an entry without a name in the
 * index (image specification, image-layout.md). What the layout holds already is left as it is; each file appears whole.
 * Two who do so at the same time may lose one entry.
 *
 * @throws WharfingerError ARCHIVE_INVALID: the folder's index cannot be read; MANIFEST_INVALID
 */
export async function attachToLayout(folder: string, { manifest, blobs }: Artifact): Promise<void> {
  const indexFile = join(folder, 'index.json');
  const index = await readIndex(indexFile);
  for (const { descriptor, bytes } of blobs) await addBlob(folder, descriptor.digest, bytes);
  await addBlob(folder, manifest.digest, manifest.bytes);
  if (index.manifests.some((entry) => entry['digest'] === manifest.digest)) return;
  const artifactType = effectiveArtifactType(parseManifest(manifest.bytes, manifest.mediaType));
  const entry = {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
  };
  await writeWhole(
    indexFile,
    Buffer.from(JSON.stringify({ ...index, manifests: [...index.manifests, entry] })),
  );
}

type Index = { readonly manifests: ReadonlyArray<Readonly<Record<string, unknown>>> };

async function readIndex(file: string): Promise<Index> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new WharfingerError('ARCHIVE_INVALID', { what: `${file} cannot be read`, cause: error });
  });
  // checks all that is taken over
  parseManifest(bytes, mediaTypes.ociIndex);
  return JSON.parse(bytes.toString('utf8')) as Index;
}

async function addBlob(folder: string, digest: Digest, bytes: Uint8Array): Promise<void> {
  const file = join(folder, 'blobs', digestAlgorithm(digest), digestHex(digest));
  const found = await stat(file).catch(() => undefined);
  if (found?.size === bytes.length) return;
  await mkdir(dirname(file), { recursive: true });
  await writeWhole(file, bytes);
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
