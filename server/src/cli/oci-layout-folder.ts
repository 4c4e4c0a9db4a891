import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestAlgorithm, digestHex, type Digest } from '@wharfinger/lib/oci/digest';

/** An artifact in memory. */
interface Artifact {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Uint8Array };
  readonly blobs: ReadonlyArray<{
    readonly descriptor: { readonly digest: Digest };
    readonly bytes: Uint8Array;
  }>;
}

/**
 * Writes an artifact as an OCI image layout (image specification, image-layout.md) with one entry.
 * @param folder is made; an index.json that is there already stays, and the write fails
 * @param tag name of the entry
 */
export async function writeLayoutFolder(folder: string, artifact: Artifact, tag: string): Promise<void> {
  const { manifest, blobs } = artifact;
  const parts = [manifest, ...blobs.map(({ descriptor, bytes }) => ({ digest: descriptor.digest, bytes }))];
  await mkdir(folder, { recursive: true });
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
        annotations: { 'org.opencontainers.image.ref.name': tag },
      },
    ],
  };
  await writeFile(join(folder, 'index.json'), JSON.stringify(index), { flag: 'wx' });
  for (const { digest, bytes } of parts) {
    const place = join(folder, 'blobs', digestAlgorithm(digest));
    await mkdir(place, { recursive: true });
    await writeFile(join(place, digestHex(digest)), bytes);
  }
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}
