/** What of an ELF file's beginning is needed to find things in the rest (System V ABI, "Object Files"). */
export interface ElfHead {
  readonly bigEndian: boolean;
  readonly wide: boolean;
  readonly segments: readonly Segment[];
}

interface Segment {
  readonly offset: number;
  readonly address: number;
  /** bytes in the file */
  readonly size: number;
}

/** True for a file that begins as ELF files do. */
export function isElf(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x7f454c46;
}

/** Reads an unsigned number of 4 or 8 bytes; undefined outside of the buffer or above 2^53 - 1. */
export function readWord(bytes: Buffer, at: number, wide: boolean, bigEndian: boolean): number | undefined {
  if (at < 0 || at + (wide ? 8 : 4) > bytes.length) return undefined;
  if (!wide) return bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  const value = bigEndian
    ? bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
    : bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Reads the loadable segments from the first bytes of a file.
 * @returns undefined where it is no ELF file or its program headers lie elsewhere
 */
export function parseElfHead(head: Buffer): ElfHead | undefined {
  if (!isElf(head) || head.length < 64) return undefined;
  const wide = head[4] === 2;
  const bigEndian = head[5] === 2;
  const half = (at: number): number => (bigEndian ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const table = readWord(head, wide ? 32 : 28, wide, bigEndian);
  const entrySize = half(wide ? 54 : 42);
  const count = half(wide ? 56 : 44);
  if (table === undefined || entrySize < (wide ? 56 : 32) || table + entrySize * count > head.length)
    return undefined;
  const segments: Segment[] = [];
  for (let at = table; at < table + entrySize * count; at += entrySize) {
    if (readWord(head, at, false, bigEndian) !== 1) continue;
    const offset = readWord(head, at + (wide ? 8 : 4), wide, bigEndian);
    const address = readWord(head, at + (wide ? 16 : 8), wide, bigEndian);
    const size = readWord(head, at + (wide ? 32 : 16), wide, bigEndian);
    if (offset !== undefined && address !== undefined && size !== undefined)
      segments.push({ offset, address, size });
  }
  return { bigEndian, wide, segments };
}

/** Where in the file the byte at a virtual address lies. */
export function fileOffset(elf: ElfHead, address: number): number | undefined {
  const segment = elf.segments.find((one) => address >= one.address && address < one.address + one.size);
  return segment === undefined ? undefined : segment.offset + (address - segment.address);
}
