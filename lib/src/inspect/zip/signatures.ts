import type { Request } from './passing-bytes.ts';

/** Signatures of the parts of a zip archive (APPNOTE.TXT 4.3), as little-endian numbers. */
export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
  end: 0x06054b50,
} as const;

const parts: ReadonlySet<number> = new Set([
  signatures.local,
  signatures.central,
  signatures.zip64End,
  signatures.zip64Locator,
  signatures.end,
]);

/** Bytes of a data descriptor at most: signature, checksum, two sizes of 8 bytes. */
const longestDescriptor = 24;

/** Passes over bytes up to the signature of a part of an archive. */
export function search(): Request {
  return { stream: searcher(() => true) };
}

/**
 * Passes over content of unknown length, up to the part behind its data descriptor: one that says how many bytes passed.
 * @param onEnd told the length
 */
export function searchDescriptor(onEnd: (length: number) => void): Request {
  return {
    stream: searcher((window, at, before) => {
      const length = lengthBefore(window, at, before);
      if (length !== undefined) onEnd(length);
      return length !== undefined;
    }),
  };
}

/** A window of passing bytes is searched after the last bytes of the one before it. */
function searcher(
  accept: (window: Buffer, at: number, before: number) => boolean,
): (bytes: Buffer | undefined) => Buffer | undefined {
  let carry: Buffer = Buffer.alloc(0);
  /** bytes before the window */
  let before = 0;
  let from = 0;
  return (bytes) => {
    if (bytes === undefined) return undefined;
    const window = carry.length === 0 ? bytes : Buffer.concat([carry, bytes]);
    const last = window.length - 4;
    for (let at = window.indexOf('PK', from); at >= 0 && at <= last; at = window.indexOf('PK', at + 1)) {
      if (parts.has(window.readUInt32LE(at)) && accept(window, at, before)) return window.subarray(at);
    }
    const kept = Math.min(window.length, longestDescriptor + 3);
    carry = Buffer.from(window.subarray(window.length - kept));
    before += window.length - kept;
    // what was searched already is kept for what lies behind it
    from = Math.max(0, kept - 3);
    return undefined;
  };
}

/** How much content lies before a descriptor that ends at `at`, if there is one that says so. */
function lengthBefore(window: Buffer, at: number, before: number): number | undefined {
  for (const size of [12, 16, 20, 24]) {
    const start = at - size;
    if (start < 0) continue;
    const isSigned = size === 16 || size === 24;
    if (isSigned && window.readUInt32LE(start) !== signatures.descriptor) continue;
    const field = start + (isSigned ? 8 : 4);
    const packed = size < 20 ? window.readUInt32LE(field) : Number(window.readBigUInt64LE(field));
    if (packed === before + start) return packed;
  }
  return undefined;
}
