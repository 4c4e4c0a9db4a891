import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GoScanner, type GoBuild } from './go-scanner.ts';

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
const start = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
const end = Buffer.from('f932433186182072008242104116d8f2', 'hex');
const text =
  'path\tx\nmod\texample.com/x\t(devel)\t\ndep\ta.b/c\tv1.2.3\th1:x=\ndep\ta.b/d\tv1.0.0\n=>\te.f/d\tv1.1.0\th1:\ndep\ta.b/e\tv2.0.0\n=>\t./e\t\t\n';
const modules = [
  { path: 'a.b/c', version: 'v1.2.3' },
  { path: 'e.f/d', version: 'v1.1.0' },
  { path: 'a.b/e', version: 'v2.0.0' },
];

function scanAll(bytes: Buffer, piece: number, limit = 1024 ** 2): readonly GoBuild[] | 'broken' {
  let found: readonly GoBuild[] | 'broken' = [];
  const scanner = new GoScanner(limit, bytes.length, (result) => {
    found = result;
  });
  for (let at = 0; at < bytes.length; at += piece) scanner.data(bytes.subarray(at, at + piece));
  scanner.end(true);
  return found;
}

/** Of a file that has it once, or not at all. */
function scan(bytes: Buffer, piece: number, limit?: number): GoBuild | 'broken' | undefined {
  const found = scanAll(bytes, piece, limit);
  if (found === 'broken') return found;
  expect(found.length).toBeLessThan(2);
  return found[0];
}

/** A 64-bit little-endian ELF file of `size` bytes that is loaded at 0x400000 as it is. */
function elf(size: number): Buffer {
  const bytes = Buffer.alloc(size, 0x2e);
  bytes.fill(0, 0, 120);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeBigUInt64LE(0x400000n, 80);
  bytes.writeBigUInt64LE(BigInt(size), 96);
  return bytes;
}

function inline(version: string, moduleText: string): Buffer {
  const wrapped = Buffer.concat([start, Buffer.from(moduleText), end]);
  const length = Buffer.from([(wrapped.length & 0x7f) | 0x80, wrapped.length >> 7]);
  const head = Buffer.alloc(32);
  magic.copy(head);
  head[15] = 2;
  return Buffer.concat([head, Buffer.from([version.length]), Buffer.from(version), length, wrapped]);
}

function pointed(): Buffer {
  const bytes = elf(20_000);
  const wrapped = Buffer.concat([start, Buffer.from(text), end]);
  bytes.write('go1.16.5go1.13', 9000);
  wrapped.copy(bytes, 10_000);
  magic.copy(bytes, 16_000);
  bytes[16_014] = 8;
  bytes[16_015] = 0;
  bytes.writeBigUInt64LE(0x400000n + 17_000n, 16_016);
  bytes.writeBigUInt64LE(0x400000n + 17_100n, 16_024);
  bytes.writeBigUInt64LE(0x400000n + 9000n, 17_000);
  bytes.writeBigUInt64LE(8n, 17_008);
  bytes.writeBigUInt64LE(0x400000n + 10_000n, 17_100);
  bytes.writeBigUInt64LE(BigInt(wrapped.length), 17_108);
  return bytes;
}

const pieces = [1, 7, 64, 4096, 100_000];

describe('build information of Go binaries', () => {
  it.each(pieces)('is found inline, in pieces of %i bytes', (piece) => {
    const bytes = Buffer.concat([elf(16_000), inline('go1.20.7', text), Buffer.alloc(500)]);
    expect(scan(bytes, piece)).toEqual({ go: 'go1.20.7', modules });
  });

  it.each(pieces)('is found behind pointers, in pieces of %i bytes', (piece) => {
    expect(scan(pointed(), piece)).toEqual({ go: 'go1.16.5', modules });
  });

  it.each(pieces)('counts all of it, in pieces of %i bytes', (piece) => {
    const other = inline('go1.26.0', 'path\tx\nmod\texample.com/x\t(devel)\t\n');
    const padding = Buffer.alloc(16 - (other.length % 16) + 16_000);
    const both = Buffer.concat([elf(16_000), other, padding, inline('go1.20.7', text), Buffer.alloc(500)]);
    expect(scanAll(both, piece)).toEqual([
      { go: 'go1.26.0', modules: [] },
      { go: 'go1.20.7', modules },
    ]);
  });

  it('is not passed over behind many things that look like it', () => {
    const likes = Buffer.alloc(64 * 80);
    for (let at = 0; at < likes.length; at += 64) {
      magic.copy(likes, at);
      likes[at + 15] = 2;
    }
    expect(scanAll(Buffer.concat([elf(16_000), likes, inline('go1.20.7', text)]), 4096)).toBe('broken');
  });

  it('is not mistaken for text that looks like it', () => {
    expect(scan(Buffer.concat([elf(16_001), inline('go1.20.7', text)]), 4096)).toBeUndefined();
    expect(scan(elf(5000), 4096)).toBeUndefined();
  });

  it('is broken where pointers lead nowhere or text is too long', () => {
    const bytes = pointed();
    bytes.writeBigUInt64LE(0x500000n, 17_000);
    expect(scan(bytes, 4096)).toBe('broken');
    const long = Buffer.concat([elf(16_000), inline('go1.20.7', text), Buffer.alloc(500)]);
    expect(scan(long, 4096, 100)).toBe('broken');
    expect(scan(Buffer.concat([elf(16_000), inline('go1.20.7', text).subarray(0, 90)]), 4096)).toBe('broken');
  });
});

const tools = process.env['WHARFINGER_TEST_TOOLS'];
describe.skipIf(tools === undefined)('real Go binaries (WHARFINGER_TEST_TOOLS)', () => {
  it('knows what crane was built from', async () => {
    const found = scan(await readFile(join(tools!, 'crane')), 65_536);
    expect(found).toMatchObject({ go: expect.stringMatching(/^go1\.\d+/) });
    const paths = typeof found === 'object' ? found.modules.map(({ path }) => path) : [];
    expect(paths).toContain('github.com/spf13/cobra');
  });
});
