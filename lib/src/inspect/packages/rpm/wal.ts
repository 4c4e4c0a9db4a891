import { pageRoom, rowsOfPage } from './sqlite.ts';

const magics = { little: 0x377f0682, big: 0x377f0683 };
const headerSize = 32;
const frameHeader = 24;

/** True for a file that begins as write-ahead logs of SQLite do. */
export function isWal(head: Buffer): boolean {
  return head.length >= headerSize && [magics.little, magics.big].includes(head.readUInt32BE(0));
}

/** What a write-ahead log adds to its database. */
export interface Wal {
  /** frames that were committed: what they say replaces pages of the database */
  readonly committed: number;
  /** second columns of rows that stand in them whole */
  readonly blobs: readonly Buffer[];
}

/**
 * Reads a write-ahead log ("WAL-File Format"): what was committed, as far as salts and checksums hold. It replaces whole pages of a
 * database that may lie in another layer, so that what it takes away cannot be told from it alone.
 */
export function readWal(bytes: Buffer): Wal {
  const size = isWal(bytes) ? bytes.readUInt32BE(8) : 0;
  if (pageRoom(size, 0) === undefined) return { committed: 0, blobs: [] };
  const isBig = bytes.readUInt32BE(0) === magics.big;
  let sum = checksum(bytes.subarray(0, 24), [0, 0], isBig);
  if (!sameSum(sum, bytes, 24)) return { committed: 0, blobs: [] };
  const pages = new Map<number, Buffer>();
  const pending = new Map<number, Buffer>();
  let committed = 0;
  let read = 0;
  for (let at = headerSize; at + frameHeader + size <= bytes.length; at += frameHeader + size) {
    const content = bytes.subarray(at + frameHeader, at + frameHeader + size);
    sum = checksum(content, checksum(bytes.subarray(at, at + 8), sum, isBig), isBig);
    const hasSalt = bytes.compare(bytes, 16, 24, at + 8, at + 16) === 0;
    if (!hasSalt || !sameSum(sum, bytes, at + 16)) break;
    read += 1;
    pending.set(bytes.readUInt32BE(at), content);
    if (bytes.readUInt32BE(at + 4) === 0) continue;
    // The last frame of a transaction says how many pages the database has from now on.
    for (const [number, page] of pending) pages.set(number, page);
    pending.clear();
    committed = read;
  }
  // How many bytes are reserved only the database says; rpm reserves none.
  const taken = new Set<number>();
  const take = (number: number): Buffer | undefined => {
    if (taken.has(number)) return undefined;
    taken.add(number);
    return pages.get(number);
  };
  const blobs = [...pages].flatMap(([number, page]) => rowsOfPage(page, size, number === 1, take));
  return { committed, blobs };
}

type Sum = readonly [number, number];

function checksum(bytes: Buffer, [first, second]: Sum, isBig: boolean): Sum {
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + b + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))) >>> 0;
    b = (b + a + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4))) >>> 0;
  }
  return [a, b];
}

function sameSum([a, b]: Sum, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === a && bytes.readUInt32BE(at + 4) === b;
}
