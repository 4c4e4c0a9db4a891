import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { readLayer } from '../layer.ts';
import { entryBlocks, tarOf } from '../layer-fixture.ts';
import { defaultLimits } from '../limits.ts';
import { startHashThread } from './start-hash-thread.ts';

/** Format 1.0 of sparse files: the map stands before the content. */
const sparse = Buffer.concat([
  entryBlocks({
    name: 'pax',
    flag: 'x',
    body: '22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n29 GNU.sparse.realsize=70000\n',
  }),
  entryBlocks({
    name: 'sparse',
    body: Buffer.concat([Buffer.from('1\n500\n4\n'.padEnd(512, '\0')), Buffer.from('data')]),
  }),
]);

/** What does not become shorter packed, so that one piece of the packed bytes fills a part of the memory for unpacked ones. */
const random = Buffer.concat(
  Array.from({ length: 60_000 }, (_, index) => createHash('sha256').update(String(index)).digest()),
);

const tar = tarOf(
  { name: 'small', body: 'small' },
  { name: 'large', body: Buffer.alloc(3_000_000, 'abc') },
  { name: 'empty' },
);
const whole = Buffer.concat([sparse, tar]);
const mixed = tarOf({ name: 'random', body: random }, { name: 'small', body: 'small' });

async function* inPieces(bytes: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

test('a thread hashes layers one after the other as is done without it', async () => {
  const startLane = startHashThread();
  for (const bytes of [
    gzipSync(whole),
    gzipSync(mixed),
    whole,
    gzipSync(whole).subarray(0, -9),
    Buffer.from('{}'),
    Buffer.alloc(0),
  ]) {
    for (const piece of [700, 100_000]) {
      const source = () => ({ digest: digestOf(bytes), bytes: inPieces(bytes, piece) });
      const here = await readLayer(source());
      expect(await readLayer(source(), defaultLimits, undefined, startLane())).toEqual(here);
    }
  }
});
