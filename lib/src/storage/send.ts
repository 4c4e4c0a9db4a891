import type { Writable } from 'node:stream';
import type { BlobReader } from './blob-store.ts';

const bufferSize = 1024 * 1024;
const maxIdle = 16;

/** Buffers that nobody reads into or writes from; to fault in fresh memory for each blob costs more than to copy it. */
const idle: Buffer[] = [];

function takeBuffer(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
}

function giveBack(buffer: Buffer): void {
  if (idle.length < maxIdle) idle.push(buffer);
}

/** Part of a blob: bytes `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Fills `target` from `position`, as far as the blob goes. */
async function fill(reader: BlobReader, target: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < target.length) {
    const count = await reader.read(filled === 0 ? target : target.subarray(filled), position + filled);
    if (count === 0) {
      throw new Error(`stored bytes end at ${position + filled}, ${target.length - filled} short`);
    }
    filled += count;
  }
  return target;
}

/** Resolves to true once the bytes have left for the kernel, to false once the receiver is gone. */
function write(target: Writable, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = () => resolve(false);
    target.once('close', gone);
    target.write(bytes, (error) => {
      target.off('close', gone);
      resolve(!error);
    });
  });
}

/**
 * Sends a blob or a part of it and ends the target: one buffer is read ahead while the other is written, never more, so
 * that a slow receiver costs two mebibytes and a small blob no more than its own size.
 *
 * @param target done with bytes when its write calls back, as a response or a socket is: they are used again then
 * @param begin called when the first bytes are there, just before they are sent: the place to write headers
 * @returns false if the receiver went away before the end
 * @throws what the reader throws; the target has been destroyed then if `begin` was called
 */
export async function sendBlob(
  reader: BlobReader,
  target: Writable,
  { start, end }: ByteRange,
  begin: () => void,
): Promise<boolean> {
  const size = end - start;
  if (size < bufferSize) {
    const bytes = await fill(reader, Buffer.allocUnsafe(size), start);
    if (target.destroyed) return false;
    begin();
    target.end(bytes);
    return true;
  }
  const buffers = [takeBuffer(), size > bufferSize ? takeBuffer() : undefined] as const;
  let begun = false;
  let quiet = false;
  try {
    let ahead: Promise<Buffer> | undefined = fill(reader, buffers[0], start);
    for (let at = start, turn = 0; ahead; turn ^= 1) {
      const bytes: Buffer = await ahead;
      at += bytes.length;
      const next = buffers[(turn ^ 1) as 0 | 1];
      const left = end - at;
      ahead = left > 0 && next ? fill(reader, next.subarray(0, Math.min(left, bufferSize)), at) : undefined;
      // Its failure is met at the next turn; until then nobody listens.
      ahead?.catch(() => undefined);
      if (!begun) begin();
      begun = true;
      if (target.destroyed || !(await write(target, bytes))) {
        await ahead?.catch(() => undefined);
        return false;
      }
    }
    quiet = true;
    target.end();
    return true;
  } catch (error) {
    if (begun) target.destroy();
    throw error;
  } finally {
    // After an abort the kernel may still read from a buffer: it must not carry another blob.
    if (quiet) for (const buffer of buffers) if (buffer) giveBack(buffer);
  }
}
