/** Bits of a digest that files are sorted by: few files share them by chance, and a number holds them exactly. */
const keyBytes = 6;

/** The key of a file: the first 48 bits of its SHA-256. */
export function fileKey(digest: Uint8Array, at = 0): number {
  return Buffer.from(digest.buffer, digest.byteOffset + at, keyBytes).readUIntBE(0, keyBytes);
}

/** Files by their keys and the layers that have them: columns of one length, in the order of both. */
export interface Entries {
  readonly keys: Float64Array;
  readonly layers: Float64Array;
}

/** A part of a segment as it is stored. */
export interface Piece {
  readonly firstKey: number;
  /** counts the pieces of a segment from 0 */
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** A row of this size takes one page and an eighth of SQLite. */
const pieceBytes = 4400;

/** Two numbers take no more. */
const longestEntry = 16;

/**
 * Packs entries that are given in order into pieces. An entry is the distance of its key from the one before, and its layer, where
 * the key is the same the distance from the layer before; both in groups of seven bits, the lowest first.
 */
export class PieceWriter {
  readonly #bytes = Buffer.allocUnsafe(pieceBytes);
  #used = 0;
  #number = 0;
  #firstKey = 0;
  #key = -1;
  #layer = -1;

  /** @returns a piece that is full; what is given twice in a row is kept once */
  add(key: number, layer: number): Piece | undefined {
    if (key === this.#key && layer === this.#layer) return undefined;
    const full = this.#used > pieceBytes - longestEntry ? this.finish() : undefined;
    if (this.#used === 0) {
      this.#firstKey = this.#key = key;
      this.#layer = 0;
    }
    const gap = key - this.#key;
    this.#put(gap);
    this.#put(gap === 0 ? layer - this.#layer : layer);
    this.#key = key;
    this.#layer = layer;
    return full;
  }

  /** The last piece; undefined: all entries are in the pieces before. */
  finish(): Piece | undefined {
    if (this.#used === 0) return undefined;
    const bytes = new Uint8Array(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
    this.#number += 1;
    return { firstKey: this.#firstKey, number: this.#number - 1, bytes };
  }

  #put(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#used++] = rest;
  }
}

/** What a PieceWriter was given. */
export function readPiece({ firstKey, bytes }: Omit<Piece, 'number'>): Entries {
  // An entry has two bytes at least.
  const keys = new Float64Array(bytes.length >> 1);
  const layers = new Float64Array(bytes.length >> 1);
  let [at, count, key, layer] = [0, 0, firstKey, 0];
  const take = (): number => {
    let [value, unit] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a piece of the index of files ends within a number');
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
  };
  while (at < bytes.length) {
    const gap = take();
    const given = take();
    layer = gap === 0 ? layer + given : given;
    key += gap;
    keys[count] = key;
    layers[count] = layer;
    count += 1;
  }
  return { keys: keys.subarray(0, count), layers: layers.subarray(0, count) };
}
