import type { LayerLimits } from './limits.ts';
import { decideReading, type NoteListener, type Reading } from './notes.ts';
import type { FileSink } from './tar/sink.ts';

const headSize = 512;
const zeros = Buffer.alloc(64 * 1024);

/** Reads one file of a layer as far as it is of note, keeping what that needs and no more. */
export class NoteSink implements FileSink {
  readonly #path: string;
  readonly #size: number;
  readonly #limits: LayerLimits;
  readonly #listener: NoteListener;
  #head: Buffer | undefined;
  #reading: Reading | undefined;
  #parts: Buffer[] = [];
  #kept = 0;

  /**
   * @param path normalized, relative to the root
   * @param size bytes that the file is said to have
   */
  constructor(path: string, size: number, limits: LayerLimits, listener: NoteListener) {
    this.#path = path;
    this.#size = size;
    this.#limits = limits;
    this.#listener = listener;
  }

  data(bytes: Buffer): void {
    if (this.#reading !== undefined) return this.#use(this.#reading, bytes);
    const all = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    if (all.length < Math.min(headSize, this.#size)) this.#head = Buffer.from(all);
    else this.#begin(all);
  }

  hole(length: number): void {
    if (this.#reading?.how === 'pass') return this.#reading.sink.hole(length);
    for (let left = length; left > 0 && this.#reading?.how !== 'skip'; left -= zeros.length) {
      this.data(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  end(whole: boolean): void {
    const reading = this.#reading ?? this.#begin(this.#head ?? Buffer.alloc(0));
    if (reading.how === 'pass') reading.sink.end(whole);
    if (reading.how === 'keep' && whole) reading.use(Buffer.concat(this.#parts));
    this.#parts = [];
  }

  #begin(bytes: Buffer): Reading {
    this.#head = undefined;
    const file = { path: this.#path, size: this.#size, head: bytes };
    const reading = decideReading(file, this.#limits, this.#listener);
    this.#reading = reading;
    if (bytes.length > 0) this.#use(reading, bytes);
    return reading;
  }

  #use(reading: Reading, bytes: Buffer): void {
    if (reading.how === 'pass') reading.sink.data(bytes);
    if (reading.how !== 'keep') return;
    this.#kept += bytes.length;
    if (this.#kept <= reading.limit) {
      this.#parts.push(Buffer.from(bytes));
      return;
    }
    this.#reading = { how: 'skip' };
    this.#parts = [];
    this.#listener.problem('too-large', `it has more than ${reading.limit} bytes, too many to be read`, true);
  }
}
