import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

const batchSize = 1024 * 1024;

/** A sender of single bytes must not cost an object for each of a million. */
const maxPieces = 256;

/** How far a write got when it ended, well or not. */
export interface Written {
  /** bytes that lie in the file, from the position given */
  readonly bytes: number;
  /** the source's failure: what came before it was written */
  readonly sourceError?: unknown;
  /** the file's failure */
  readonly fileError?: unknown;
}

/**
 * Writes a stream into a file while it is hashed, one batch on its way to the file while the next is gathered. Never
 * holds more than two batches and one piece of the source.
 */
export async function writeBehind(
  file: FileHandle,
  position: number,
  source: AsyncIterable<Uint8Array>,
  hash: Hash | undefined,
): Promise<Written> {
  let at = position;
  let batch: Uint8Array[] = [];
  let gathered = 0;
  let fileError: unknown;
  let running: Promise<void> = Promise.resolve();

  async function write(pieces: Uint8Array[]): Promise<void> {
    try {
      for (let rest = pieces; rest.length > 0;) {
        const { bytesWritten } = await file.writev(rest, at);
        at += bytesWritten;
        rest = skip(rest, bytesWritten);
      }
    } catch (error) {
      fileError = error;
    }
  }

  async function flush(): Promise<void> {
    await running;
    if (fileError !== undefined || batch.length === 0) return;
    running = write(batch);
    batch = [];
    gathered = 0;
  }

  let sourceError: unknown;
  try {
    for await (const piece of source) {
      hash?.update(piece);
      batch.push(piece);
      gathered += piece.length;
      if (gathered >= batchSize || batch.length >= maxPieces) await flush();
      if (fileError !== undefined) break;
    }
  } catch (error) {
    sourceError = error;
  }
  await flush();
  await running;
  return { bytes: at - position, sourceError, fileError };
}

/** What is left of pieces after their first `count` bytes. */
function skip(pieces: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let first = 0;
  while (first < pieces.length && left >= pieces[first]!.length) {
    left -= pieces[first]!.length;
    first += 1;
  }
  const rest = pieces.slice(first);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}
