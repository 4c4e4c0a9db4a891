import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { signImage } from '../signing/sign-image.ts';
import type { SigningKey } from '../signing/private-keys.ts';

/** Something in a layout: a manifest and the blobs that it needs. */
export interface Made {
  readonly manifest: Descriptor;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

interface DebianOptions {
  /** binary package → source package and version */
  readonly packages: Readonly<Record<string, { readonly source: string; readonly version: string }>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A small image of Debian 12: os-release below, the package database above. */
export async function makeDebian({ packages, config = {}, annotations }: DebianOptions): Promise<Made> {
  const status = Object.entries(packages)
    .map(
      ([name, { source, version }]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nSource: ${source}\nVersion: ${version}\nMaintainer: nobody\nDescription: test\n`,
    )
    .join('\n');
  const layers = [
    await tarOf(
      'etc/os-release',
      'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nNAME="Debian GNU/Linux"\n',
    ),
    await tarOf('var/lib/dpkg/status', status),
  ];
  const blobs = new Map<string, Buffer>();
  const keep = (bytes: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const document = {
    os: 'linux',
    architecture: 'amd64',
    created: '2025-12-01T00:00:00Z',
    config: { User: '1000', ...config },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
    history: [
      { created_by: 'ADD base' },
      { created_by: 'ENV a=b', empty_layer: true },
      { created_by: 'RUN apt-get' },
    ],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: keep(Buffer.from(JSON.stringify(document)), mediaTypes.ociConfig),
    layers: layers.map((layer) => keep(gzipSync(layer), mediaTypes.ociLayerGzip)),
    ...(annotations ? { annotations } : {}),
  };
  return { manifest: keep(Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest), blobs };
}

/** A signature of cosign's third version over an image, as part of the same layout. */
export function sign(image: Made, key: SigningKey): Made {
  const { manifest, blobs } = signImage(image.manifest, key, new Date('2025-12-02T00:00:00Z'));
  const { mediaType, digest, bytes } = manifest;
  return {
    manifest: { mediaType, digest, size: bytes.length },
    blobs: new Map([
      [digest, bytes],
      ...blobs.map((blob): [string, Buffer] => [blob.descriptor.digest, blob.bytes]),
    ]),
  };
}

async function tarOf(name: string, body: string): Promise<Buffer> {
  return Buffer.from(
    await packTar([{ header: { name, size: Buffer.byteLength(body), type: 'file' }, body }]),
  );
}
