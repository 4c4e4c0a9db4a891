import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type DigestAlgorithm } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { noise } from '../storage/blob-store.contract.ts';
import {
  descriptorOf,
  documentOf,
  pushBlob,
  putDocument,
  startRegistry,
  stores,
} from './registry.fixtures.ts';
import type { TestRegistry } from './registry.fixtures.ts';

/** One kind of content that registries meet: blobs, then documents in the order of their push. */
interface DataSet {
  readonly blobs: readonly Buffer[];
  readonly documents: readonly Buffer[];
  readonly algorithm?: DigestAlgorithm;
}

const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
const empty = Buffer.from('{}');
const layer = noise(5000);
const compressed = noise(3000);

function imageOf(fields: Record<string, unknown> = {}, algorithm: DigestAlgorithm = 'sha256'): Buffer {
  return documentOf({
    config: descriptorOf(mediaTypes.ociConfig, config, algorithm),
    layers: [descriptorOf(mediaTypes.ociLayerGzip, layer, algorithm)],
    ...fields,
  });
}

function child(bytes: Buffer, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string };
  return { ...descriptorOf(mediaType, bytes), ...more };
}

const indexOf = (...children: Array<Record<string, unknown>>) => documentOf({ manifests: children });
const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } });
const image = imageOf();
const other = imageOf({ annotations: { which: 'other' } });
const inBlobs = [config, layer, compressed, empty];
const artifactFields = {
  config: { ...descriptorOf(mediaTypes.ociEmpty, empty), data: 'e30=' },
  artifactType: 'application/vnd.example.sbom.v1',
};
const artifact = imageOf(artifactFields);
const large = Object.fromEntries(Array.from({ length: 390 }, (_, at) => [`key${at}`, 'x'.repeat(10_000)]));
const dockerImage = imageOf({
  mediaType: mediaTypes.dockerManifest,
  config: descriptorOf(mediaTypes.dockerConfig, config),
  layers: [descriptorOf(mediaTypes.dockerLayerGzip, layer)],
});
const absent = Buffer.from('not in the registry');

const dataSets: Record<string, DataSet> = {
  image: { blobs: inBlobs, documents: [image] },
  'image with an uncompressed layer': {
    blobs: inBlobs,
    documents: [imageOf({ layers: [descriptorOf(mediaTypes.ociLayer, compressed)] })],
  },
  'image with a layer of zstd': {
    blobs: inBlobs,
    documents: [imageOf({ layers: [descriptorOf(mediaTypes.ociLayerZstd, compressed)] })],
  },
  'image of several layers, one of them twice': {
    blobs: inBlobs,
    documents: [
      imageOf({ layers: [layer, compressed, layer].map((one) => descriptorOf(mediaTypes.ociLayer, one)) }),
    ],
  },
  'image with a large manifest': { blobs: inBlobs, documents: [imageOf({ annotations: large })] },
  'image without layers': { blobs: inBlobs, documents: [imageOf({ layers: [] })] },
  'image with fields of its own': {
    blobs: inBlobs,
    documents: [imageOf({ 'org.example.custom': { nested: [1, 'two', null] } })],
  },
  'image with data in its descriptors': {
    blobs: inBlobs,
    documents: [
      imageOf({ config: { ...descriptorOf(mediaTypes.ociConfig, config), data: config.toString('base64') } }),
    ],
  },
  'image with non-distributable layers': {
    blobs: inBlobs,
    documents: [
      imageOf({
        layers: [
          descriptorOf('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', absent),
          { ...descriptorOf(mediaTypes.dockerForeignLayerGzip, absent), urls: ['https://example.com/layer'] },
        ],
      }),
    ],
  },
  'Docker schema 2 image and list': {
    blobs: inBlobs,
    documents: [
      dockerImage,
      documentOf({ mediaType: mediaTypes.dockerList, manifests: [child(dockerImage, platform('amd64'))] }),
    ],
  },
  index: {
    blobs: inBlobs,
    documents: [image, other, indexOf(child(image, platform('amd64')), child(other, platform('arm64')))],
  },
  'nested index': {
    blobs: inBlobs,
    documents: [image, indexOf(child(image)), indexOf(child(indexOf(child(image))), child(image))],
  },
  'empty index': { blobs: [], documents: [indexOf()] },
  'index of blobs, as BuildKit writes for a cache': {
    blobs: inBlobs,
    documents: [
      indexOf(
        descriptorOf(mediaTypes.ociLayerGzip, layer),
        descriptorOf('application/vnd.buildkit.cacheconfig.v0', config),
      ),
    ],
  },
  artifact: { blobs: inBlobs, documents: [artifact] },
  'artifact without layers': { blobs: inBlobs, documents: [imageOf({ ...artifactFields, layers: [] })] },
  'artifact index': {
    blobs: inBlobs,
    documents: [artifact, documentOf({ artifactType: 'application/x', manifests: [child(artifact)] })],
  },
  'artifacts with a subject': {
    blobs: inBlobs,
    documents: [
      image,
      imageOf({ ...artifactFields, subject: child(image) }),
      imageOf({ subject: child(image) }),
    ],
  },
  'index with a subject': {
    blobs: inBlobs,
    documents: [image, documentOf({ manifests: [child(image)], subject: child(image) })],
  },
  'subject that is missing': {
    blobs: inBlobs,
    documents: [imageOf({ subject: descriptorOf(mediaTypes.ociManifest, absent) })],
  },
  'image by sha512': { blobs: inBlobs, documents: [imageOf({}, 'sha512')], algorithm: 'sha512' },
};

