import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { admin, until, type Call } from './running-server.ts';

/** A server that images are pushed to. */
interface Reached {
  readonly call: Call;
}

/** What an image of a test is made of. */
export interface ImageContent {
  /** npm packages, name to version */
  readonly packages?: Readonly<Record<string, string>>;
  /** of its packages; absent: MIT */
  readonly licence?: string;
  /** RFC 3339 */
  readonly created?: string;
  /** whom it runs as; absent: 1000 */
  readonly user?: string;
  /** two images of different marks are different images */
  readonly mark?: string;
}

/** A small image: its parts as they are pushed. */
export interface SmallImage {
  readonly digest: Digest;
  readonly manifest: Buffer<ArrayBuffer>;
  readonly layer: Digest;
  readonly blobs: ReadonlyArray<readonly [Digest, Buffer<ArrayBuffer>]>;
}

/** Makes an image of one layer. */
export function smallImage({
  packages = {},
  licence = 'MIT',
  created = new Date().toISOString(),
  user = '1000',
  mark = '',
}: ImageContent = {}): SmallImage {
  const files = Object.entries(packages).map(([name, version]) => ({
    name: `app/node_modules/${name}/package.json`,
    body: JSON.stringify({ name, version, license: licence }),
  }));
  const layer = Buffer.from(tarOf({ name: 'mark', body: mark }, ...files));
  const config = Buffer.from(
    JSON.stringify({
      created,
      os: 'linux',
      architecture: 'amd64',
      config: { User: user },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  return imageOfParts(config, layer);
}

/** An image of a configuration and layers as they are. */
export function imageOfParts(
  config: Buffer<ArrayBuffer>,
  ...layers: readonly [Buffer<ArrayBuffer>, ...Array<Buffer<ArrayBuffer>>]
): SmallImage {
  const part = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: part(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => part(layer, mediaTypes.ociLayer)),
    }),
  );
  const blobs = [...layers, config].map((bytes) => [digestOf(bytes), bytes] as const);
  return { digest: digestOf(manifest), manifest, layer: digestOf(layers[0]), blobs };
}

/** Pushes an image the way clients do, and gives the status of the manifest's PUT. */
export async function push(
  server: Reached,
  image: SmallImage,
  repository: string,
  tag: string,
  as = admin,
): Promise<number> {
  for (const [digest, bytes] of image.blobs) {
    const { status, text } = await server.call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      as,
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (status !== 201) throw new Error(`pushing a blob to ${repository} answered ${status}: ${text}`);
  }
  const { status } = await server.call('PUT', `/v2/${repository}/manifests/${tag}`, {
    as,
    body: image.manifest,
    headers: { 'content-type': mediaTypes.ociManifest },
  });
  return status;
}

/** Makes and pushes an image, and waits until it was taken apart and judged. */
export async function pushChecked(
  server: Reached,
  repository: string,
  tag: string,
  content: ImageContent = {},
  as = admin,
): Promise<SmallImage> {
  const image = smallImage({ mark: `${repository}:${tag}`, ...content });
  const status = await push(server, image, repository, tag, as);
  if (status !== 201) throw new Error(`pushing ${repository}:${tag} answered ${status}`);
  await checked(server, repository, image.digest);
  return image;
}

/** Waits until an image was taken apart and judged by what was found: without that, no routine can decide. */
export async function checked(server: Reached, repository: string, digest: string): Promise<void> {
  await until(async () => {
    const path = `/api/v1/verdict?repository=${repository}&reference=${digest}`;
    const { status, json } = await server.call('GET', path, { as: admin });
    return status === 200 && json().verdict.decided;
  });
}
