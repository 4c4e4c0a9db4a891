import type { ProblemCode } from './inventory.ts';
import type { LayerLimits } from './limits.ts';

/** The first bytes of a blob, and all of them. */
export async function peek(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<{ head: Buffer; rest: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < length) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, rest: all() };
}

/** The same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Why no more of a layer is read than its first `at` bytes; undefined: it may go on. */
export function excessOf(
  size: number,
  compressed: number,
  limits: LayerLimits,
): { code: ProblemCode; message: string; at: number } | undefined {
  const byRatio = Math.max(limits.ratioFrom, limits.ratio * compressed);
  if (size <= limits.bytes && size <= byRatio) return undefined;
  if (limits.bytes <= byRatio) {
    return { code: 'too-large', message: `it unpacks to more than ${limits.bytes} bytes`, at: limits.bytes };
  }
  return { code: 'ratio', message: `it unpacks to more than ${limits.ratio} times its size`, at: byRatio };
}
