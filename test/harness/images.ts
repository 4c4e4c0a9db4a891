import { gzipSync } from 'node:zlib';
import { tarOf, type FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { types } from './oci-layout.ts';
import { sha256, type Pushable } from './registry-client.ts';

/** A layer as it lies in the registry, and what it unpacks to. */
export interface Layer {
  readonly bytes: Buffer;
  readonly diffId: string;
  readonly mediaType: string;
}

/** A tar of these entries, packed with gzip. */
export function layerOf(...entries: readonly FixtureEntry[]): Layer {
  return packed(tarOf(...entries));
}

/** A tar as a layer, packed with gzip. */
export function packed(tar: Buffer): Layer {
  return { bytes: gzipSync(tar), diffId: sha256(tar), mediaType: types.layerGzip };
}

/** Bytes as a layer of any media type; the diffID is that of the bytes themselves. */
export function rawLayer(bytes: Buffer | string, mediaType: string): Layer {
  const whole = Buffer.from(bytes);
  return { bytes: whole, diffId: sha256(whole), mediaType };
}

/** A small root file system, other for each name. */
export function smallRoot(name: string): Layer {
  return layerOf(
    { name: 'bin/', flag: '5', mode: 0o755 },
    { name: 'bin/app', body: `#!/bin/sh\necho ${name}\n`, mode: 0o755 },
    { name: 'etc/', flag: '5', mode: 0o755 },
    { name: 'etc/passwd', body: 'root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' },
  );
}

/** An image that passes every routine but the signature: not root, made a moment ago. */
export function imageOf(
  layers: readonly Layer[],
  config: { user?: string; labels?: Readonly<Record<string, string>> } = {},
): Pushable {
  return manifestOf(layers, imageConfig(layers, config), {});
}

/** The bytes of an image configuration. */
export function imageConfig(
  layers: readonly Layer[],
  { user = '1000:1000', labels = {} }: { user?: string; labels?: Readonly<Record<string, string>> } = {},
): Layer {
  const config = {
    created: new Date(Date.now() - 3_600_000).toISOString(),
    architecture: 'amd64',
    os: 'linux',
    config: { User: user, Entrypoint: ['/bin/app'], Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created_by: 'made by a test' })),
  };
  return rawLayer(JSON.stringify(config), types.config);
}

/** A manifest of these blobs, with anything else in it. */
export function manifestOf(layers: readonly Layer[], config: Layer, more: object): Pushable {
  const descriptor = ({ bytes, mediaType }: Layer) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
    ...more,
  };
  return {
    manifest: Buffer.from(JSON.stringify(manifest)),
    mediaType: types.manifest,
    blobs: new Map([config, ...layers].map(({ bytes }) => [sha256(bytes), bytes])),
  };
}

/** A child of an index. */
export interface Child {
  readonly image: Pushable;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An index of manifests that are pushed already. */
export function indexOf(children: readonly Child[]): Pushable {
  const manifests = children.map(({ image, platform, annotations }) => ({
    mediaType: image.mediaType,
    digest: sha256(image.manifest),
    size: image.manifest.length,
    ...(platform && { platform }),
    ...(annotations && { annotations }),
  }));
  const index = { schemaVersion: 2, mediaType: types.index, manifests };
  return { manifest: Buffer.from(JSON.stringify(index)), mediaType: types.index, blobs: new Map() };
}

/** The empty descriptor's content. */
export const emptyConfig = rawLayer('{}', 'application/vnd.oci.empty.v1+json');
