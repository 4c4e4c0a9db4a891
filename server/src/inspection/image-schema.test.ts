import { describe, expect, it } from 'vitest';
import {
  debianRelease,
  dpkgStatus,
  imageOf,
  layerOf,
  manifestOf,
} from '@wharfinger/lib/inspect/layer-fixture';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseImage } from './image-schema.ts';

const limit = 1_000_000;
const image = await imageOf(
  layerOf({
    'etc/os-release': debianRelease,
    'var/lib/dpkg/status': dpkgStatus({ jq: '1.6' }),
    'a/node_modules/b/package.json': '{"name":"b","version":"1","license":"MIT"}',
  }),
  layerOf({ 'usr/lib/os-release': 'ID=foo\n', app: '' }),
);
const manifest = manifestOf(image.layers.map(({ digest }) => digest));
const [first] = image.packages;

describe('answers of the composing process', () => {
  it('are taken as they are where they are inventories of the image', async () => {
    const bytes = packInventory(image);
    expect(image.packages).toHaveLength(2);
    expect(await parseImage(bytes, manifest, limit)).toEqual({ inventory: image, bytes });
  });

  it.each<[string, object]>([
    ['complete in spite of problems', { problems: [{ code: 'corrupt', message: '', hides: true }] }],
    ['incomplete for no reason', { complete: false }],
    ['with fields of their own', { more: 1 }],
    ['with codes of their own', { problems: [{ code: 'fine', message: '', hides: false }] }],
    [
      'with problems of other layers',
      { problems: [{ code: 'corrupt', message: '', hides: false, layer: 2 }] },
    ],
    ['with other layers', { layers: [{ ...image.layers[0], digest: digestOf('other') }] }],
    ['with too many layers', { layers: [...image.layers, ...image.layers] }],
    ['without packages', { packages: undefined }],
    ['with packages that are none', { packages: ['jq'] }],
    ['with packages of no kind', { packages: [{ ...first, type: 'disk' }] }],
    ['with packages of other layers', { packages: [{ ...first, layer: 2 }] }],
    ['with packages of no layer', { packages: [{ ...first, layer: -1 }] }],
    ['with packages that have more', { packages: [{ ...first, more: '' }] }],
    ['with packages that have less', { packages: [{ ...first, purl: undefined }] }],
    ['with versions that are no texts', { packages: [{ ...first, version: 1 }] }],
    ['with names that are too long', { packages: [{ ...first, name: 'x'.repeat(70_000) }] }],
    ['with nothing to match', { packages: [{ ...first, match: null }] }],
    ['with half of what is matched', { packages: [{ ...first, match: { name: 'jq' } }] }],
    ['with more to match', { packages: [{ ...first, match: { name: 'jq', version: '1', more: '' } }] }],
    [
      'with ecosystems that are no texts',
      { packages: [{ ...first, match: { name: 'a', version: '1', ecosystem: 1 } }] },
    ],
    [
      'with what was removed in other layers',
      { removed: [{ type: 'deb', name: 'a', version: '1', layer: 0, removedIn: 9 }] },
    ],
    ['with another kind of distribution', { distribution: { id: 'debian', source: 'guess' } }],
  ])('are refused %s', async (_what, change) => {
    expect(
      await parseImage(packInventory({ ...image, complete: true, problems: [], ...change }), manifest, limit),
    ).toBeUndefined();
  });

  it('are refused where they are no packed JSON, or too long', async () => {
    expect(await parseImage(Buffer.from('{}'), manifest, limit)).toBeUndefined();
    expect(await parseImage(packInventory([image]), manifest, limit)).toBeUndefined();
    expect(await parseImage(packInventory(image), manifest, 100)).toBeUndefined();
  });

  it('are what the others are made from', async () => {
    expect(
      await parseImage(packInventory({ ...image, complete: true, problems: [] }), manifest, limit),
    ).toBeDefined();
  });
});
