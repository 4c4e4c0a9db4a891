import type { FileSink } from '../tar/sink.ts';
import { Inflater } from '../zip/inflate.ts';
import { readSections, sectionTableOf, type Section, type SectionTable } from './elf-sections.ts';
import { Capture } from './go-capture.ts';
import { beginsText } from './zlib-text.ts';

const sectionName = Buffer.from('.dep-v0\0');
/** More than a name and the beginning of a stream need, so that none is missed at the seam of two chunks. */
const seam = 24;
const mostNames = 64;
const mostTexts = 8;
const zlibStart = 0x78;
/** Section headers of a file: 65,535 of 64 bytes. */
const mostHeaders = 4 * 1024 ** 2;

/** A text that may be the one, and is unpacked while it passes. */
interface Text {
  readonly offset: number;
  readonly inflater: Inflater;
  readonly parts: Buffer[];
  size: number;
}

/**
 * Finds what cargo-auditable recorded in a binary, without keeping the file: a section of its own has a zlib stream. Where
 * sections lie is told at the end of the file, when they have passed, so that every stream that begins as a text of
 * braces does is unpacked, and the place of every name of that section is remembered.
 */
export class RustScanner implements FileSink {
  readonly #limit: number;
  readonly #size: number;
  readonly #onEnd: (text: Buffer | 'broken' | undefined) => void;
  #head: Buffer = Buffer.alloc(0);
  #table: SectionTable | undefined;
  #headers: Capture | undefined;
  #sections: readonly Section[] = [];
  #carry: Buffer = Buffer.alloc(0);
  #offset = 0;
  readonly #names = new Set<number>();
  readonly #texts = new Map<number, Text>();

  /**
   * @param limit bytes of the text
   * @param size bytes that the file is said to have
   * @param onEnd told at the end of the file: the text; `broken` where the section is there and cannot be read; undefined where
   * there is none
   */
  constructor(limit: number, size: number, onEnd: (text: Buffer | 'broken' | undefined) => void) {
    this.#limit = limit;
    this.#size = size;
    this.#onEnd = onEnd;
  }

  data(bytes: Buffer): void {
    this.#readTable(bytes);
    // Where sections have names, and none has this one, streams need not be looked for. Most files come in one piece.
    const isWhole = this.#offset === 0 && bytes.length >= this.#size;
    if (isWhole && this.#table !== undefined && !namesIt(bytes, this.#table)) return;
    this.#headers?.feed(bytes, this.#offset);
    for (const text of this.#texts.values()) this.#feed(text, bytes);
    const join = Buffer.concat([this.#carry, bytes.subarray(0, seam)]);
    const before = this.#carry.length;
    this.#search(join, this.#offset - before, Math.min(before, join.length - seam + 1), bytes);
    this.#search(bytes, this.#offset, bytes.length - seam + 1, undefined);
    this.#carry = Buffer.from((bytes.length < seam ? join : bytes).subarray(1 - seam));
    this.#offset += bytes.length;
  }

  hole(length: number): void {
    this.#offset += length;
    this.#carry = Buffer.alloc(0);
    this.#texts.clear();
  }

  end(whole: boolean): void {
    // Names may stand in the very last bytes.
    this.#searchNames(this.#carry, this.#offset - this.#carry.length);
    this.#onEnd(whole ? this.#resolve() : undefined);
  }

  #readTable(bytes: Buffer): void {
    if (this.#head.length >= 64) return;
    this.#head = Buffer.concat([this.#head, bytes.subarray(0, 64 - this.#head.length)]);
    if (this.#head.length < 64) return;
    const table = sectionTableOf(this.#head);
    this.#table = table;
    const need = table === undefined ? 0 : Math.min(table.entrySize * table.count, mostHeaders);
    if (table === undefined || need === 0) return;
    this.#headers = new Capture(table.offset, need, need, (all) => {
      this.#sections = readSections(all, table);
      return 'done';
    });
  }

  /** Searches for names and for streams that begin before `end`; `next`: the bytes of which `bytes` has the first. */
  #search(bytes: Buffer, offset: number, end: number, next: Buffer | undefined): void {
    this.#searchNames(bytes, offset);
    for (let at = bytes.indexOf(zlibStart); at >= 0 && at < end; at = bytes.indexOf(zlibStart, at + 1)) {
      if (!beginsText(bytes, at) || this.#texts.has(offset + at) || this.#texts.size >= mostTexts) continue;
      const text = this.#begin(offset + at);
      this.#feed(
        text,
        next === undefined ? bytes.subarray(at + 2) : bytes.subarray(at + 2, this.#carry.length),
      );
      if (next !== undefined) {
        const skipped = Math.max(0, at + 2 - this.#carry.length);
        this.#feed(text, next.subarray(skipped));
      }
    }
  }

  #searchNames(bytes: Buffer, offset: number): void {
    for (let at = bytes.indexOf(sectionName); at >= 0; at = bytes.indexOf(sectionName, at + 1)) {
      if (this.#names.size < mostNames) this.#names.add(offset + at);
    }
  }

  #begin(offset: number): Text {
    const parts: Buffer[] = [];
    const text: Text = {
      offset,
      parts,
      size: 0,
      inflater: new Inflater((bytes) => {
        text.size += bytes.length;
        if (text.size <= this.#limit) parts.push(Buffer.from(bytes));
      }),
    };
    this.#texts.set(offset, text);
    return text;
  }

  #feed(text: Text, bytes: Buffer): void {
    if (text.inflater.done) return;
    text.inflater.push(bytes);
    const isText = text.parts.length === 0 || text.parts[0]![0] === 0x7b;
    if (text.inflater.broken || !isText || text.size > this.#limit) this.#texts.delete(text.offset);
  }

  #resolve(): Buffer | 'broken' | undefined {
    const table = this.#table;
    // Without section headers nothing names it; what is there is read all the same.
    if (table === undefined || table.count === 0) return this.#only();
    if (this.#names.size === 0) return undefined;
    const names = this.#sections[table.names];
    if (names === undefined) return this.#sections.length < table.count ? 'broken' : undefined;
    const section = this.#sections.find(({ name }) => this.#names.has(names.offset + name));
    // With so many places of the name, the right one may be another.
    if (section === undefined) return this.#names.size < mostNames ? undefined : 'broken';
    if (section.size === 0) return undefined;
    const text = this.#texts.get(section.offset);
    if (text === undefined) return 'broken';
    text.inflater.finish();
    return text.inflater.done ? Buffer.concat(text.parts) : 'broken';
  }

  #only(): Buffer | undefined {
    for (const { inflater } of this.#texts.values()) inflater.finish();
    const done = [...this.#texts.values()].filter(({ inflater }) => inflater.done);
    return done.length === 1 ? Buffer.concat(done[0]!.parts) : undefined;
  }
}

/** False where sections of a file have names, and none of them can be the one that is looked for. */
function namesIt(bytes: Buffer, table: SectionTable): boolean {
  if (table.count === 0) return true;
  const header = table.offset + table.names * table.entrySize;
  const [names] = readSections(bytes.subarray(header, header + table.entrySize), table);
  // Names stand behind the beginning of their section.
  return bytes.includes(sectionName, Math.min(names?.offset ?? 0, bytes.length));
}
