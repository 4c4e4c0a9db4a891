import type { Faults } from './faults.ts';

const slotPage = 4096;
const slotSize = 16;
const blockSize = 16;
/** Two slots' worth of bytes hold the header. */
const headerSize = 32;
const head = 16;
const tail = 12;
const magics = { slot: magicOf('Slot'), begin: magicOf('BlbS'), end: magicOf('BlbE') };

function magicOf(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE(0);
}

/** True for a file that begins as package databases of rpm's own format (ndb) do. */
export function isNdb(bytes: Buffer): boolean {
  return bytes.length >= headerSize && bytes.toString('latin1', 0, 4) === 'RpmP';
}

/** More than any distribution has packages. */
const mostPackages = 500_000;

interface Slot {
  readonly number: number;
  /** in blocks */
  readonly offset: number;
  readonly blocks: number;
}

/**
 * Reads a package database in rpm's own format (rpm, lib/backend/ndb): slots that say in which blocks the header of each package
 * lies. Every header has a checksum. A header that no slot names, outside of those that are named, is a fault: it may have been
 * hidden.
 *
 * @param use given the header of each package
 */
export function readNdb(bytes: Buffer, use: (blob: Buffer) => void, faults: Faults): void {
  const end = bytes.readUInt32LE(12) * slotPage;
  if (bytes.readUInt32LE(4) !== 0) faults.add('its version is not known');
  if (end === 0 || end > bytes.length) return faults.add('it broke off');
  const slots: Slot[] = [];
  for (let at = headerSize; at < end; at += slotSize) {
    if (bytes.readUInt32LE(at) !== magics.slot) faults.add('a slot cannot be read');
    const [number, offset, blocks] = [4, 8, 12].map((field) => bytes.readUInt32LE(at + field)) as [
      number,
      number,
      number,
    ];
    if (slots.length > mostPackages) return faults.add('it has too many packages');
    if (number !== 0) slots.push({ number, offset, blocks });
    else if (offset !== 0 || blocks !== 0) faults.add('a slot is neither free nor taken');
  }
  slots.sort((a, b) => a.offset - b.offset);
  const numbers = new Set(slots.map(({ number }) => number));
  if (numbers.size < slots.length) faults.add('two slots have one number');
  let free = end;
  for (const slot of slots) {
    const from = slot.offset * blockSize;
    if (from < free) {
      faults.add('two packages share blocks');
      continue;
    }
    checkFree(bytes, free, from, faults);
    const blob = readBlob(bytes, slot);
    if (blob === undefined) faults.add('the header of a package is damaged');
    else use(blob);
    free = from + slot.blocks * blockSize;
  }
  checkFree(bytes, free, bytes.length, faults);
}

/** A header between those that slots name. */
function checkFree(bytes: Buffer, from: number, to: number, faults: Faults): void {
  const gap = bytes.subarray(from, to);
  for (let at = gap.indexOf('BlbS'); at >= 0; at = gap.indexOf('BlbS', at + 4)) {
    if ((from + at) % blockSize === 0) return faults.add('it has a header that no slot names');
  }
}

function readBlob(bytes: Buffer, { number, offset, blocks }: Slot): Buffer | undefined {
  const from = offset * blockSize;
  const to = from + blocks * blockSize;
  if (to > bytes.length || to - from < head + tail) return undefined;
  const length = bytes.readUInt32LE(from + 12);
  const isFramed =
    bytes.readUInt32LE(from) === magics.begin &&
    bytes.readUInt32LE(from + 4) === number &&
    bytes.readUInt32LE(to - 4) === magics.end &&
    bytes.readUInt32LE(to - 8) === length &&
    Math.ceil((head + length + tail) / blockSize) === blocks;
  if (!isFramed || adler32(bytes.subarray(from, to - tail)) !== bytes.readUInt32LE(to - tail))
    return undefined;
  return bytes.subarray(from + head, from + head + length);
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < bytes.length;) {
    // So many steps cannot exceed what a number holds exactly.
    const end = Math.min(at + 5000, bytes.length);
    for (; at < end; at += 1) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
