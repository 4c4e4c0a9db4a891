import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A descriptor as the tests need it. */
export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** Writes an empty OCI image layout and returns its folder. */
export function createLayout(folder: string): string {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return folder;
}

/** Stores bytes as a blob of the layout. */
export function addBlob(layout: string, mediaType: string, content: Uint8Array | object): Part {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  const hex = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(layout, 'blobs/sha256', hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

/** Stores an image of one layer for one platform of Linux. */
export function addImage(
  layout: string,
  image: { architecture: string; layer: Part; diffId: string; cmd: readonly string[] },
): Part {
  const { architecture, layer, diffId, cmd } = image;
  const config = addBlob(layout, types.config, {
    architecture,
    os: 'linux',
    config: { Cmd: cmd, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created_by: 'made by a test' }],
  });
  const manifest = addBlob(layout, types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: [layer],
  });
  return { ...manifest, platform: { architecture, os: 'linux' } };
}

/** Stores an index of images. */
export function addIndex(layout: string, manifests: readonly Part[]): Part {
  return addBlob(layout, types.index, { schemaVersion: 2, mediaType: types.index, manifests });
}

/** Names what the layout holds. */
export function writeEntries(layout: string, entries: Readonly<Record<string, Part>>): void {
  const manifests = Object.entries(entries).map(([name, part]) => ({
    ...part,
    annotations: { 'org.opencontainers.image.ref.name': name },
  }));
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }),
  );
}

/** Digests of the entries of a layout. */
export function entriesOf(layout: string): Part[] {
  const index: { manifests: Part[] } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  return index.manifests;
}

/** A manifest or index of the layout. */
export function readManifest(layout: string, digest: string): { config?: Part; manifests?: Part[] } {
  const path = join(layout, 'blobs', digest.replace(':', '/'));
  const manifest: { config?: Part; manifests?: Part[] } = JSON.parse(readFileSync(path, 'utf8'));
  return manifest;
}

/**
 * Digests of all blobs of a layout, in order. Each is hashed again.
 * @throws Error where a blob does not have the digest that it is named by
 */
export async function verifiedBlobs(layout: string): Promise<string[]> {
  const folder = join(layout, 'blobs/sha256');
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const found = await hashFile(join(folder, name));
    if (found !== name) throw new Error(`${name} holds ${found}, ${statSync(join(folder, name)).size} bytes`);
  }
  return names.map((name) => `sha256:${name}`);
}

/** SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
