import { isElf, readWord } from './elf.ts';

/** Where an ELF file has its section headers (System V ABI, "Sections"). */
export interface SectionTable {
  readonly offset: number;
  /** bytes of one header */
  readonly entrySize: number;
  readonly count: number;
  /** index of the section that has the names */
  readonly names: number;
  readonly wide: boolean;
  readonly bigEndian: boolean;
}

/** One section; `name` is an offset into the section of names. */
export interface Section {
  readonly name: number;
  readonly offset: number;
  readonly size: number;
}

/** Reads from the first 64 bytes of a file where its section headers lie; undefined: it has none, or is no ELF file. */
export function sectionTableOf(head: Buffer): SectionTable | undefined {
  if (!isElf(head) || head.length < 64) return undefined;
  const wide = head[4] === 2;
  const bigEndian = head[5] === 2;
  const half = (at: number): number => (bigEndian ? head.readUInt16BE(at) : head.readUInt16LE(at));
  const offset = readWord(head, wide ? 40 : 32, wide, bigEndian);
  const entrySize = half(wide ? 58 : 46);
  const count = half(wide ? 60 : 48);
  const names = half(wide ? 62 : 50);
  if (offset === undefined || offset < 52 || entrySize < (wide ? 64 : 40)) return undefined;
  return { offset, entrySize, count, names, wide, bigEndian };
}

/** Reads section headers, as far as they are there. */
export function readSections(
  bytes: Buffer,
  { entrySize, wide, bigEndian }: SectionTable,
): readonly Section[] {
  const sections: Section[] = [];
  for (let at = 0; at + entrySize <= bytes.length; at += entrySize) {
    sections.push({
      name: readWord(bytes, at, false, bigEndian) ?? 0,
      offset: readWord(bytes, at + (wide ? 24 : 16), wide, bigEndian) ?? 0,
      size: readWord(bytes, at + (wide ? 32 : 20), wide, bigEndian) ?? 0,
    });
  }
  return sections;
}
