import type { LayerLimits } from './limits.ts';
import { observers } from './observers.ts';
import type { NoteListener, Reading } from './reading.ts';
import type { FileSink } from './tar/sink.ts';

const headSize = 512;
const zeros = Buffer.alloc(64 * 1024);

/** Reads one file of a layer in one pass for all that want to read it, keeping what they need and no more. */
export class NoteSink implements FileSink {
  readonly #path: string;
  readonly #size: number;
  readonly #limits: LayerLimits;
  readonly #listener: NoteListener;
  #head: Buffer | undefined;
  #readings: readonly Reading[] | undefined;
  /** shared by all that keep the file */
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
    if (this.#readings !== undefined) return this.#use(this.#readings, bytes);
    const all = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    if (all.length < Math.min(headSize, this.#size)) this.#head = Buffer.from(all);
    else this.#begin(all);
  }

  hole(length: number): void {
    let left = length;
    for (; left > 0 && this.#readings === undefined; left -= zeros.length) {
      this.data(zeros.subarray(0, Math.min(left, zeros.length)));
    }
    if (left <= 0) return;
    for (const reading of this.#readings ?? []) if (reading.how === 'pass') reading.sink.hole(left);
    for (; left > 0 && this.#keeps(); left -= zeros.length) {
      this.#keep(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  end(whole: boolean): void {
    if (this.#readings === undefined) this.#begin(this.#head ?? Buffer.alloc(0));
    const content = whole && this.#keeps() ? Buffer.concat(this.#parts) : undefined;
    this.#parts = [];
    for (const reading of this.#readings ?? []) {
      if (reading.how === 'pass') reading.sink.end(whole);
      else if (content !== undefined) reading.use(content);
    }
  }

  #begin(bytes: Buffer): void {
    this.#head = undefined;
    const file = { path: this.#path, size: this.#size, head: bytes };
    const readings = observers
      .map((observe) => observe(file, this.#limits, this.#listener))
      .filter((reading) => reading !== undefined);
    this.#readings = readings;
    if (bytes.length > 0) this.#use(readings, bytes);
  }

  #keeps(): boolean {
    return this.#readings?.some((reading) => reading.how === 'keep') ?? false;
  }

  #use(readings: readonly Reading[], bytes: Buffer): void {
    if (readings.length === 0) return;
    for (const reading of readings) if (reading.how === 'pass') reading.sink.data(bytes);
    if (this.#keeps()) this.#keep(bytes);
  }

  /** Who finds the file too long reads it no further; the others go on. */
  #keep(bytes: Buffer): void {
    this.#kept += bytes.length;
    const tooLong = (this.#readings ?? []).filter(
      (reading) => reading.how === 'keep' && this.#kept > reading.limit,
    );
    for (const { limit } of tooLong as Array<Reading & { how: 'keep' }>) {
      this.#listener.problem('too-large', `it has more than ${limit} bytes, too many to be read`, true);
    }
    if (tooLong.length > 0) this.#readings = this.#readings?.filter((reading) => !tooLong.includes(reading));
    if (this.#keeps()) this.#parts.push(Buffer.from(bytes));
    else this.#parts = [];
  }
}
