import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';

/** A small real image in memory. */
export interface MadeImage {
  readonly manifest: Descriptor;
  readonly platform: string;
  /** config, layers and manifest by digest */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** the layers' uncompressed digests, lowest first */
  readonly diffIds: readonly string[];
}

/** Makes an image of one compressed layer for each text; texts become a file. */
export async function makeImage(texts: readonly string[], platform = 'linux/amd64'): Promise<MadeImage> {
  const blobs = new Map<string, Buffer>();
  const keep = (bytes: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const diffIds: string[] = [];
  const layers: Descriptor[] = [];
  for (const [at, text] of texts.entries()) {
    const tar = Buffer.from(
      await packTar([
        { header: { name: `file-${at}`, size: Buffer.byteLength(text), type: 'file' }, body: text },
        { header: { name: `padding-${at}`, size: 4096, type: 'file' }, body: randomBytes(4096) },
      ]),
    );
    diffIds.push(digestOf(tar));
    layers.push(keep(gzipSync(tar), mediaTypes.ociLayerGzip));
  }
  const [os, architecture] = platform.split('/');
  const config = { os, architecture, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: keep(Buffer.from(JSON.stringify(config)), mediaTypes.ociConfig),
    layers,
  };
  return {
    manifest: keep(Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest),
    platform,
    blobs,
    diffIds,
  };
}

/** Writes images as an OCI layout; a name for each becomes its tag. */
export async function writeLayout(
  folder: string,
  images: ReadonlyArray<{ readonly image: Pick<MadeImage, 'manifest' | 'blobs'>; readonly name?: string }>,
): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const manifests = images.map(({ image, name }) => ({
    ...image.manifest,
    ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
  }));
  for (const { image } of images) {
    for (const [, bytes] of image.blobs) {
      await writeFile(join(folder, 'blobs/sha256', digestHex(digestOf(bytes))), bytes);
    }
  }
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** An index over images, as one more image of a layout. */
export function makeIndex(
  images: readonly MadeImage[],
  extra: readonly object[] = [],
): Pick<MadeImage, 'manifest' | 'blobs'> {
  const manifests = images.map(({ manifest, platform }) => {
    const [os, architecture] = platform.split('/');
    return { ...manifest, platform: { os, architecture } };
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...manifests, ...extra] };
  const bytes = Buffer.from(JSON.stringify(index));
  const manifest = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  return { manifest, blobs: blobs.set(manifest.digest, bytes) };
}
