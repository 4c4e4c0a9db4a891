/** Bytes of a file that are kept while it passes: from an offset, as many as turn out to be needed. */
export class Capture {
  readonly #start: number;
  readonly #parts: Buffer[] = [];
  #have = 0;
  #need: number;
  readonly #limit: number;
  /** Says how many bytes are needed in all, or that no more are. */
  readonly #onEnough: (bytes: Buffer) => number | 'done';
  #state: 'open' | 'done' = 'open';

  constructor(start: number, need: number, limit: number, onEnough: (bytes: Buffer) => number | 'done') {
    this.#start = start;
    this.#need = need;
    this.#limit = limit;
    this.#onEnough = onEnough;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Takes what it can use of the bytes that lie at `offset` of the file. */
  feed(bytes: Buffer, offset: number): void {
    const from = this.#start + this.#have - offset;
    if (this.done || from >= bytes.length) return;
    // What lies before can no longer be had.
    if (from < 0) {
      this.#state = 'done';
      return;
    }
    const part = bytes.subarray(from, from + this.#limit - this.#have);
    this.#parts.push(Buffer.from(part));
    this.#have += part.length;
    while (!this.done && this.#have >= this.#need) {
      const all = Buffer.concat(this.#parts);
      this.#parts.splice(0, this.#parts.length, all);
      const need = this.#onEnough(all);
      if (need === 'done' || need > this.#limit) this.#state = 'done';
      else this.#need = Math.max(need, this.#need + 1);
    }
    if (this.#have >= this.#limit) this.#state = 'done';
  }
}
