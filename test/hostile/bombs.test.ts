import { gzipSync } from 'node:zlib';
import { entryBlocks, paxBody, tarOf, type FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, layerOf, packed, rawLayer, smallRoot, type Layer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256 } from '../harness/registry-client.ts';
import { openSetting, type Setting } from './setting.ts';

const MiB = 1024 ** 2;
const zstdType = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** A layer whose diffID nobody could tell without unpacking it. */
const bomb = (bytes: Buffer, mediaType: string = types.layerGzip): Layer => ({
  ...rawLayer(bytes, mediaType),
  diffId: sha256('whatever'),
});

const times = (count: number, bytes: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

/** The header of a file that claims the most that eleven octal digits can say. */
const hugeFile = entryBlocks({ name: 'huge', size: 8 * 1024 ** 3 - 1 });

/** A frame of zstd (RFC 8878) with this window descriptor, whose blocks repeat one byte 128 KiB long each. */
function zstdFrame(windowDescriptor: number, blocks: number, first: Buffer = Buffer.alloc(0)): Buffer {
  const block = (header: number, content: Buffer): Buffer => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntLE(header, 0, 3);
    return Buffer.concat([bytes, content]);
  };
  const raw = first.length === 0 ? [] : [block(first.length << 3, first)];
  const repeated = block((1 << 1) | ((128 * 1024) << 3), Buffer.of(0));
  const last = block(1, Buffer.alloc(0));
  const header = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor);
  return Buffer.concat([header, ...raw, times(blocks, repeated), last]);
}

const manyNames = (count: number): FixtureEntry[] =>
  Array.from({ length: count }, (_, at) => ({ name: `d/${at.toString(36).padStart(8, '0')}` }));

const manyPackages = (count: number): string =>
  Array.from({ length: count }, (_, at) => `Package: a\nVersion: ${at % 16 === 0 ? at : 1}\n\n`).join('');

const deepPath = (depth: number): FixtureEntry => ({
  name: 'pax',
  flag: 'x',
  body: paxBody([['path', `${'a/'.repeat(depth)}f`]]),
});

/** By name: what is found, and the layer. */
const bombs: Readonly<Record<string, readonly [problem: string, make: () => Layer]>> = {
  'gzip that unpacks to 40 GiB': [
    'ratio',
    () => bomb(Buffer.concat([gzipSync(hugeFile), times(640, gzipSync(Buffer.alloc(64 * MiB)))])),
  ],
  'gzip in gzip': ['unsupported', () => bomb(gzipSync(gzipSync(tarOf({ name: 'inner', body: 'x' }))))],
  'zstd with a window of two terabytes': ['too-large', () => bomb(zstdFrame(0xf8, 10, hugeFile), zstdType)],
  'zstd with a window of a gigabyte': ['too-large', () => bomb(zstdFrame(20 << 3, 8000, hugeFile), zstdType)],
  'zstd that unpacks to 40 GiB': ['ratio', () => bomb(zstdFrame(10 << 3, 320_000, hugeFile), zstdType)],
  'two and a half million entries': [
    'too-many-entries',
    () => bomb(times(25, gzipSync(Buffer.concat(manyNames(100_000).map(entryBlocks)), { level: 1 }))),
  ],
  'folders in folders': ['too-deep', () => layerOf(deepPath(480), { name: 'short' })],
  'a package database without end': [
    'too-large',
    () =>
      bomb(
        Buffer.concat([
          gzipSync(entryBlocks({ name: 'var/lib/dpkg/status', size: 2 * 1024 ** 3 })),
          // a hundred to one, which its ratio does not stop before
          times(40, gzipSync(manyPackages(300_000))),
        ]),
      ),
  ],
  'links in a circle': [
    'link-loop',
    () =>
      layerOf(
        { name: 'var', flag: '2', link: 'lib' },
        { name: 'lib', flag: '2', link: 'var' },
        { name: 'var/lib/dpkg/status', body: 'Package: a\n' },
      ),
  ],
  'an archive cut in the middle': [
    'truncated',
    () => {
      const { bytes } = packed(tarOf({ name: 'a', body: Buffer.alloc(100_000, 'x') }));
      return bomb(bytes.subarray(0, bytes.length / 2));
    },
  ],
};

describe('bombs', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting();
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  it.each(Object.keys(bombs))('%s: held, and nothing else is harmed', async (name) => {
    const [problem, make] = bombs[name]!;
    const image = await setting.inspect(name.replaceAll(/\W+/g, '-'), imageOf([make()]));
    expect(image).toMatchObject({ complete: false, status: 403, verdict: { outcome: 'hold' } });
    expect(image.problems).toContain(problem);
    const next = await setting.inspect(`after-${name.replaceAll(/\W+/g, '-')}`, imageOf([smallRoot(name)]));
    expect(next).toMatchObject({ complete: true, status: 200 });
  });

  it('leave the server up, and small', async () => {
    expect((await setting.admin.send('GET', '/readyz')).status).toBe(200);
    // resident memory is looked at from outside and from time to time: some may come between
    expect(setting.peaks.workers).toBeGreaterThan(0);
    expect(setting.peaks.workers).toBeLessThan(600 * MiB);
    expect(setting.peaks.server).toBeLessThan(1024 * MiB);
  });
});
