import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { DocumentKind, LayerContent } from './inventory.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { configOf, layerOf, manifestOf, tarOf } from './layer-fixture.ts';
import { classifySubject } from './subject.ts';

type Part = readonly [LayerContent, DocumentKind?] | undefined;

function classify(parts: readonly Part[], config: Buffer | undefined = Buffer.from('{}')): string {
  const digests = parts.map((_, index) => digestOf(String(index)));
  const layers = new Map<Digest, { content: LayerContent; document?: DocumentKind }>();
  for (const [index, part] of parts.entries()) {
    if (part) layers.set(digests[index]!, { content: part[0], ...(part[1] ? { document: part[1] } : {}) });
  }
  return classifySubject(manifestOf(digests), config, layers);
}

const runnable = configOf([digestOf('x')], { os: 'unknown', architecture: 'unknown' });

describe('what a manifest is for', () => {
  it.each<[string, Part[], string]>([
    ['a file system', [['filesystem']], 'image'],
    ['a file system beside a signature', [['json', 'signature'], ['filesystem']], 'image'],
    ['a file system beside a chart', [['chart'], ['filesystem']], 'image'],
    [
      'signatures',
      [
        ['json', 'signature'],
        ['json', 'signature'],
      ],
      'signature',
    ],
    ['attestations', [['json', 'attestation']], 'attestation'],
    ['an SBOM', [['json', 'sbom']], 'sbom'],
    [
      'documents of two kinds',
      [
        ['json', 'sbom'],
        ['json', 'signature'],
      ],
      'artifact',
    ],
    ['the empty descriptor', [['json', 'other']], 'artifact'],
    ['no layers', [], 'artifact'],
    ['a chart', [['chart']], 'chart'],
    ['a chart and its provenance', [['chart'], ['opaque', 'provenance']], 'chart'],
    ['two charts', [['chart'], ['chart']], 'artifact'],
    ['a chart and something else', [['chart'], ['opaque']], 'artifact'],
    ['a signature and something else', [['json', 'signature'], ['opaque']], 'artifact'],
    ['WebAssembly', [['opaque']], 'artifact'],
  ])('%s', (_what, parts, kind) => {
    expect(classify(parts)).toBe(kind);
  });

  it("knows BuildKit's attestations although their config looks like an image's", () => {
    expect(
      classify(
        [
          ['json', 'attestation'],
          ['json', 'attestation'],
        ],
        runnable,
      ),
    ).toBe('attestation');
  });

  it.each<[string, Part[]]>([
    ['opaque', [['opaque']]],
    ['empty', [['empty']]],
    ['not known', [undefined]],
    ['a chart and one that is not known', [['chart'], undefined]],
  ])('takes layers that are %s for an image where an engine may run it', (_what, parts) => {
    expect(classify(parts, runnable)).toBe('image');
    expect(classify(parts, Buffer.from('{"rootfs": {"diff_ids": 5}}'))).toBe('image');
    expect(classify(parts)).toBe('artifact');
  });

  it.each<[string, Buffer | undefined]>([
    ['is not known', undefined],
    ['is an archive', tarOf({ name: 'a', body: 'x' })],
    ['is a packed archive', layerOf({ a: 'x' })],
    ['is no JSON', Buffer.from('name: x\n')],
    ['is JSON twice', Buffer.from('{}{}')],
  ])(
    'takes documents for an image whose config %s: it could bring a layer past inspection',
    (_what, config) => {
      const digest = digestOf('x');
      const layers = new Map([[digest, { content: 'json', document: 'sbom' } as const]]);
      expect(classifySubject(manifestOf([digest]), config, layers)).toBe('image');
      expect(classifySubject(manifestOf([digest]), Buffer.alloc(0), layers)).toBe('sbom');
    },
  );

  it('takes an index for an image that points to blobs', () => {
    const child = { mediaType: mediaTypes.ociLayer, digest: digestOf('x'), size: 1 };
    const index = { kind: 'index', mediaType: mediaTypes.ociIndex, annotations: {} } as const;
    expect(classifySubject({ ...index, manifests: [child] }, undefined, new Map())).toBe('image');
    const manifest = { ...child, mediaType: mediaTypes.ociManifest };
    expect(classifySubject({ ...index, manifests: [manifest] }, undefined, new Map())).toBe('index');
  });

  it('does not ask media types', () => {
    const digest = digestOf('x');
    const manifest = {
      ...manifestOf([digest]),
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest, size: 1 },
    };
    expect(classifySubject(manifest, Buffer.from('{}'), new Map([[digest, { content: 'filesystem' }]]))).toBe(
      'image',
    );
  });

  it('knows an index', () => {
    const index = { kind: 'index', mediaType: '', manifests: [], annotations: {} } as const;
    expect(classifySubject(index, undefined, new Map())).toBe('index');
  });
});
