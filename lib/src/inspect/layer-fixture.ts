import { gzipSync } from 'node:zlib';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { composeImage } from './compose-image.ts';
import type { ImageInventory, LayerInventory } from './inventory.ts';
import { readLayer } from './layer.ts';
import { defaultLimits, type LayerLimits } from './limits.ts';

/** One entry of an archive for tests, written byte by byte so that it may be wrong on purpose. */
export interface FixtureEntry {
  readonly name: string | Buffer;
  /** type flag; 0, a regular file, where none is given */
  readonly flag?: string;
  readonly body?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  /** what the header says, where that differs from the body */
  readonly size?: number | Buffer;
  /** changes the header before its checksum is made */
  readonly edit?: (header: Buffer) => void;
}

/** Two blocks of zeros, which end an archive. */
export const endMarker = Buffer.alloc(1024);

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** The blocks of one entry. */
export function entryBlocks(entry: FixtureEntry): Buffer {
  const header = Buffer.alloc(512);
  const body = Buffer.from(entry.body ?? '');
  Buffer.from(entry.name).copy(header, 0, 0, 100);
  header.write(octal(entry.mode ?? 0o644, 8), 100, 'latin1');
  header.write(octal(0, 8), 108, 'latin1');
  header.write(octal(0, 8), 116, 'latin1');
  const size = entry.size ?? body.length;
  if (Buffer.isBuffer(size)) size.copy(header, 124);
  else header.write(octal(size, 12), 124, 'latin1');
  header.write(octal(0, 12), 136, 'latin1');
  header.write(entry.flag ?? '0', 156, 'latin1');
  header.write(entry.link ?? '', 157, 100, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  entry.edit?.(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** An archive of these entries with its end marker. */
export function tarOf(...entries: readonly FixtureEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBlocks), endMarker]);
}

/** The body of a pax header. */
export function paxBody(records: ReadonlyArray<readonly [key: string, value: string]>): string {
  return records
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      let length = rest + 1;
      while (String(length).length + rest !== length) length = String(length).length + rest;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
}

async function* inPieces(bytes: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

/** Reads bytes as a layer, in pieces of `piece` bytes. */
export async function readBytes(
  bytes: Buffer,
  limits: Partial<LayerLimits> = {},
  piece = 64 * 1024,
): Promise<LayerInventory> {
  return readLayer(
    { digest: digestOf(bytes), bytes: inPieces(bytes, piece) },
    { ...defaultLimits, ...limits },
  );
}

/** A manifest that has these blobs as layers. */
export function manifestOf(digests: readonly Digest[]): ImageManifest {
  const descriptor = (digest: Digest) => ({ mediaType: 'application/octet-stream', digest, size: 1 });
  return {
    kind: 'manifest',
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(digestOf('config')),
    layers: digests.map(descriptor),
    annotations: {},
  };
}

/** The bytes of an image configuration with these diffIDs. */
export function configOf(diffIds: ReadonlyArray<Digest | undefined>, more: object = {}): Buffer {
  const rootfs = { type: 'layers', diff_ids: diffIds.map((id) => id ?? digestOf('unknown')) };
  return Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs, ...more }));
}

/** Reads blobs as the layers of one image whose config agrees with them, and composes it. */
export async function imageOf(...blobs: readonly Buffer[]): Promise<ImageInventory> {
  const layers: LayerInventory[] = [];
  for (const blob of blobs) layers.push(await readBytes(blob));
  return composeImage(
    manifestOf(layers.map(({ digest }) => digest)),
    configOf(layers.map(({ diffId }) => diffId)),
    new Map(layers.map((layer) => [layer.digest, layer])),
  );
}

/** A layer with these files, packed. */
export function layerOf(files: Readonly<Record<string, string>>, ...more: readonly FixtureEntry[]): Buffer {
  return gzipSync(tarOf(...Object.entries(files).map(([name, body]) => ({ name, body })), ...more));
}

/** A dpkg status file of these packages. */
export function dpkgStatus(packages: Readonly<Record<string, string>>): string {
  return Object.entries(packages)
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
}

export const debianRelease = 'ID=debian\nVERSION_ID="12"\n';
