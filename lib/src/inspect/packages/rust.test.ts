import { randomBytes } from 'node:crypto';
import { constants, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBytes, tarOf } from '../layer-fixture.ts';
import { RustScanner } from './rust-scanner.ts';
import { parseAuditData } from './rust.ts';

const data = (count: number): string =>
  JSON.stringify({
    packages: [
      { name: 'cc', version: '1.0.0', source: 'crates.io', kind: 'build' },
      ...Array.from({ length: count }, (_, at) => ({
        name: `crate-${at}`,
        version: `1.${at}.0`,
        source: at % 2 === 0 ? 'crates.io' : 'local',
      })),
    ],
  });

interface Shape {
  readonly before?: Buffer;
  readonly name?: string;
  /** how far the headers lead past the section */
  readonly shift?: number;
  readonly headers?: boolean;
}

/** A 64-bit little-endian ELF file with one section beside that of the names, and the section headers at its end. */
function elf(content: Buffer, { before = randomBytes(9000), name = '.dep-v0', shift = 0, headers = true }: Shape = {}): Buffer {
  const names = Buffer.from(`\0.shstrtab\0${name}\0`);
  const at = 64 + before.length;
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(64, 58);
  if (headers) {
    head.writeBigUInt64LE(BigInt(at + content.length + names.length), 40);
    head.writeUInt16LE(3, 60);
    head.writeUInt16LE(2, 62);
  }
  const section = (nameAt: number, offset: number, size: number): Buffer => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(nameAt, 0);
    header.writeBigUInt64LE(BigInt(offset), 24);
    header.writeBigUInt64LE(BigInt(size), 32);
    return header;
  };
  const table = [
    section(0, 0, 0),
    section(11, at + shift, content.length),
    section(1, at + content.length, names.length),
  ];
  return Buffer.concat([head, before, content, names, ...(headers ? table : [])]);
}

function scan(bytes: Buffer, piece: number): string | undefined {
  let found: Buffer | string | undefined;
  const scanner = new RustScanner(1024 ** 2, (text) => (found = text));
  for (let at = 0; at < bytes.length; at += piece) scanner.data(bytes.subarray(at, at + piece));
  scanner.end(true);
  return found?.toString();
}

describe('crates of Rust binaries', () => {
  it.each([0, 1, 3, 300, 6000])('are found whatever packed the records of %i', (count) => {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED]) {
        const bytes = elf(deflateSync(data(count), { level, strategy }));
        for (const piece of count > 300 ? [977, 65_536] : [1, 31, 65_536]) expect(scan(bytes, piece)).toBe(data(count));
      }
    }
  });

  it('are not there in a binary that only mentions them', () => {
    const packed = deflateSync(data(3));
    expect(scan(elf(packed, { name: '.other' }), 4096)).toBeUndefined();
    const mentions = Buffer.from('see .dep-v0\0 of a binary');
    expect(scan(elf(packed, { name: '.other', before: mentions }), 4096)).toBeUndefined();
  });

  it('are found where a tool took the section headers away', () => {
    expect(scan(elf(deflateSync(data(3)), { headers: false }), 100)).toBe(data(3));
  });

  it('are broken where the section is there and has no such record', () => {
    const packed = deflateSync(data(30));
    expect(scan(elf(packed, { shift: 1 }), 4096)).toBe('broken');
    expect(scan(elf(packed.subarray(0, -20)), 4096)).toBe('broken');
    expect(scan(elf(Buffer.from('plain text')), 4096)).toBe('broken');
    const decoys = Buffer.concat(Array.from({ length: 20 }, () => deflateSync('{"a":1}')));
    expect(scan(elf(packed, { before: decoys }), 4096)).toBe('broken');
  });

  it('are those that the binary was built from, not what built it', () => {
    expect(parseAuditData(data(2))).toEqual([
      { type: 'cargo', name: 'crate-0', version: '1.0.0', ecosystem: 'crates.io' },
      { type: 'cargo', name: 'crate-1', version: '1.1.0', ecosystem: 'crates.io' },
    ]);
    for (const text of ['', '[]', '{}', '{"packages":[1]}', '{"packages":[{"name":"a b","version":"1"}]}'])
      expect(parseAuditData(text)).toBeUndefined();
  });

  it('are told of a layer, and what cannot be read makes it incomplete', async () => {
    const layer = async (text: string) => readBytes(tarOf({ name: 'usr/bin/x', body: elf(deflateSync(text)) }));
    const [record] = (await layer(data(2))).records.filter(({ kind }) => kind === 'packages');
    expect(record).toMatchObject({ format: 'rust', packages: [{ name: 'crate-0' }, { name: 'crate-1' }] });
    expect(await layer('{"packages":[{}]}')).toMatchObject({ complete: false });
  });
});