describe.each(stores)('content over %s', (store) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry(store);
  });
  afterAll(() => registry.close());

  test.each(Object.entries(dataSets))('%s', async (name, { blobs, documents, algorithm = 'sha256' }) => {
    const repository = `sets/${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
    for (const bytes of blobs) await pushBlob(registry, repository, bytes, { algorithm });
    const pushed = documents.map((bytes) => ({ bytes, digest: digestOf(bytes, algorithm) }));
    for (const [at, { bytes, digest }] of pushed.entries()) {
      const byDigest = await putDocument(registry, repository, `${digest}?tag=t${at}`, bytes);
      expect(byDigest).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
      const { subject } = JSON.parse(bytes.toString()) as { subject?: Descriptor };
      expect(byDigest.headers['oci-subject']).toBe(subject?.digest);
    }
    for (const [at, { bytes, digest }] of pushed.entries()) {
      for (const reference of [digest, `t${at}`]) {
        const answer = await registry.call('GET', `/v2/${repository}/manifests/${reference}`);
        expect(answer.headers['docker-content-digest']).toBe(digest);
        expect(answer.body.equals(bytes)).toBe(true);
      }
    }
    for (const { digest } of pushed.toReversed()) {
      expect((await registry.call('DELETE', `/v2/${repository}/manifests/${digest}`)).status).toBe(202);
      expect((await registry.call('GET', `/v2/${repository}/manifests/${digest}`)).status).toBe(404);
    }
    for (const bytes of blobs) {
      const path = `/v2/${repository}/blobs/${digestOf(bytes, algorithm)}`;
      expect((await registry.call('GET', path)).body.equals(bytes)).toBe(true);
      expect((await registry.call('DELETE', path)).status).toBe(202);
      expect((await registry.call('HEAD', path)).status).toBe(404);
    }
  });

  test('sparse index: refused, or taken where that is set', async () => {
    const sparse = indexOf(child(image, platform('amd64')), child(other, platform('arm64')));
    for (const bytes of inBlobs) await pushBlob(registry, 'sparse', bytes);
    await putDocument(registry, 'sparse', 'v1', image);
    expect((await putDocument(registry, 'sparse', 'v2', sparse)).code).toBe('MANIFEST_BLOB_UNKNOWN');
    const holding = await startRegistry(store, { missingParts: 'hold' });
    expect((await putDocument(holding, 'sparse', 'v2', sparse)).status).toBe(201);
    expect((await holding.call('GET', '/v2/sparse/manifests/v2')).body.equals(sparse)).toBe(true);
    await holding.close();
  });
});
