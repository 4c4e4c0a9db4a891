import { describe, expect, it } from 'vitest';
import { inventoryFormat, type ImageInventory, type MeasuredLayer } from '../inspect/inventory.ts';
import { digestOf } from '../oci/digest.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { makeDebian, type Made } from './assess.fixtures.ts';
import { factsOfImage, type KnownOfImage } from './facts-of-image.ts';

function bytesOf(made: Made, digest: string): Buffer {
  return made.blobs.get(digest)!;
}

async function known(options: Partial<Parameters<typeof makeDebian>[0]> = {}): Promise<KnownOfImage> {
  const made = await makeDebian({ packages: {}, ...options });
  const bytes = bytesOf(made, made.manifest.digest);
  const manifest = parseManifest(bytes, mediaTypes.ociManifest);
  if (manifest.kind === 'index') throw new TypeError('an image was made');
  return {
    repository: 'team/app',
    digest: made.manifest.digest,
    manifest,
    size: bytes.length,
    missing: [],
    config: bytesOf(made, manifest.config.digest),
  };
}

function inventory(manifest: Manifest, layer: Partial<MeasuredLayer>): ImageInventory {
  const layers = manifest.kind === 'index' ? [] : manifest.layers;
  return {
    format: inventoryFormat,
    complete: true,
    packages: [],
    problems: [],
    layers: layers.map(({ digest }) => ({
      digest,
      content: 'filesystem',
      compression: 'gzip',
      size: 1,
      entries: 1,
      ...layer,
    })),
  };
}

describe('factsOfImage', () => {
  it('leaves out what is not known', async () => {
    const facts = factsOfImage(await known());
    expect(Object.keys(facts)).toEqual(['image']);
    expect(facts.image.kind).toBeUndefined();
    expect(facts.image.config).toMatchObject({ user: '1000', created: '2025-12-01T00:00:00Z' });
  });

  it('counts all bytes that are transferred', async () => {
    const image = await known();
    const parts = image.manifest.kind === 'index' ? [] : [image.manifest.config, ...image.manifest.layers];
    expect(factsOfImage(image).image.size).toBe(parts.reduce((sum, part) => sum + part.size, image.size));
  });

  it('has no findings without an inventory that they were matched for', async () => {
    const image = await known();
    const matched = { matches: [], uncovered: ['npm'] };
    expect(factsOfImage({ ...image, matched })).not.toHaveProperty('findings');
    const inspected = { ...image, inventory: inventory(image.manifest, {}) };
    expect(factsOfImage(inspected)).not.toHaveProperty('findings');
    expect(factsOfImage({ ...inspected, matched })).toMatchObject({
      findings: [],
      advisories: { uncovered: ['npm'] },
    });
  });

  it('tells the kind by bytes, and keeps a config only of what engines run', async () => {
    const image = await known();
    const kinds = (['filesystem', 'json'] as const).map((content) => {
      const layer = content === 'json' ? { content, document: 'signature' as const } : { content };
      const { kind, config } = factsOfImage({ ...image, inventory: inventory(image.manifest, layer) }).image;
      return [kind, config !== undefined];
    });
    expect(kinds).toEqual([
      ['image', true],
      ['signature', false],
    ]);
  });

  it('leaves out a config that cannot be read', async () => {
    const image = await known();
    expect(factsOfImage({ ...image, config: Buffer.from('{"config":{"User":1}}') }).image).not.toHaveProperty(
      'config',
    );
    const { config: _, ...without } = image;
    expect(factsOfImage(without).image).not.toHaveProperty('config');
  });

  it('knows an index at once', async () => {
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }),
    );
    const manifest = parseManifest(bytes, mediaTypes.ociIndex);
    const facts = factsOfImage({
      repository: 'a',
      digest: digestOf(bytes),
      manifest,
      size: bytes.length,
      missing: [],
    });
    expect(facts.image).toMatchObject({ kind: 'index', size: bytes.length, layers: [] });
  });

  it.each([
    [
      'annotations',
      { annotations: { 'org.opencontainers.image.base.name': 'debian:12' } },
      { name: 'debian:12' },
    ],
    [
      'labels',
      { config: { Labels: { 'org.opencontainers.image.base.name': 'debian:12' } } },
      { name: 'debian:12' },
    ],
    [
      'annotations before labels',
      {
        annotations: {
          'org.opencontainers.image.base.name': 'debian:12',
          'org.opencontainers.image.base.digest': 'sha256:1',
        },
        config: { Labels: { 'org.opencontainers.image.base.name': 'alpine' } },
      },
      { name: 'debian:12', digest: 'sha256:1' },
    ],
    ['nothing', {}, {}],
  ])('takes the base from %s', async (_, options, expected) => {
    expect(factsOfImage(await known(options)).image.base).toEqual(expected);
  });

  it('counts a key once that was given under two names', async () => {
    const image = await known();
    const one = {
      format: 'cosign-v3',
      keyId: 'aa',
      principal: 'ann',
      purposes: ['release'],
      evidence: image.digest,
    } as const;
    const report = {
      valid: [
        { ...one, key: 'release' },
        { ...one, key: 'again' },
      ],
      refused: [],
    };
    expect(factsOfImage({ ...image, signatures: { report, trustedKeys: [] } }).signatures?.signers).toEqual([
      'release',
    ]);
  });
});
