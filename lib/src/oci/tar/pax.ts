import { decodeName } from './name.ts';

/** One record of a pax extended header; an empty value takes it back, and a key may stand more than once (`GNU.sparse.offset`). */
export type PaxRecord = readonly [key: string, value: string];

const space = 0x20;
const newline = 0x0a;
const equals = 0x3d;

/**
 * Reads the records of a pax header: `<length> <key>=<value>\n` each (POSIX.1-2001, pax, "Extended Header").
 * @returns undefined where a record is malformed, or a path or link target contains NUL
 */
export function parsePax(bytes: Buffer): readonly PaxRecord[] | undefined {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const blank = bytes.indexOf(space, at);
    if (blank <= at || blank - at > 10) return undefined;
    const digits = bytes.toString('latin1', at, blank);
    if (!/^[0-9]+$/.test(digits)) return undefined;
    const end = at + Number(digits);
    if (end > bytes.length || end <= blank + 1 || bytes[end - 1] !== newline) return undefined;
    const sign = bytes.indexOf(equals, blank + 1);
    if (sign < 0 || sign >= end || sign === blank + 1) return undefined;
    const key = decodeName(bytes.subarray(blank + 1, sign));
    const value = decodeName(bytes.subarray(sign + 1, end - 1));
    if (key.includes('\0')) return undefined;
    if ((key === 'path' || key === 'linkpath') && value.includes('\0')) return undefined;
    records.push([key, value]);
    at = end;
  }
  return records;
}

/** Key under which an entry keeps the capabilities of a file, as engines read them; the value is binary. */
export const capabilityKey = 'SCHILY.xattr.security.capability';

/** Keys by which a global header would move or resize every file that follows. */
export function movesFiles(key: string): boolean {
  return key === 'path' || key === 'linkpath' || key === 'size' || key.startsWith('GNU.sparse.');
}

/**
 * Keys by which a layer tells the overlay file system of Linux (Documentation/filesystems/overlayfs.rst) that something lies
 * elsewhere, or is not there: engines that write them as they are show other files than the archive has.
 */
export function concernsOverlay(key: string): boolean {
  return /^SCHILY\.xattr\.(?:trusted|user)\.overlay\.(?:redirect|metacopy|opaque|whiteouts?)$/.test(key);
}

/** A decimal number of a record; undefined where it is none or too large. */
export function paxNumber(value: string): number | undefined {
  if (!/^[0-9]{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
