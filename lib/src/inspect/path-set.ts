/**
 * Remembers paths by a 53-bit hash, in 8 bytes each: two million paths fit into memory, and what it is asked (was this
 * path there before?) may rarely be answered wrongly, which an attacker gains nothing by.
 */
export class PathSet {
  #slots: Float64Array = new Float64Array(1024);
  #size = 0;

  /** Adds a path; true if it was there. */
  add(path: string): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    return this.#place(hash(path));
  }

  #place(value: number): boolean {
    const mask = this.#slots.length - 1;
    for (let at = value % this.#slots.length; ; at = (at + 1) & mask) {
      if (this.#slots[at] === value) return true;
      if (this.#slots[at] === 0) {
        this.#slots[at] = value;
        this.#size += 1;
        return false;
      }
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    this.#size = 0;
    for (const value of old) if (value !== 0) this.#place(value);
  }
}

/** Two rounds of FNV-1a with different starts, joined to 53 bits; never 0. */
function hash(path: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < path.length; at += 1) {
    const code = path.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return ((high >>> 0) & 0x1fffff) * 0x100000000 + (low >>> 0) + 1;
}
