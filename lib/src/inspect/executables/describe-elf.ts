import { readWord } from '../packages/elf.ts';
import { machineName, offsetOf, segmentTypes, type ElfHeader } from './elf-header.ts';
import { mostNeeded, type ExecutableFacts } from './executable-facts.ts';

/** What was kept of an ELF file. */
export interface ElfParts {
  /** from the first byte on */
  readonly start: Buffer;
  /** the name of the loader */
  readonly interpreter: Buffer;
  readonly notes: readonly Buffer[];
  /** the dynamic section */
  readonly dynamic: Buffer;
  /** the section headers and what stands before them */
  readonly end: Buffer;
  /** where `end` lies in the file */
  readonly endsFrom: number;
}

/** Tags of the dynamic section, and flags in it (System V ABI, "Dynamic Section"; elf.h of the GNU C library). */
const tags = {
  needed: 1,
  strings: 5,
  rpath: 15,
  bindNow: 24,
  runpath: 29,
  flags: 30,
  flags1: 0x6ffffffb,
} as const;
const bindNow = 8;
const flags1 = { now: 1, pie: 0x08000000 } as const;

/** Of libraries and of other texts, such as the folders that libraries are searched in. */
const longest = { library: 255, text: 4096 };

/** @param whole false: the file breaks off */
export function describeElf(header: ElfHeader, parts: ElfParts, whole: boolean): ExecutableFacts {
  const { segments, type } = header;
  const dynamic = readDynamic(header, parts.dynamic);
  const one = (tag: number): number | undefined => dynamic.get(tag)?.[0];
  const strings = offsetOf(header, one(tags.strings) ?? -1);
  const text = (at: number | undefined, limit = longest.text): string | undefined =>
    at === undefined || strings === undefined ? undefined : textAt(parts.start, strings + at, limit);
  const interpreter = segments.find((segment) => segment.type === segmentTypes.interpreter);
  const isProgram = type === 2 || interpreter !== undefined || ((one(tags.flags1) ?? 0) & flags1.pie) !== 0;
  const kind = type !== 2 && type !== 3 ? 'object' : isProgram ? 'program' : 'library';
  const wanted = (dynamic.get(tags.needed) ?? []).slice(0, mostNeeded);
  const needed = wanted.map((at) => text(at, longest.library));
  const isKnown = needed.every((name): name is string => name !== undefined);
  const notes = readNotes(header, parts.notes);
  const sections = readSectionHeaders(header, parts);
  const language = languageOf(notes, sections, parts);
  const packer = packerOf(header, parts.start, dynamic.size > 0);
  const guards = strings === undefined ? {} : guardsOf(parts.start, strings, one(10));
  const own = {
    interpreter: textAt(parts.interpreter, 0),
    rpath: text(one(tags.rpath)),
    runpath: text(one(tags.runpath)),
    buildId: notes.buildId,
    symbols: sections && sections.some((section) => section.type === 2),
    language,
    packer,
  };
  return {
    type: kind,
    machine: machineName(header.machine),
    ...(isKnown ? { needed } : {}),
    ...(kind === 'program' ? { pie: type === 3 } : {}),
    relro: relroOf(header, dynamic),
    nx: hasSafeMemory(header),
    ...guards,
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    ...(whole && isKnown ? {} : { broken: true }),
  };
}

function readDynamic({ wide, bigEndian }: ElfHeader, bytes: Buffer): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  const word = wide ? 8 : 4;
  for (let at = 0; at + word * 2 <= bytes.length; at += word * 2) {
    const tag = readWord(bytes, at, wide, bigEndian);
    const value = readWord(bytes, at + word, wide, bigEndian);
    if (tag === 0) break;
    if (tag === undefined || value === undefined) continue;
    const values = found.get(tag);
    if (values === undefined) found.set(tag, [value]);
    else values.push(value);
  }
  return found;
}

/** A text that ends with NUL, escaped by nobody; undefined where it is not there whole. */
function textAt(bytes: Buffer, at: number, limit = longest.text): string | undefined {
  if (at < 0 || at >= bytes.length) return undefined;
  const end = bytes.subarray(at, at + limit + 1).indexOf(0);
  return end < 0 ? undefined : bytes.toString('utf8', at, at + end);
}

interface Notes {
  readonly buildId?: string;
  readonly go?: boolean;
}

