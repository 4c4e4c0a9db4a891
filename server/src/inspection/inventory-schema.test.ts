import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dpkgStatus, layerOf, readBytes } from '@wharfinger/lib/inspect/layer-fixture';
import { BrokenOffError, FrameError, readFrames } from '@wharfinger/lib/inspect/frames';
import { emptyTree } from '@wharfinger/lib/inspect/layer-tree';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import { parseLayer } from './inventory-schema.ts';

const limit = 1_000_000;

const blob = layerOf(
  {
    'var/lib/dpkg/status': dpkgStatus({ jq: '1.6' }),
    'a/node_modules/b/package.json': '{"name":"b","version":"1"}',
  },
  { name: 'l', flag: '2', link: 'a' },
);

describe('answers of the inspection process', () => {
  it('are taken as they are where they are inventories', async () => {
    const layer = await readBytes(blob);
    expect(await parseLayer(packInventory(layer), layer.digest, limit)).toEqual(layer);
    expect(await parseLayer(packInventory(layer), layer.digest, 100)).toBeUndefined();
  });

  it.each<[string, (layer: Record<string, unknown>) => unknown]>([
    ['of another layer', (layer) => ({ ...layer, digest: `sha256:${'0'.repeat(64)}` })],
    [
      'complete in spite of problems',
      (layer) => ({ ...layer, problems: [{ code: 'corrupt', message: '', hides: true }] }),
    ],
    ['with fields of their own', (layer) => ({ ...layer, more: 1 })],
    [
      'with codes of their own',
      (layer) => ({ ...layer, problems: [{ code: 'fine', message: '', hides: false }] }),
    ],
    [
      'with records of no entry',
      (layer) => ({ ...layer, records: [{ entry: 99, kind: 'distribution-file' }] }),
    ],
    ['with too few types', (layer) => ({ ...layer, tree: { ...emptyTree, paths: ['0 a'] } })],
    [
      'with paths that share too much',
      (layer) => ({
        ...layer,
        records: [],
        tree: { ...emptyTree, paths: ['9 a'], types: 'c', modes: '0644' },
      }),
    ],
    ['that are no objects', () => [1]],
  ])('are refused %s', async (_what, change) => {
    const layer = await readBytes(blob);
    const bytes = packInventory(change({ ...layer }));
    expect(await parseLayer(bytes, layer.digest, limit)).toBeUndefined();
  });

  it('are refused where they are no JSON', async () => {
    const { digest } = await readBytes(blob);
    expect(await parseLayer(Buffer.from('{'), digest, limit)).toBeUndefined();
    expect(await parseLayer(zstdCompressSync('{'), digest, limit)).toBeUndefined();
  });
});

describe('frames', () => {
  const frame = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  async function* pieces(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const read = async (bytes: Buffer, size: number) =>
    (await Array.fromAsync(readFrames(pieces(bytes, size), 100))).map(String);

  it('are read whatever the pieces', async () => {
    const bytes = Buffer.concat([frame('one'), frame(''), frame('three')]);
    for (const size of [1, 3, 5, 100]) expect(await read(bytes, size)).toEqual(['one', '', 'three']);
  });

  it('are refused where they are too long', async () => {
    await expect(read(frame('x'.repeat(101)), 10)).rejects.toThrow(FrameError);
  });

  it('are refused where they break off', async () => {
    await expect(read(frame('xyz').subarray(0, 5), 10)).rejects.toThrow(BrokenOffError);
    await expect(read(Buffer.concat([frame('one'), Buffer.from([0, 0])]), 10)).rejects.toThrow(
      BrokenOffError,
    );
  });
});
