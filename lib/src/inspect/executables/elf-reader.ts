import type { FileSink } from '../tar/sink.ts';
import { parseElfHeader, segmentTypes, headerWindow, type ElfHeader } from './elf-header.ts';
import type { ExecutableFacts } from './executable-facts.ts';
import { describeElf, type ElfParts } from './describe-elf.ts';
import { Stretches } from './stretches.ts';

/**
 * Bytes of the first segment that are kept: linkers put what symbols are called there, in front of the code. Of files with more
 * of them some names are not known.
 */
const mostNames = 4 * 1024 ** 2;
const mostDynamic = 64 * 1024;
const mostSections = 256 * 1024;
const mostLoader = 4096;
const mostNote = 4096;
const mostNotes = 16;

/** Bytes in front of the section headers: names of the sections and, of stripped files, what the compiler says of itself. */
const tail = 16 * 1024;

const zeros = Buffer.alloc(64 * 1024);

/** Reads an ELF file while it passes; what it keeps is bounded, whatever the file claims. */
export class ElfReader implements FileSink {
  readonly #size: number;
  readonly #done: (facts: ExecutableFacts | undefined) => void;
  #offset = 0;
  #first: Buffer = Buffer.alloc(0);
  #header: ElfHeader | undefined;
  #stretches: Stretches | undefined;
  #parts: (() => ElfParts) | undefined;

  /**
   * @param size bytes that the file is said to have
   * @param done told what the file is; undefined: it begins as ELF files do and is none
   */
  constructor(size: number, done: (facts: ExecutableFacts | undefined) => void) {
    this.#size = size;
    this.#done = done;
  }

  data(bytes: Buffer): void {
    if (this.#stretches !== undefined) {
      this.#stretches.feed(bytes, this.#offset);
      this.#offset += bytes.length;
      return;
    }
    this.#first = this.#first.length === 0 ? bytes : Buffer.concat([this.#first, bytes]);
    if (this.#first.length >= Math.min(headerWindow, this.#size)) this.#begin(this.#first);
    // What was given is only lent.
    else this.#first = Buffer.from(this.#first);
  }

  hole(length: number): void {
    for (let left = length; left > 0; left -= zeros.length) {
      this.data(left < zeros.length ? zeros.subarray(0, left) : zeros);
    }
  }

  end(whole: boolean): void {
    if (this.#stretches === undefined) this.#begin(this.#first);
    if (this.#header === undefined || this.#parts === undefined) return this.#done(undefined);
    this.#done(describeElf(this.#header, this.#parts(), whole && this.#offset === this.#size));
  }

  #begin(bytes: Buffer): void {
    const stretches = new Stretches();
    this.#stretches = stretches;
    this.#first = Buffer.alloc(0);
    const header = parseElfHeader(bytes.subarray(0, headerWindow));
    this.#header = header;
    if (header !== undefined) this.#parts = this.#want(header, stretches);
    stretches.feed(bytes, 0);
    this.#offset = bytes.length;
  }

  /** Wants what there is to be known, and what is not in the file is not wanted. */
  #want({ segments, sections }: ElfHeader, stretches: Stretches): () => ElfParts {
    const within = (start: number, length: number, limit: number): (() => Buffer) =>
      stretches.want(start, Math.max(0, Math.min(length, limit, this.#size - start)));
    const first = segments.find(({ type }) => type === segmentTypes.load);
    const dynamic = segments.find(({ type }) => type === segmentTypes.dynamic);
    const start = within(
      0,
      Math.max(headerWindow, first === undefined ? 0 : first.offset + first.size),
      mostNames,
    );
    const table = within(dynamic?.offset ?? 0, dynamic?.size ?? 0, mostDynamic);
    const interpreter = segments.find(({ type }) => type === segmentTypes.interpreter);
    const loader = within(interpreter?.offset ?? 0, interpreter?.size ?? 0, mostLoader);
    const notes = segments
      .filter(({ type }) => type === segmentTypes.note)
      .slice(0, mostNotes)
      .map(({ offset, size }) => within(offset, size, mostNote));
    const behind = Math.max(0, sections.offset - tail);
    const headers =
      sections.offset === 0 ? 0 : sections.offset - behind + sections.count * sections.entrySize;
    const end = within(behind, headers, mostSections + tail);
    return () => ({
      start: start(),
      interpreter: loader(),
      notes: notes.map((note) => note()),
      dynamic: table(),
      end: end(),
      endsFrom: behind,
    });
  }
}
