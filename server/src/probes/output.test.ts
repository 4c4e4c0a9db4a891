import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readOutput } from './output.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
  );

test.each([1, 3, 8, 9, 1000])('both streams are told apart, in pieces of %i bytes', async (size) => {
  const bytes = Buffer.concat([frame(1, 'one'), frame(2, 'oh'), frame(1, ''), frame(1, 'two')]);
  const output = await readOutput(inPieces(bytes, size), 6);
  expect(output?.stdout.toString()).toBe('onetwo');
  expect(output?.stderr).toBe('oh');
});

test('nothing is given once there is more than there may be', async () => {
  expect(await readOutput(inPieces(frame(1, '1234567'), 4), 6)).toBeUndefined();
  const complaints = frame(2, 'x'.repeat(2 * 1024 * 1024));
  expect(await readOutput(inPieces(complaints, 65_536), 6)).toBeUndefined();
});

test('nothing is given of what is no such stream', async () => {
  expect(await readOutput(inPieces(Buffer.from('{"findings":[]}'), 100), 100)).toBeUndefined();
});
