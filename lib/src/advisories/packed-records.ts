const chunkSize = 1 << 20;

/** Values that stay unpacked: more than the packages of one image ask for, so that they are found at once when they are asked for again. */
const mostKept = 16_384;

/**
 * JSON values kept as bytes outside of the heap: some ten times smaller than as objects, and nothing for the garbage
 * collector to walk. For sets of which few members are ever looked at.
 */
export class PackedRecords<T> {
  readonly #read: (value: unknown) => T;
  #chunk = Buffer.allocUnsafeSlow(chunkSize);
  #used = 0;
  readonly #chunks: Buffer[] = [this.#chunk];
  /** three numbers per record: chunk, begin, length */
  #places = new Uint32Array(3 * 1024);
  #count = 0;
  readonly #kept = new Map<number, T>();

  /** @param read makes a value of parsed JSON; it gets just what `add` was given, without what is undefined */
  constructor(read: (value: unknown) => T) {
    this.#read = read;
  }

  get size(): number {
    return this.#count;
  }

  /** Keeps a value; returns its number, from 0. */
  add(value: T): number {
    const text = JSON.stringify(value);
    const length = Buffer.byteLength(text);
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkSize, length));
      this.#chunks.push(this.#chunk);
      this.#used = 0;
    }
    this.#chunk.write(text, this.#used, 'utf8');
    const at = this.#count * 3;
    if (at === this.#places.length) {
      const larger = new Uint32Array(this.#places.length * 2);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places.set([this.#chunks.length - 1, this.#used, length], at);
    this.#used += length;
    this.#count += 1;
    return this.#count - 1;
  }

  /** The value of this number, which others are given too. */
  get(number: number): T {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    const [chunk = 0, begin = 0, length = 0] = this.#places.subarray(number * 3, number * 3 + 3);
    const bytes = this.#chunks[chunk];
    if (number >= this.#count || bytes === undefined) throw new RangeError(`no record ${number}`);
    const value = this.#read(JSON.parse(bytes.toString('utf8', begin, begin + length)));
    if (this.#kept.size >= mostKept) this.#kept.clear();
    this.#kept.set(number, value);
    return value;
  }
}
