import { pipeline, Readable } from 'node:stream';
import { WharfingerError } from '../errors.ts';
import { createDecompressor, describeFailure, detectCompression } from '../inspect/compression.ts';
import type { LayerLimits } from '../inspect/limits.ts';
import { TarReader, type TarVisitor } from '../inspect/tar/reader.ts';

/** Refuses an image whose files cannot be laid out exactly as an engine would. */
export function unreadable(what: string): never {
  throw new WharfingerError('PROBE_SUBJECT_UNREADABLE', { what });
}

/**
 * Reads the archive of a layer, and calls back between its pieces. What would leave doubt about a single file ends it: a probe
 * looks at all that an image contains, or at nothing.
 *
 * @param bytes the blob, checked against its digest while it flows
 * @throws WharfingerError PROBE_SUBJECT_UNREADABLE; what `bytes` throws
 */
export async function* readArchive(
  bytes: AsyncIterable<Uint8Array>,
  entry: TarVisitor['entry'],
  limits: LayerLimits,
): AsyncGenerator<void> {
  const reader = new TarReader(
    {
      entry,
      problem(_code, message, hides) {
        if (hides) unreadable(message);
      },
      secondArchive: () => unreadable('another archive follows the end of a layer, where engines differ'),
    },
    limits,
  );
  for await (const chunk of unpacked(bytes, limits)) {
    reader.push(chunk);
    yield;
  }
  reader.end();
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>, limits: LayerLimits): AsyncGenerator<Buffer> {
  const iterator = bytes[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let length = 0;
  while (length < 512) {
    const next = await iterator.next();
    if (next.done === true) break;
    start.push(Buffer.from(next.value));
    length += next.value.length;
  }
  const head = Buffer.concat(start);
  let packed = 0;
  let failure: unknown;
  async function* all(): AsyncGenerator<Buffer> {
    try {
      packed += head.length;
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        packed += next.value.length;
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await iterator.return?.();
    }
  }
  const { compression, foreign } = detectCompression(head);
  if (foreign !== undefined) unreadable(`a layer is compressed with ${foreign}`);
  let size = 0;
  const bounded = (chunk: Buffer): Buffer => {
    size += chunk.length;
    if (size > limits.bytes) unreadable(`a layer unpacks to more than ${limits.bytes} bytes`);
    if (size > limits.ratioFrom && size > limits.ratio * packed)
      unreadable(`a layer unpacks to more than ${limits.ratio} times its size`);
    return chunk;
  };
  if (compression === 'none') {
    for await (const chunk of all()) yield bounded(chunk);
    return;
  }
  const decompressor = createDecompressor(compression, limits);
  pipeline(Readable.from(all(), { objectMode: true, highWaterMark: 2 }), decompressor, () => {
    // failures come out of the iteration below as well
  });
  try {
    for await (const chunk of decompressor as AsyncIterable<Buffer>) yield bounded(chunk);
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof WharfingerError) throw error;
    unreadable(describeFailure(error).message);
  }
  if (decompressor.bytesWritten < packed) unreadable('bytes that are not compressed follow those that are');
}
