import { isElf, readWord } from '../packages/elf.ts';

/** The header of an ELF file and its program headers (System V ABI, "Object Files"). */
export interface ElfHeader {
  readonly wide: boolean;
  readonly bigEndian: boolean;
  /** ET_REL 1, ET_EXEC 2, ET_DYN 3, ET_CORE 4 */
  readonly type: number;
  readonly machine: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: {
    readonly offset: number;
    readonly entrySize: number;
    readonly count: number;
    readonly names: number;
  };
}

export interface ElfSegment {
  readonly type: number;
  /** 1 run, 2 write, 4 read */
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  /** bytes in the file */
  readonly size: number;
}

export const segmentTypes = {
  load: 1,
  dynamic: 2,
  interpreter: 3,
  note: 4,
  stack: 0x6474e551,
  relro: 0x6474e552,
} as const;

/** Bytes from the start of a file that hold its program headers; they stand right behind the header but for rare cases. */
export const headerWindow = 8 * 1024;

function half(bytes: Buffer, at: number, bigEndian: boolean): number {
  if (at + 2 > bytes.length) return 0;
  return bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
}

/**
 * Reads the header and the program headers from the first bytes of a file.
 * @returns undefined where it is no ELF file, or they lie elsewhere
 */
export function parseElfHeader(head: Buffer): ElfHeader | undefined {
  if (!isElf(head) || head.length < 64) return undefined;
  const wide = head[4] === 2;
  const bigEndian = head[5] === 2;
  const number = (at: number): number => half(head, at, bigEndian);
  const word = (at: number, isWide = wide): number | undefined => readWord(head, at, isWide, bigEndian);
  const table = word(wide ? 32 : 28);
  const entrySize = number(wide ? 54 : 42);
  const count = number(wide ? 56 : 44);
  if (table === undefined || (count > 0 && entrySize < (wide ? 56 : 32))) return undefined;
  if (table + entrySize * count > Math.min(head.length, headerWindow)) return undefined;
  const segments: ElfSegment[] = [];
  for (let at = table; at < table + entrySize * count; at += entrySize) {
    const type = word(at, false);
    const flags = word(at + (wide ? 4 : 24), false);
    const offset = word(at + (wide ? 8 : 4));
    const address = word(at + (wide ? 16 : 8));
    const size = word(at + (wide ? 32 : 16));
    if (type === undefined || flags === undefined || offset === undefined || address === undefined)
      return undefined;
    segments.push({ type, flags, offset, address, size: size ?? 0 });
  }
  const sections = {
    offset: word(wide ? 40 : 32) ?? 0,
    entrySize: number(wide ? 58 : 46),
    count: number(wide ? 60 : 48),
    names: number(wide ? 62 : 50),
  };
  return { wide, bigEndian, type: number(16), machine: number(18), segments, sections };
}

/** Where in the file the byte at a virtual address lies. */
export function offsetOf({ segments }: ElfHeader, address: number): number | undefined {
  const found = segments.find(
    (one) => one.type === segmentTypes.load && address >= one.address && address < one.address + one.size,
  );
  return found === undefined ? undefined : found.offset + (address - found.address);
}

const machines: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  20: 'powerpc',
  21: 'powerpc64',
  22: 's390',
  40: 'arm',
  62: 'x86-64',
  183: 'aarch64',
  243: 'riscv',
  247: 'bpf',
  258: 'loongarch',
};

export function machineName(machine: number): string {
  return machines[machine] ?? `machine-${machine}`;
}
