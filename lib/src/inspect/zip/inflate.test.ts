import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflater } from './inflate.ts';

interface Unpacked {
  readonly bytes: Buffer;
  readonly rest: Buffer;
  readonly state: 'done' | 'broken' | 'open';
}

function unpack(packed: Buffer, piece: number): Unpacked {
  const parts: Buffer[] = [];
  const inflater = new Inflater((bytes) => void parts.push(Buffer.from(bytes)));
  let rest: Buffer | undefined;
  let at = 0;
  for (; at < packed.length && rest === undefined; at += piece)
    rest = inflater.push(packed.subarray(at, at + piece));
  rest ??= inflater.finish();
  const state = inflater.done ? 'done' : inflater.broken ? 'broken' : 'open';
  return { bytes: Buffer.concat(parts), rest: Buffer.concat([rest, packed.subarray(at)]), state };
}

const texts: ReadonlyArray<readonly [string, Buffer]> = [
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from('a')],
  ['text', Buffer.from('{"name":"a","version":"1"}'.repeat(4000))],
  ['noise', randomBytes(150_000)],
  ['zeros', Buffer.alloc(400_000)],
  [
    'text that repeats far apart',
    Buffer.concat([randomBytes(30_000), Buffer.alloc(2000), randomBytes(30_000)]),
  ],
];
const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

describe('deflate streams', () => {
  it.each(texts)(
    'of %s come out as they went in, whatever made them and however they come',
    (_name, text) => {
      for (const level of [0, 1, 6, 9]) {
        for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]) {
          const packed = Buffer.concat([deflateRawSync(text, { level, strategy }), Buffer.from('behind it')]);
          for (const piece of [13, 4096, packed.length]) {
            const { bytes, rest, state } = unpack(packed, piece);
            expect([state, rest.toString(), bytes.equals(text)]).toEqual(['done', 'behind it', true]);
          }
        }
      }
    },
  );

  it('may come byte by byte', () => {
    const text = Buffer.from('abcabcabc'.repeat(300));
    expect(unpack(deflateRawSync(text), 1)).toMatchObject({ state: 'done', bytes: text });
  });

  it('are broken wherever they break off', () => {
    const packed = deflateRawSync(Buffer.from('{"name":"a","version":"1"}'.repeat(40)));
    for (let length = 0; length < packed.length; length += 1)
      expect(unpack(packed.subarray(0, length), 50).state).toBe('broken');
  });

  it('are read or refused, whatever their bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(1, 7, 2000), (bytes, piece) => {
        expect(unpack(Buffer.from(bytes), piece).state).not.toBe('open');
      }),
      { numRuns: 2000 },
    );
  });
});
