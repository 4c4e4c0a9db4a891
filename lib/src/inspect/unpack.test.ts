import { setImmediate as turn } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createDecompressor, detectCompression } from './compression.ts';
import { dpkgStatus, readBytes, tarOf } from './layer-fixture.ts';
import { defaultLimits } from './limits.ts';
import { unpack } from './unpack.ts';

/** Text that packs to about half, the same each time. */
function text(length: number, seed: string): string {
  let all = '';
  for (let at = 0; all.length < length; at += 1)
    all += createHash('sha512').update(`${seed} ${at}`).digest('hex');
  return all.slice(0, length);
}

/** With a checksum, without which damage to bytes that could not be packed goes unnoticed. */
function zstd(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}

async function* inPieces(bytes: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

/** What comes of bytes that are given in pieces, to somebody who takes a while for each. */
async function unpackSlowly(bytes: Buffer, piece: number, turns: number) {
  const { compression } = detectCompression(bytes);
  const stream = createDecompressor(compression === 'zstd' ? 'zstd' : 'gzip', defaultLimits);
  const hash = createHash('sha256');
  /** what counts as packed for the bytes that came of it */
  const sources = new Map<number, number>();
  let size = 0;
  let failure = 'none';
  try {
    for await (const unpacked of unpack(inPieces(bytes, piece), stream)) {
      hash.update(unpacked.bytes);
      size += unpacked.bytes.length;
      sources.set(unpacked.from, size);
      for (let turned = 0; turned < turns; turned += 1) await turn();
    }
  } catch (error) {
    failure = (error as NodeJS.ErrnoException).code ?? String(error);
  }
  const left = bytes.length - stream.bytesWritten;
  return { failure, size, digest: hash.digest('hex'), sources: [...sources], left };
}

const plain = Buffer.from(text(3_000_000, 'layer'));
const packings = { gzip: gzipSync(plain), zstd: zstd(plain) };

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let index = at; index < at + 8; index += 1) copy[index]! ^= 0x55;
  return copy;
}

/** Packed bytes that break off, are damaged, or have others behind them. */
const broken = Object.entries(packings).flatMap(([name, packed]) => [
  ...[40, 70_000, 262_144, 262_145, 900_000, packed.length - 9, packed.length - 1].map(
    (length) => [`${name} that breaks off after ${length} bytes`, packed.subarray(0, length)] as const,
  ),
  ...[30, 262_140, 700_000, 1_200_000].map(
    (at) => [`${name} that is damaged at byte ${at}`, changed(packed, at)] as const,
  ),
  [`${name} with zeros behind it`, Buffer.concat([packed, Buffer.alloc(700_000)])] as const,
  [`${name} with garbage behind it`, Buffer.concat([packed, Buffer.alloc(700_000, 7)])] as const,
]);

describe('unpack', () => {
  it.each(Object.entries(packings))(
    'gives all of %s, and says of how much it came',
    async (_name, packed) => {
      const found = await unpackSlowly(packed, 100_000, 0);
      const digest = createHash('sha256').update(plain).digest('hex');
      expect(found).toMatchObject({ failure: 'none', size: plain.length, digest, left: 0 });
      expect(found.sources.at(-1)).toEqual([packed.length, plain.length]);
      expect(found.sources.length).toBe(Math.ceil(packed.length / (256 * 1024)));
    },
  );

  it.each(broken)('gives the same of %s, whatever the pieces and whoever waits', async (_name, bytes) => {
    const expected = await unpackSlowly(bytes, bytes.length, 0);
    expect(expected.failure !== 'none' || expected.left > 0).toBe(true);
    for (const [piece, turns] of [
      [64 * 1024, 0],
      [5000, 20],
      [bytes.length, 50],
      [1_000_000, 5],
    ] as const)
      expect(await unpackSlowly(bytes, piece, turns)).toEqual(expected);
  });

  it('gives all that can be unpacked before packed bytes break off', async () => {
    const members = Buffer.concat([
      gzipSync(plain.subarray(0, 1_000_000)),
      gzipSync(plain.subarray(1_000_000)),
    ]);
    for (const missing of [1, 8]) {
      const found = await unpackSlowly(members.subarray(0, -missing), 65_536, 3);
      expect(found).toMatchObject({ failure: 'Z_BUF_ERROR', size: plain.length });
    }
  });

  it('throws what the source throws, and lets the source end where nobody wants more', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield packings.gzip.subarray(0, 600_000);
      throw new Error('disk on fire');
    }
    const stream = createDecompressor('gzip', defaultLimits);
    await expect(Array.fromAsync(unpack(failing(), stream))).rejects.toThrow('disk on fire');

    let ended = (): void => {};
    const end = new Promise<void>((resolve) => (ended = resolve));
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        yield packings.gzip.subarray(0, -9);
        for (;;) yield gzipSync(plain);
      } finally {
        ended();
      }
    }
    for await (const piece of unpack(endless(), createDecompressor('gzip', defaultLimits))) {
      expect(piece.bytes.length).toBeGreaterThan(0);
      break;
    }
    await end;
  });
});

describe('inventories of layers that cannot be unpacked to their end', () => {
  const entries = Array.from({ length: 30 }, (_, at) => ({
    name: `usr/share/file${at}`,
    body: text(30_000, `file ${at}`),
  }));
  const tar = tarOf({ name: 'var/lib/dpkg/status', body: dpkgStatus({ a: '1', b: '2' }) }, ...entries, {
    name: 'app/node_modules/x/package.json',
    body: '{"name":"x","version":"1.0.0"}',
  });

  for (const [name, packed] of [
    ['gzip', gzipSync(tar)],
    ['zstd', zstd(tar)],
  ] as const) {
    it(`are equal each time, wherever ${name} breaks off or is damaged`, async () => {
      const sizes = new Set<number>();
      for (let cut = 1; cut <= 9; cut += 1) {
        const length = Math.floor((packed.length * cut) / 10);
        for (const bytes of [packed.subarray(0, length), changed(packed, length)]) {
          const first = await readBytes(bytes, {}, bytes.length);
          expect(first.complete).toBe(false);
          sizes.add(first.size);
          for (const piece of [7_000, 65_536, bytes.length])
            expect(await readBytes(bytes, {}, piece)).toEqual(first);
        }
      }
      expect(sizes.size).toBeGreaterThan(5);
    });
  }

  it('end exactly where a limit lies', async () => {
    const bomb = gzipSync(Buffer.concat([tar, Buffer.alloc(20_000_000)]));
    const ratio = { ratio: 5, ratioFrom: 1_500_000 };
    const first = await readBytes(bomb, ratio, bomb.length);
    expect(first.problems.map(({ code }) => code)).toContain('ratio');
    for (const piece of [10_000, 65_536, bomb.length])
      expect(await readBytes(bomb, ratio, piece)).toEqual(first);
    for (const bytes of [tar, gzipSync(tar), zstd(tar)]) {
      const cut = await readBytes(bytes, { bytes: 500_000 }, 30_000);
      expect(cut).toMatchObject({ size: 500_000, complete: false });
      expect(await readBytes(bytes, { bytes: 500_000 }, bytes.length)).toEqual(cut);
    }
  });
});
