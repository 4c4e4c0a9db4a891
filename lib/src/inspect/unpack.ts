import type { Transform } from 'node:stream';

/** Some of what was unpacked. */
export interface Unpacked {
  readonly bytes: Buffer;
  /** packed bytes up to the end of the block from which these came */
  readonly from: number;
}

/** Bytes that are given to the decompressor at once. */
const blockSize = 256 * 1024;

/** The same bytes in blocks of one size, however they come. */
async function* inBlocks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let have = 0;
  for await (const chunk of source) {
    let at = 0;
    while (have + chunk.length - at >= blockSize) {
      const next = at + blockSize - have;
      const part = chunk.subarray(at, next);
      yield have === 0 ? part : Buffer.concat([...parts, part], blockSize);
      parts = [];
      have = 0;
      at = next;
    }
    if (at === chunk.length) continue;
    parts.push(chunk.subarray(at));
    have += chunk.length - at;
  }
  if (have > 0) yield Buffer.concat(parts, have);
}

/**
 * Unpacks with `stream`, ahead of whoever takes the pieces. What comes out depends on the packed bytes alone, also where they break off or
 * are damaged: the decompressor is given the same blocks, the end by itself, and all that it gave before it failed is handed on.
 * Where the cut between two pieces lies is left to chance; `from` is not.
 *
 * Once the packed bytes have ended, those that follow are only read: then `stream.bytesWritten` is less than there were.
 *
 * @param stream a new decompressor of node:zlib; destroyed in the end
 * @throws what `source` throws, and else what the decompressor failed with
 */
export async function* unpack(
  source: AsyncIterable<Buffer>,
  stream: Transform & { readonly bytesWritten: number },
): AsyncGenerator<Unpacked> {
  let fed = 0;
  let taken = 0;
  /** how much had come out when a block was used up */
  const marks: { readonly produced: number; readonly from: number }[] = [];
  let sourceFailure: { readonly error: unknown } | undefined;
  let onClose: (() => void) | undefined;
  let wake = (): void => {};

  /** Resolved as well where the decompressor fails, which answers no call then. */
  function write(block: Buffer): Promise<void> {
    return new Promise((resolve) => {
      onClose = resolve;
      stream.write(block, () => resolve());
    });
  }

  function throwIfSourceFailed(): void {
    if (sourceFailure !== undefined) throw sourceFailure.error;
  }

  async function feed(): Promise<void> {
    try {
      for await (const block of inBlocks(source)) {
        if (stream.destroyed) return;
        if (stream.bytesWritten < fed) continue;
        fed += block.length;
        await write(block);
        marks.push({ produced: taken + stream.readableLength, from: fed });
      }
      if (!stream.destroyed) stream.end();
    } catch (error) {
      sourceFailure = { error };
      stream.destroy();
    }
  }

  stream.on('readable', () => wake());
  stream.on('end', () => wake());
  // Told by `stream.errored`, when all that came before is taken.
  stream.on('error', () => {});
  stream.on('close', () => {
    onClose?.();
    wake();
  });
  const feeding = feed();
  try {
    for (;;) {
      throwIfSourceFailed();
      const piece = stream.read() as Buffer | null;
      if (piece !== null) {
        let at = taken;
        taken += piece.length;
        while (at < taken) {
          while (marks.length > 0 && marks[0]!.produced <= at) marks.shift();
          const end = Math.min(taken, marks[0]?.produced ?? taken);
          const bytes = piece.subarray(piece.length - (taken - at), piece.length - (taken - end));
          at = end;
          yield { bytes, from: marks[0]?.from ?? fed };
        }
      } else if (stream.errored) throw stream.errored;
      else if (stream.readableEnded) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await feeding;
    throwIfSourceFailed();
  } finally {
    stream.destroy();
  }
}
