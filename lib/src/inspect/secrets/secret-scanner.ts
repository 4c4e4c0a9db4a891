import { longestReach, reachBefore } from './rule.ts';
import { scanBytes, type LocatedHit, type ScannedFile } from './scan-text.ts';
import { listedHits, type FileSecrets } from './secret-facts.ts';
import type { FileSink } from '../tar/sink.ts';

const newline = 0x0a;
const newlines = 0x0a0a0a0a;
/** All bits of four bytes but the highest of each. */
const lowBits = 0x7f7f7f7f;
/** Bytes of a part that are looked at with those before it: the first in which a search needs none of these, and those that it looks ahead. */
const seam = reachBefore + longestReach;
/** Secrets beyond those listed after which a file needs no further search. */
const enough = 1000;

type Found = LocatedHit & { readonly line: number };

/** Looks for secrets in one file while it passes, however it is cut. Keeps two kilobytes of it and what it found. */
export class SecretScanner implements FileSink {
  readonly #file: ScannedFile;
  readonly #size: number;
  readonly #done: (secrets: FileSecrets) => void;
  readonly #found: Found[] = [];
  #more = 0;
  /** bytes that later parts may need, and their place in the file */
  #kept: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** up to where it was searched */
  #searched = 0;
  /** lines that end before `#offset` */
  #lines = 0;

  /**
   * @param size bytes that the file is said to have
   * @param done told at the end, where there is any
   */
  constructor(file: ScannedFile, size: number, done: (secrets: FileSecrets) => void) {
    this.#file = file;
    this.#size = size;
    this.#done = done;
  }

  data(bytes: Buffer): void {
    if (this.#kept.length > 0 && bytes.length > seam) this.#join(bytes.subarray(0, seam));
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const end = this.#offset + all.length;
    const isLast = end >= this.#size;
    this.#search(all, isLast ? end : end - longestReach);
    this.#keep(all, isLast ? all.length : Math.max(0, this.#searched - reachBefore - this.#offset));
  }

  /** Searches what was kept with the beginning of a long part, which needs not be copied for the rest of it. */
  #join(beginning: Buffer): void {
    const kept = this.#kept.length;
    const all = Buffer.concat([this.#kept, beginning]);
    this.#search(all, this.#offset + kept + reachBefore);
    this.#keep(all, kept);
    this.#kept = Buffer.alloc(0);
  }

  /** Zeros hold no secret, but end one. */
  hole(length: number): void {
    const rest = this.#kept;
    this.#search(rest, this.#offset + rest.length);
    this.#keep(rest, rest.length);
    this.#offset += length;
    this.#searched = this.#offset;
  }

  end(): void {
    this.#search(this.#kept, this.#offset + this.#kept.length);
    this.#kept = Buffer.alloc(0);
    if (this.#found.length === 0) return;
    const hits = this.#found
      .toSorted((a, b) => a.start - b.start || a.rule - b.rule)
      .map(({ hit, line }) => ({ ...hit, ...(this.#file.isText ? { line } : {}) }));
    this.#done({ hits, more: this.#more });
  }

  #search(bytes: Buffer, until: number): void {
    if (until <= this.#searched || this.#more > enough) return;
    const from = this.#searched - this.#offset;
    const lines = { counted: 0, number: this.#lines };
    scanBytes(bytes, from, until - this.#offset, this.#offset, this.#file, (hit) => {
      const at = hit.start - this.#offset;
      if (at < lines.counted) Object.assign(lines, { counted: 0, number: this.#lines });
      lines.number += countLines(bytes, lines.counted, at);
      lines.counted = at;
      this.#take({ ...hit, line: lines.number + 1 });
    });
    this.#searched = until;
  }

  /** Forgets the first bytes of those at hand. */
  #keep(bytes: Buffer, forgotten: number): void {
    // Where the whole file came at once, no line is counted that nobody asks for.
    if (this.#file.isText && this.#offset + bytes.length < this.#size)
      this.#lines += countLines(bytes, 0, forgotten);
    this.#kept = forgotten === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(forgotten));
    this.#offset += forgotten;
  }

  /** Keeps the first secrets; of two rules that found the same, the one that comes first. */
  #take(found: Found): void {
    const same = this.#found.findIndex(
      (one) => one.key === found.key || (one.start < found.end && found.start < one.end),
    );
    if (same >= 0) {
      if (found.rule < this.#found[same]!.rule) this.#found[same] = found;
    } else if (this.#found.length < listedHits) this.#found.push(found);
    else this.#more += 1;
  }
}

/**
 * Counts newlines four bytes at a time, without a branch, since of much text lines are counted in which nothing is found. Each byte of
 * `sums` counts those at its place in 255 words, which is as far as it can.
 */
function countLines(bytes: Buffer, from: number, to: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let lines = 0;
  let at = from;
  while (at + 4 <= to) {
    let sums = 0;
    for (const end = Math.min(to - 3, at + 4 * 255); at < end; at += 4) {
      // Zero where a newline is; then the highest bit of each such byte alone, and then the lowest.
      const other = words.getInt32(at, true) ^ newlines;
      sums = (sums + (~(((other & lowBits) + lowBits) | other | lowBits) >>> 7)) | 0;
    }
    lines += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  }
  for (; at < to; at += 1) if (bytes[at] === newline) lines += 1;
  return lines;
}
