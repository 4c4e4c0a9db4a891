import { constants, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBytes, tarOf } from '../layer-fixture.ts';
import { RustScanner } from './rust-scanner.ts';
import { elfOf } from './rust.fixtures.ts';
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

function scan(bytes: Buffer, piece: number): string | undefined {
  let found: Buffer | string | undefined;
  const scanner = new RustScanner(1024 ** 2, bytes.length, (text) => (found = text));
  for (let at = 0; at < bytes.length; at += piece) scanner.data(bytes.subarray(at, at + piece));
  scanner.end(true);
  return found?.toString();
}

describe('crates of Rust binaries', () => {
  it.each([0, 1, 3, 300, 6000])('are found whatever packed the records of %i', (count) => {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED]) {
        const bytes = elfOf(deflateSync(data(count), { level, strategy }));
        for (const piece of count > 300 ? [977, 65_536] : [1, 31, 65_536])
          expect(scan(bytes, piece)).toBe(data(count));
      }
    }
  });

  it('are not there in a binary that only mentions them', () => {
    const packed = deflateSync(data(3));
    expect(scan(elfOf(packed, { name: '.other' }), 4096)).toBeUndefined();
    const mentions = Buffer.from('see .dep-v0\0 of a binary');
    expect(scan(elfOf(packed, { name: '.other', before: mentions }), 4096)).toBeUndefined();
  });

  it('are found where a tool took the section headers away', () => {
    expect(scan(elfOf(deflateSync(data(3)), { headers: false }), 100)).toBe(data(3));
  });

  it('are broken where the section is there and has no such record', () => {
    const packed = deflateSync(data(30));
    expect(scan(elfOf(packed, { shift: 1 }), 4096)).toBe('broken');
    expect(scan(elfOf(packed.subarray(0, -20)), 4096)).toBe('broken');
    expect(scan(elfOf(Buffer.from('plain text')), 4096)).toBe('broken');
    const decoys = Buffer.concat(Array.from({ length: 20 }, () => deflateSync('{"a":1}')));
    expect(scan(elfOf(packed, { before: decoys }), 4096)).toBe('broken');
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
    const layer = async (text: string) =>
      readBytes(tarOf({ name: 'usr/bin/x', body: elfOf(deflateSync(text)) }));
    const [record] = (await layer(data(2))).records.filter(({ kind }) => kind === 'packages');
    expect(record).toMatchObject({ format: 'rust', packages: [{ name: 'crate-0' }, { name: 'crate-1' }] });
    expect(await layer('{"packages":[{}]}')).toMatchObject({ complete: false });
  });
});
