import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { LayerInventory } from './inventory.ts';
import { entryBlocks, paxBody, readBytes, tarOf } from './layer-fixture.ts';
import { eachEntry, TreeColumns } from './layer-tree.ts';
import type { FileAlgorithm } from './hashing/chunk-hasher.ts';

const bodies = {
  small: Buffer.from('small'),
  // spans several pieces, is handed to another thread, and is larger than what is put together
  spanning: Buffer.alloc(40_000, 'ab'),
  large: Buffer.alloc(300_000, 'cd'),
  huge: Buffer.alloc(9 * 1024 ** 2, 'ef'),
};
const tar = tarOf(
  { name: 'd/', flag: '5', mode: 0o1777 },
  { name: 'd/empty' },
  ...Object.entries(bodies).map(([name, body]) => ({ name: `d/${name}`, body })),
  { name: 'd/link', flag: '2', link: 'small' },
  { name: 'last', body: 'last', mode: 0o4755 },
);

function hexOf(algorithm: string, body: Buffer | string): string {
  return createHash(algorithm).update(body).digest('hex');
}

function entryOf(layer: LayerInventory, path: string): number {
  let found = -1;
  eachEntry(layer.tree, (index, at) => {
    if (at === path) found = index;
  });
  return found;
}

function digestOf(layer: LayerInventory, path: string, algorithm: FileAlgorithm): string | undefined {
  return new TreeColumns(layer.tree).digest(entryOf(layer, path), algorithm)?.toString('hex');
}

describe('digests of files', () => {
  test.each([[700], [64 * 1024], [tar.length]])('are right in pieces of %i bytes', async (piece) => {
    for (const bytes of [tar, gzipSync(tar)]) {
      const layer = await readBytes(bytes, {}, piece);
      for (const algorithm of ['sha256', 'md5', 'sha1'] as const) {
        for (const [name, body] of Object.entries(bodies))
          expect(digestOf(layer, `d/${name}`, algorithm)).toBe(hexOf(algorithm, body));
        expect(digestOf(layer, 'last', algorithm)).toBe(hexOf(algorithm, 'last'));
        expect(digestOf(layer, 'd/empty', algorithm)).toBeUndefined();
      }
    }
  });

  test.each([
    ['etc/debian_version', ['md5']],
    ['lib/apk/db/installed', ['sha1']],
    ['var/lib/rpm/rpmdb.sqlite', []],
  ])('are made by SHA-256 and %s decides by what else', async (name, also) => {
    const layer = await readBytes(
      tarOf({ name: 'a', body: 'a' }, { name, body: '' }, { name: 'b', body: 'b' }),
    );
    expect(digestOf(layer, 'a', 'md5')).toBe(hexOf('md5', 'a'));
    expect(digestOf(layer, 'a', 'sha1')).toBe(hexOf('sha1', 'a'));
    expect(digestOf(layer, 'b', 'sha256')).toBe(hexOf('sha256', 'b'));
    for (const one of ['md5', 'sha1'] as const)
      expect(digestOf(layer, 'b', one)).toBe(also.includes(one) ? hexOf(one, 'b') : undefined);
  });

  test('are left out for what breaks off and for what comes after the limit', async () => {
    const layer = await readBytes(tar.subarray(0, -6 * 1024 ** 2), {});
    expect(digestOf(layer, 'd/large', 'sha256')).toBe(hexOf('sha256', bodies.large));
    expect(digestOf(layer, 'd/huge', 'sha256')).toBeUndefined();
    const limited = await readBytes(tar, { digests: 3 });
    expect(digestOf(limited, 'd/spanning', 'sha256')).toBe(hexOf('sha256', bodies.spanning));
    expect(digestOf(limited, 'd/large', 'sha256')).toBeUndefined();
  });
});

test('modes, sizes and capabilities are kept', async () => {
  // cap_net_raw=ep, version 2 of the attribute (linux/capability.h)
  const attribute = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  const body = paxBody([['SCHILY.xattr.security.capability', attribute.toString('latin1')]]);
  const layer = await readBytes(
    Buffer.concat([
      entryBlocks({ name: 'pax', flag: 'x', body }),
      entryBlocks({ name: 'ping', body: 'ping', mode: 0o755 }),
      tar,
    ]),
  );
  const columns = new TreeColumns(layer.tree);
  expect(columns.capability(entryOf(layer, 'ping'))).toEqual(attribute);
  expect(Object.keys(layer.tree.capabilities ?? {})).toHaveLength(1);
  expect(columns.mode(entryOf(layer, 'd'))).toBe(0o1777);
  expect(columns.mode(entryOf(layer, 'last'))).toBe(0o4755);
  expect(columns.size(entryOf(layer, 'd/large'))).toBe(bodies.large.length);
  expect(columns.size(entryOf(layer, 'd/empty'))).toBe(0);
});
