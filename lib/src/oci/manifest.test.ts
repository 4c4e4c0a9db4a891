import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { digestOf } from './digest.ts';
import { describeReferrer, effectiveArtifactType, parseManifest, requiredParts } from './manifest.ts';
import { mediaTypes } from './media-types.ts';

const part = (mediaType: string, text: string) => ({ mediaType, digest: digestOf(text), size: text.length });
const config = part(mediaTypes.ociConfig, 'config');
const layer = part(mediaTypes.ociLayer, 'layer');

function parse(fields: Record<string, unknown>, contentType?: string) {
  return parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, ...fields })), contentType);
}

describe('manifests', () => {
  /** What becomes of a document: taken, or the code it is refused with. */
  function outcome(bytes: Uint8Array, contentType: string | undefined): string {
    try {
      parseManifest(bytes, contentType);
      return 'taken';
    } catch (error) {
      return isWharfingerError(error) ? error.code : String(error);
    }
  }

  test('nothing that is sent makes the parser fail in another way than by refusing', () => {
    const valid = { schemaVersion: 2, config, layers: [layer], subject: layer, annotations: { a: 'b' } };
    const keys = [...Object.keys(valid), 'manifests', 'mediaType', 'artifactType'];
    const changes = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), fc.constant([layer])), {
      maxKeys: 2,
    });
    const inDescriptor = fc.dictionary(
      fc.constantFrom('mediaType', 'digest', 'size', 'data', 'urls', 'platform', 'annotations'),
      fc.jsonValue(),
      { maxKeys: 1 },
    );
    const documents = fc.oneof(
      fc
        .tuple(changes, inDescriptor)
        .map(([top, inner]) =>
          Buffer.from(JSON.stringify({ ...valid, layers: [{ ...layer, ...inner }], ...top })),
        ),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    const types = fc.constantFrom(mediaTypes.ociManifest, mediaTypes.ociIndex, undefined);
    const seen = new Set<string>();
    fc.assert(
      fc.property(documents, types, (bytes, contentType) => {
        seen.add(outcome(bytes, contentType));
      }),
      { numRuns: 2000 },
    );
    expect(seen).toEqual(new Set(['taken', 'MANIFEST_INVALID']));
  });

  test('null where others leave a field out is nothing', () => {
    const fields = { config, layers: null, annotations: null, subject: null };
    expect(parse(fields, mediaTypes.ociManifest)).toEqual({
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [],
      annotations: {},
    });
  });

  test('are what their Content-Type says, else what they say', () => {
    expect(parse({ manifests: [] }, mediaTypes.dockerList).kind).toBe('index');
    expect(parse({ mediaType: mediaTypes.ociIndex, manifests: [] }).kind).toBe('index');
    expect(() => parse({ manifests: [] })).toThrow('without a Content-Type');
    expect(() => parse({ mediaType: mediaTypes.ociIndex, manifests: [] }, mediaTypes.dockerList)).toThrow(
      'sent as',
    );
  });

  test('need their config and layers, or children, but not what is not to be distributed', () => {
    const foreign = part(mediaTypes.dockerForeignLayerGzip, 'foreign');
    const image = parse({ config, layers: [layer, foreign], subject: layer }, mediaTypes.ociManifest);
    expect(requiredParts(image)).toEqual({ blobs: [config, layer], manifests: [] });
    const child = part(mediaTypes.ociManifest, 'child');
    const index = parse({ manifests: [child, layer] }, mediaTypes.ociIndex);
    expect(requiredParts(index)).toEqual({ blobs: [layer], manifests: [child] });
  });

  test('are described to those who ask for referrers', () => {
    const plain = parse({ config, layers: [] }, mediaTypes.ociManifest);
    expect(effectiveArtifactType(plain)).toBe(mediaTypes.ociConfig);
    const named = parse({ manifests: [], artifactType: 'a/b', annotations: { k: 'v' } }, mediaTypes.ociIndex);
    expect(describeReferrer(layer.digest, 7, named)).toEqual({
      mediaType: mediaTypes.ociIndex,
      digest: layer.digest,
      size: 7,
      artifactType: 'a/b',
      annotations: { k: 'v' },
    });
    expect(describeReferrer(layer.digest, 7, parse({ manifests: [] }, mediaTypes.ociIndex))).toEqual({
      mediaType: mediaTypes.ociIndex,
      digest: layer.digest,
      size: 7,
    });
  });
});
