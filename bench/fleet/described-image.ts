import { writeFileSync } from 'node:fs';
import { inventoryFormat, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { BlobStore } from '@wharfinger/lib/storage/blob-store';
import type { FleetImage, FleetLayer } from './contents.ts';

/** When everything of a fleet was pushed and taken apart, and by whom. */
export const at = new Date(Date.UTC(2026, 0, 1));
export const by = 'fleet';

/** A blob of an image. */
export interface Part {
  readonly digest: Digest;
  readonly size: number;
  readonly location: string;
}

/** An image as it is pushed. */
export interface DescribedImage {
  readonly digest: Digest;
  /** bytes of the manifest */
  readonly manifest: Buffer;
  readonly config: Part;
  /** base first */
  readonly layers: readonly Part[];
}

/** @param storage keeps the configuration; without it there is none, and nobody can read it */
export function describeImage(image: FleetImage, storage: BlobStore | undefined): DescribedImage {
  const layers = image.layers.map(layerPart);
  const bytes = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: at.toISOString(),
      config: { User: '1000', Entrypoint: ['/app'] },
      rootfs: { type: 'layers', diff_ids: image.layers.map(diffIdOf) },
      history: image.layers.map(({ name }) => ({ created_by: `RUN make ${name}` })),
    }),
  );
  const unread = partOf(bytes);
  const config = storage ? { ...unread, location: store(storage, unread.digest, bytes) } : unread;
  const describe = (mediaType: string, { digest, size }: Part) => ({ mediaType, digest, size });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describe(mediaTypes.ociConfig, config),
      layers: layers.map((part) => describe(mediaTypes.ociLayerGzip, part)),
    }),
  );
  return { digest: digestOf(manifest), manifest, config, layers };
}

function layerPart({ name }: FleetLayer): Part {
  return partOf(`layer ${name}`);
}

/** What the blob of a layer is known by. */
export function digestOfLayer(layer: FleetLayer): Digest {
  return layerPart(layer).digest;
}

/** A blob that nobody will read; its digest is that of what it stands for. */
function partOf(content: string | Uint8Array): Part {
  const digest = digestOf(content);
  return { digest, size: content.length, location: `fleet/${digest}` };
}

/** Where an upload would lie, without waiting for the disk: a fleet can be made again. */
function store(storage: BlobStore, digest: Digest, bytes: Uint8Array): string {
  const name = digest.slice('sha256:'.length, 'sha256:'.length + 32);
  const location = `${name.slice(0, 2)}/${name}`;
  const file = storage.fileOf?.(location);
  if (file === undefined) throw new Error('configurations of a fleet are kept in files');
  writeFileSync(file, bytes);
  return location;
}

/** What the layer contains. */
export function diffIdOf({ name }: FleetLayer): Digest {
  return digestOf(`content ${name}`);
}

/** What was found in an image, but for its packages. */
export function inventoryOf(
  { layers }: FleetImage,
  parts: readonly Part[],
): Omit<ImageInventory, 'packages'> {
  return {
    format: inventoryFormat,
    complete: true,
    distribution: { id: 'debian', version: '12', ecosystem: 'Debian:12', source: 'os-release' },
    problems: [],
    layers: layers.map((layer, index) => ({
      digest: parts[index]!.digest,
      content: 'filesystem',
      compression: 'gzip',
      diffId: diffIdOf(layer),
      size: 1000,
      entries: 10,
    })),
  };
}