/** Notes that name the build, by the GNU linker or by that of Go. */
function readNotes({ bigEndian }: ElfHeader, segments: readonly Buffer[]): Notes {
  const notes: { buildId?: string; go?: boolean } = {};
  for (const bytes of segments) {
    const aligned = (length: number): number => Math.ceil(length / 4) * 4;
    for (let at = 0; at + 12 <= bytes.length;) {
      const [nameLength, length, type] = [0, 4, 8].map(
        (field) => readWord(bytes, at + field, false, bigEndian) ?? 0,
      );
      const name = bytes.toString('latin1', at + 12, at + 12 + Math.min(nameLength!, 16));
      const value = bytes.subarray(at + 12 + aligned(nameLength!)).subarray(0, length);
      if (name === 'GNU\0' && type === 3 && length! <= 64) notes.buildId ??= value.toString('hex');
      if (name === 'Go\0\0' && type === 4) notes.go = true;
      at += 12 + aligned(nameLength!) + aligned(length!);
    }
  }
  return notes;
}

interface SectionHeader {
  readonly type: number;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** @returns undefined where section headers are there and were not kept whole; empty: there are none */
function readSectionHeaders(
  { sections, wide, bigEndian }: ElfHeader,
  { end, endsFrom }: ElfParts,
): readonly SectionHeader[] | undefined {
  const { offset, entrySize, count, names } = sections;
  if (count === 0 || offset === 0) return [];
  const table = end.subarray(offset - endsFrom);
  if (entrySize < (wide ? 64 : 40) || table.length < count * entrySize) return undefined;
  const headers = Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      nameAt: readWord(table, at, false, bigEndian) ?? 0,
      type: readWord(table, at + 4, false, bigEndian) ?? 0,
      offset: readWord(table, at + (wide ? 24 : 16), wide, bigEndian) ?? 0,
      size: readWord(table, at + (wide ? 32 : 20), wide, bigEndian) ?? 0,
    };
  });
  const strings = headers[names];
  return headers.map(({ nameAt, ...section }) => ({
    ...section,
    name: (strings && textAt(end, strings.offset + nameAt - endsFrom)) ?? '',
  }));
}

function languageOf(
  notes: Notes,
  sections: readonly SectionHeader[] | undefined,
  { end, endsFrom }: ElfParts,
): 'go' | 'rust' | undefined {
  if (notes.go === true || sections?.some(({ name }) => name === '.go.buildinfo' || name === '.gopclntab'))
    return 'go';
  const comment = sections?.find(({ name }) => name === '.comment');
  if (comment === undefined || comment.offset < endsFrom) return undefined;
  const text = end.subarray(comment.offset - endsFrom).subarray(0, Math.min(comment.size, 4096));
  return text.includes('rustc version') ? 'rust' : undefined;
}

/** Files that unpack themselves have no sections, no libraries, and memory that is both written and run. */
function packerOf(
  { segments, sections, type }: ElfHeader,
  start: Buffer,
  isDynamic: boolean,
): 'upx' | 'unknown' | undefined {
  if (start.subarray(0, 1024).includes('UPX!')) return 'upx';
  if (type !== 2 && type !== 3) return undefined;
  const runs = segments.some((one) => one.type === segmentTypes.load && (one.flags & 3) === 3);
  return runs && sections.count === 0 && !isDynamic ? 'unknown' : undefined;
}

function relroOf(
  { segments }: ElfHeader,
  dynamic: ReadonlyMap<number, readonly number[]>,
): ExecutableFacts['relro'] {
  if (!segments.some(({ type }) => type === segmentTypes.relro)) return 'none';
  const isNow =
    dynamic.has(tags.bindNow) ||
    ((dynamic.get(tags.flags)?.[0] ?? 0) & bindNow) !== 0 ||
    ((dynamic.get(tags.flags1)?.[0] ?? 0) & flags1.now) !== 0;
  return isNow ? 'full' : 'partial';
}

/** Without a word on the stack, the kernel lets it be run on most machines. */
function hasSafeMemory({ segments, type }: ElfHeader): boolean {
  if (type === 1) return true;
  const stack = segments.find((segment) => segment.type === segmentTypes.stack);
  const isBoth = segments.some((one) => one.type === segmentTypes.load && (one.flags & 3) === 3);
  return stack !== undefined && (stack.flags & 1) === 0 && !isBoth;
}

/**
 * Which checks it has, by the names of the functions that it uses; absent where the names were not kept.
 * @param length bytes of the names
 */
function guardsOf(
  start: Buffer,
  strings: number,
  length: number | undefined,
): { stackProtector?: boolean; fortified?: boolean } {
  if (length === undefined || strings + length > start.length) return {};
  const names = start.subarray(strings, strings + length);
  const stackProtector = names.includes('\0__stack_chk_fail\0') || names.includes('\0__stack_chk_guard\0');
  let fortified = false;
  for (let at = names.indexOf('_chk\0'); at >= 0 && !fortified; at = names.indexOf('_chk\0', at + 1)) {
    const name = names.toString('latin1', names.lastIndexOf(0, at) + 1, at);
    fortified = name.startsWith('__') && name.length < 64;
  }
  return { stackProtector, fortified };
}
