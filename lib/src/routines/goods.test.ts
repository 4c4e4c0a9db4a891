import { describe, expect, test } from 'vitest';
import { parseManifest, type ImageManifest } from '../oci/manifest.ts';
import { artifactTypes } from '../oci/wharfinger-names.ts';
import { loadCollection } from './collection.ts';
import { collectionTemplate } from './collection-template.ts';
import { diffCollections } from './diff-collections.ts';
import { fileOfPacked, packCollection, readPacked } from './goods.ts';
import { loadStandardCollection, standardCollectionText } from './standard.ts';
import { runRoutineTests } from './test-collection.ts';

const text = collectionTemplate('payments');
const collection = loadCollection(text);
const packed = packCollection(collection);
const manifest = parseManifest(packed.manifest.bytes, packed.manifest.mediaType) as ImageManifest;
const file = packed.blobs[1]!.bytes;

describe('a packed collection', () => {
  test('is an OCI artifact with the file as its layer, the same each time', () => {
    expect(manifest).toMatchObject({
      artifactType: artifactTypes.routines,
      layers: [{ mediaType: artifactTypes.routinesText, digest: collection.digest }],
      annotations: {
        'org.opencontainers.image.title': 'payments',
        'org.opencontainers.image.version': '0.1.0',
      },
    });
    expect(packCollection(loadCollection(text)).manifest.digest).toBe(packed.manifest.digest);
    expect(fileOfPacked(manifest).digest).toBe(collection.digest);
  });

  test('gives the collection back, byte for byte', () => {
    expect(readPacked(manifest, file)).toEqual(collection);
    const standard = packCollection(loadStandardCollection());
    expect(standard.blobs[1]!.bytes.toString()).toBe(standardCollectionText);
  });

  test('is not made of one whose tests fail, or that has none', () => {
    const failing = text.replace('default: 200', 'default: 1');
    expect(() => packCollection(loadCollection(failing))).toThrow(
      'its tests do not pass\nfew-packages: a small image: expected pass, got fail',
    );
    const untested = text.slice(0, text.indexOf('    tests:'));
    expect(() => packCollection(loadCollection(untested))).toThrow('few-packages: the routine has no tests');
    const { digest } = packed.manifest;
    expect(digest).toMatch(/^sha256:/);
  });

  test('is refused where its tests fail here', () => {
    const failing = Buffer.from(text.replace('default: 200', 'default: 1'));
    expect(() => readPacked(manifest, failing)).toThrow('its tests do not pass');
  });

  test.each([
    ['another artifact', { artifactType: 'application/vnd.example' }, 'not a collection of routines'],
    ['two layers', { layers: [...manifest.layers, ...manifest.layers] }, 'its one layer'],
    [
      'another type of layer',
      { layers: [{ ...manifest.layers[0]!, mediaType: 'text/plain' }] },
      'its one layer',
    ],
    ['a huge file', { layers: [{ ...manifest.layers[0]!, size: 1e9 }] }, 'larger than'],
  ] as const)('is told from %s', (_, fields, says) => {
    expect(() => fileOfPacked({ ...manifest, ...fields })).toThrow(says);
  });

  test('is what it is called', () => {
    const annotations = { ...manifest.annotations, 'org.opencontainers.image.version': '0.2.0' };
    expect(() => readPacked({ ...manifest, annotations }, file)).toThrow(
      'it is called payments 0.2.0, and calls itself payments 0.1.0',
    );
    expect(() => readPacked(manifest, Buffer.from([0xff]))).toThrow('not valid UTF-8');
  });
});

describe('the template', () => {
  test('passes its tests', () => {
    expect(runRoutineTests(collection).map(({ passed }) => passed)).toEqual([true, true, true]);
  });
});

describe('the difference of two collections', () => {
  test('names what came, went and changed', () => {
    const changed = text
      .replace('version: 0.1.0', 'version: 0.2.0')
      .replace('default: 200', 'default: 100')
      .replace('<= params.most', '< params.most');
    const more = `${changed}${text.slice(text.indexOf('  - name: few')).replace('few-packages', 'fewer')}`;
    expect(diffCollections(collection, loadCollection(more))).toMatchObject({
      from: { version: '0.1.0' },
      to: { version: '0.2.0' },
      added: ['fewer'],
      removed: [],
      changed: [
        {
          routine: 'few-packages',
          fields: [
            {
              field: 'expression',
              from: 'size(inventory.packages) <= params.most',
              to: 'size(inventory.packages) < params.most',
            },
          ],
          parameters: [
            { parameter: 'most', from: expect.stringContaining('200'), to: expect.stringContaining('100') },
          ],
        },
      ],
    });
    expect(diffCollections(loadCollection(more), collection).removed).toEqual(['fewer']);
    expect(diffCollections(collection, collection)).toMatchObject({ added: [], removed: [], changed: [] });
  });
});
