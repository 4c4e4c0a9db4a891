import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { layerOf, paxBody, readBytes, tarOf } from '../layer-fixture.ts';
import { defaultLimits } from '../limits.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { extractFile } from './extract-file.ts';
import { findFile, longestContent } from './find-file.ts';

interface Made {
  readonly blobs: readonly Buffer[];
  readonly placed: readonly PlacedLayer[];
}

async function imageOf(...blobs: readonly Buffer[]): Promise<Made> {
  const placed = [];
  for (const [layer, blob] of blobs.entries()) placed.push({ inventory: await readBytes(blob), layer });
  return { blobs, placed };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

/** What is found at a path, as text; `instead`: what the layers consist of when the file is fetched */
async function contentOf(
  { blobs, placed }: Made,
  path: string,
  layer?: number,
  instead = blobs,
): Promise<string> {
  const file = findFile(placed, { path, ...(layer === undefined ? {} : { layer }) });
  const source = { digest: digestOf(blobs[file.layer]!), bytes: pieces(instead[file.layer]!) };
  return Buffer.concat(await Array.fromAsync(extractFile(source, file))).toString('latin1');
}

const lower = () =>
  layerOf(
    { 'etc/conf': 'lower', 'etc/gone': 'gone', 'usr/bin/tool': 'tool', empty: '', 'a\tb': 'tab' },
    { name: 'bin', flag: '2', link: 'usr/bin' },
    { name: 'etc/up', flag: '2', link: '../../../usr/bin/tool' },
    { name: 'etc/all', flag: '2', link: '/etc/up' },
    { name: 'etc/loop', flag: '2', link: 'loop' },
    { name: 'etc/nowhere', flag: '2', link: '/none' },
    { name: 'etc/same', flag: '1', link: 'etc/conf' },
    { name: 'dev/null', flag: '3' },
  );
const upper = () =>
  layerOf(
    { 'etc/conf': 'upper', 'etc/.wh.gone': '', 'bin/more': 'more', twice: 'first' },
    { name: 'twice', body: 'second' },
    { name: 'etc/again', flag: '1', link: 'etc/same' },
  );

test('a file has what the last layer brought, and links lead inside of the image alone', async () => {
  const image = await imageOf(lower(), upper());
  const found = async (path: string, layer?: number) => contentOf(image, path, layer);
  expect(await found('etc/conf')).toBe('upper');
  expect(await found('/etc/conf')).toBe('upper');
  expect(await found('etc/conf', 0)).toBe('lower');
  expect(await found('etc/same')).toBe('lower');
  expect(await found('etc/again')).toBe('lower');
  expect(await found('bin/tool')).toBe('tool');
  expect(await found('bin/more')).toBe('more');
  expect(await found('usr/bin/more')).toBe('more');
  expect(await found('etc/up')).toBe('tool');
  expect(await found('etc/all')).toBe('tool');
  expect(await found('../../etc/../bin/./tool')).toBe('tool');
  expect(await found('twice')).toBe('second');
  expect(await found('empty')).toBe('');
  expect(await found(String.raw`a\x09b`)).toBe('tab');
  expect(await found('etc/gone', 0)).toBe('gone');
});

test('what has no content is refused, by what it is', async () => {
  const { placed } = await imageOf(lower(), upper());
  const refusal = (path: string, layer?: number) => {
    try {
      return findFile(placed, { path, ...(layer === undefined ? {} : { layer }) });
    } catch (error) {
      return [(error as { code: string }).code, (error as Error).message];
    }
  };
  expect(refusal('etc/gone')).toEqual(['FILE_UNKNOWN', expect.stringContaining('"etc/gone"')]);
  expect(refusal('etc/gone', 1)).toEqual(['FILE_UNKNOWN', expect.anything()]);
  expect(refusal('etc/nowhere')).toEqual(['FILE_UNKNOWN', expect.anything()]);
  expect(refusal('etc/conf/x')).toEqual(['FILE_UNKNOWN', expect.anything()]);
  expect(refusal('usr/bin')).toEqual(['INPUT_INVALID', expect.stringContaining('"usr/bin" is a folder')]);
  expect(refusal('/')).toEqual(['INPUT_INVALID', expect.stringContaining('"/" is a folder')]);
  expect(refusal('dev/null')).toEqual(['INPUT_INVALID', expect.stringContaining('is a device')]);
  expect(refusal('etc/loop')).toEqual(['INPUT_INVALID', expect.stringContaining('in a circle')]);
  expect(refusal('etc/again', 1)).toEqual([
    'INPUT_INVALID',
    expect.stringContaining('not there in this layer'),
  ]);
  expect(refusal('etc/conf', 7)).toEqual(['INPUT_INVALID', expect.stringContaining('no layer 7')]);
});

test('what is longer than is given is refused, and sparse files have their holes', async () => {
  const sparse = (size: number) => {
    const map = [
      ['GNU.sparse.major', '0'],
      ['GNU.sparse.minor', '1'],
      ['GNU.sparse.name', 'big'],
      ['GNU.sparse.size', String(size)],
      ['GNU.sparse.map', '2,3'],
    ] as const;
    return tarOf({ name: 'x', flag: 'x', body: paxBody(map) }, { name: 'big', body: 'abc' });
  };
  const inventory = await readBytes(sparse(9));
  const long = { ...inventory, tree: { ...inventory.tree, sizes: [longestContent + 1] } };
  expect(() => findFile([{ inventory: long, layer: 0 }], { path: 'big' })).toThrow(/more than 1073741824/);
  expect(await contentOf(await imageOf(sparse(70_000)), 'big')).toBe(`\0\0abc${'\0'.repeat(69_995)}`);
});

test('layers are read however they are packed, and no further than the file', async () => {
  const tar = gunzipSync(upper());
  for (const blob of [tar, gzipSync(tar), zstdCompressSync(tar)])
    expect(await contentOf(await imageOf(blob), 'etc/conf')).toBe('upper');
  const large = layerOf({ first: '1', rest: randomBytes(3_000_000).toString('latin1') });
  const { placed } = await imageOf(large);
  let given = 0;
  async function* counted() {
    for await (const piece of pieces(large)) {
      given += piece.length;
      yield piece;
    }
  }
  const source = { digest: digestOf(large), bytes: counted() };
  const parts = await Array.fromAsync(extractFile(source, findFile(placed, { path: 'first' })));
  expect(Buffer.concat(parts).toString()).toBe('1');
  expect(given).toBeLessThan(large.length);
});

test('bytes that are not those that were taken apart give nothing to the end', async () => {
  const long = (last: string) => layerOf({ long: `${'x'.repeat(200_000)}${last}` });
  const image = await imageOf(long('1'));
  await expect(contentOf(image, 'long', undefined, [long('2')])).rejects.toThrow(/not what was found/);
  const source = { digest: digestOf(image.blobs[0]!), bytes: pieces(long('2')) };
  let given = '';
  const taken = (async () => {
    for await (const part of extractFile(source, findFile(image.placed, { path: 'long' })))
      given += part.toString();
  })();
  await expect(taken).rejects.toThrow(/not what was found/);
  expect(given).not.toContain('2');
  const cut = image.blobs[0]!.subarray(0, 100);
  await expect(contentOf(image, 'long', undefined, [cut])).rejects.toThrow(/end too early/);
  await expect(contentOf(image, 'long', undefined, [layerOf({ other: '' })])).rejects.toThrow(/not have/);
  await expect(contentOf(image, 'long', undefined, [Buffer.from('nonsense')])).rejects.toThrow(/not have/);
});

test('of files that were not hashed, the blob must be the one that was taken apart', async () => {
  const blob = layerOf({ one: '1', two: '2' });
  const inventory = await readBytes(blob, { digests: 1 });
  const file = findFile([{ inventory, layer: 0 }], { path: 'two' });
  expect(file.sha256).toBeUndefined();
  const read = (bytes: Buffer) =>
    Array.fromAsync(extractFile({ digest: digestOf(blob), bytes: pieces(bytes) }, file, defaultLimits));
  expect(Buffer.concat(await read(blob)).toString()).toBe('2');
  await expect(read(layerOf({ one: '1', two: '3' }))).rejects.toThrow(/not what was found/);
});

test('an image that was not read whole says so', async () => {
  const whole = gunzipSync(lower());
  const { placed } = await imageOf(whole.subarray(0, whole.length - 1500), upper());
  expect(findFile(placed, { path: 'etc/conf' }).complete).toBe(false);
  expect(findFile(placed, { path: 'etc/conf', layer: 1 }).complete).toBe(true);
});

test('a bomb before the file ends the reading', async () => {
  const blob = gzipSync(tarOf({ name: 'bomb', body: Buffer.alloc(3_000_000) }, { name: 'x', body: 'x' }));
  const { placed } = await imageOf(blob);
  const limits = { ...defaultLimits, bytes: 1_000_000 };
  const source = { digest: digestOf(blob), bytes: pieces(blob) };
  const reading = Array.fromAsync(extractFile(source, findFile(placed, { path: 'x' }), limits));
  await expect(reading).rejects.toThrow(/unpacks to more than/);
});
