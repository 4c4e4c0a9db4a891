import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { packTar, type TarSource } from 'modern-tar/fs';
import { digestHex, digestOf, finishDigest, startDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';

/** A file of a layout, as manifests refer to it. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

const blobPath = (layout: string, digest: Digest) => join(layout, 'blobs', 'sha256', digestHex(digest));

/** Begins an OCI image layout (image specification, image-layout.md) in a new folder. */
export async function createLayout(layout: string): Promise<void> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** Packs an uncompressed layer. */
export async function addLayer(layout: string, sources: TarSource[]): Promise<Blob> {
  const temporary = join(layout, 'layer.tar');
  await pipeline(packTar(sources), createWriteStream(temporary));
  const hash = startDigest();
  for await (const chunk of createReadStream(temporary)) hash.update(chunk as Buffer);
  const digest = finishDigest(hash);
  const { size } = await stat(temporary);
  await rename(temporary, blobPath(layout, digest));
  return { mediaType: mediaTypes.ociLayer, digest, size };
}

/** Takes a layer of another layout over. */
export async function reuseLayer(from: string, to: string, layer: Blob): Promise<void> {
  await link(blobPath(from, layer.digest), blobPath(to, layer.digest));
}

/** Writes a JSON document as a blob. */
export async function addDocument(layout: string, mediaType: string, document: object): Promise<Blob> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await writeFile(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Ends the layout: its index names one image. */
export async function finishLayout(layout: string, manifest: Blob): Promise<void> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [manifest] };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
}
