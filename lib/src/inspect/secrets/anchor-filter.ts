/** The shortest anchor: the filter looks at three bytes at once. */
const shortestAnchor = 3;

/** Bytes that stand in tokens, as the third byte of a window behind an anchor of three. */
const tokenBytes = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** A window of an anchor. */
interface Spot {
  readonly anchor: number;
  /** where in the anchor the window begins */
  readonly offset: number;
  /** four bytes from there on, as far as the anchor has them, compare so with a word of what is searched */
  readonly fold: number;
  readonly mask: number;
  readonly word: number;
}

/** A text that is looked for. */
export interface Anchor {
  /** ASCII */
  readonly text: string;
  /** true: upper and lower case are the same */
  readonly anyCase: boolean;
}

/**
 * Finds any of many short texts in one pass, half a nanosecond or so for each byte. A window of three bytes, five bits each, is looked
 * up in a table; what it knows is compared. Looking at every other place suffices, since the table has the windows at the first and at
 * the second byte of each text, and one of these two is looked at.
 */
export class AnchorFilter {
  readonly #anchors: ReadonlyArray<{ readonly bytes: Uint8Array; readonly anyCase: boolean }>;
  /** by window: index of a bucket; 0: no anchor has it */
  readonly #table = new Uint16Array(2 ** 15);
  readonly #buckets: Spot[][] = [[]];

  /** @param anchors each of `shortestAnchor` characters or more */
  constructor(anchors: readonly Anchor[]) {
    this.#anchors = anchors.map(({ text, anyCase }) => ({
      bytes: Buffer.from(anyCase ? text.toLowerCase() : text, 'latin1'),
      anyCase,
    }));
    for (const [anchor, { bytes }] of this.#anchors.entries()) {
      if (bytes.length < shortestAnchor)
        throw new RangeError(`an anchor is too short: ${anchors[anchor]!.text}`);
      this.#enter(windowOf(bytes[0]!, bytes[1]!, bytes[2]!), this.#spot(anchor, 0));
      const thirds = bytes.length === shortestAnchor ? tokenBytes : bytes.subarray(3, 4);
      const windows = new Set(Array.from(thirds, (third) => windowOf(bytes[1]!, bytes[2]!, third)));
      for (const window of windows) this.#enter(window, this.#spot(anchor, 1));
    }
  }

  #spot(anchor: number, offset: number): Spot {
    const { bytes, anyCase } = this.#anchors[anchor]!;
    // Small letters are large ones with this bit; what else it makes the same is compared later.
    const fold = anyCase ? 0x20202020 : 0;
    const mask = bytes.length - offset < 4 ? (1 << (8 * (bytes.length - offset))) - 1 : -1;
    return { anchor, offset, fold, mask, word: (wordAt(bytes, offset) | fold) & mask };
  }

  #enter(window: number, spot: Spot): void {
    if (this.#table[window] === 0) {
      this.#table[window] = this.#buckets.length;
      this.#buckets.push([]);
    }
    this.#buckets[this.#table[window]!]!.push(spot);
  }

  /** Calls back for each anchor that begins in bytes `from` to `to`; it may end behind them. */
  scan(bytes: Uint8Array, from: number, to: number, found: (anchor: number, at: number) => void): void {
    const table = this.#table;
    const last = Math.min(to, bytes.length - shortestAnchor);
    let at = from;
    // Two windows at a time, each out of one word: most of the time is spent here.
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const lastPair = Math.min(to, bytes.length - 6); at <= lastPair; at += 4) {
      const first = words.getUint32(at, true);
      const second = words.getUint32(at + 2, true);
      const one = table[(first & 31) | ((first >>> 3) & 0x3e0) | ((first >>> 6) & 0x7c00)]!;
      const other = table[(second & 31) | ((second >>> 3) & 0x3e0) | ((second >>> 6) & 0x7c00)]!;
      if ((one | other) === 0) continue;
      if (one !== 0) this.#compare(bytes, at, first, one, from, to, found);
      if (other !== 0) this.#compare(bytes, at + 2, second, other, from, to, found);
    }
    for (; at <= last; at += 2) {
      const bucket = table[windowOf(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)]!;
      if (bucket !== 0) this.#compare(bytes, at, wordAt(bytes, at), bucket, from, to, found);
    }
  }

  #compare(
    bytes: Uint8Array,
    window: number,
    word: number,
    bucket: number,
    from: number,
    to: number,
    found: (anchor: number, at: number) => void,
  ): void {
    const spots = this.#buckets[bucket]!;
    for (let index = 0; index < spots.length; index += 1) {
      const spot = spots[index]!;
      if (((word | spot.fold) & spot.mask) !== spot.word) continue;
      const at = window - spot.offset;
      if (at >= from && at < to && this.#standsAt(bytes, at, spot.anchor)) found(spot.anchor, at);
    }
  }

  #standsAt(bytes: Uint8Array, at: number, anchor: number): boolean {
    const wanted = this.#anchors[anchor]!;
    if (at + wanted.bytes.length > bytes.length) return false;
    for (let index = 0; index < wanted.bytes.length; index += 1) {
      const byte = bytes[at + index]!;
      const isUpper = wanted.anyCase && byte >= 0x41 && byte <= 0x5a;
      if ((isUpper ? byte | 0x20 : byte) !== wanted.bytes[index]) return false;
    }
    return true;
  }
}

/** Four bytes as a number, with zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** Upper and lower case are the same here. */
function windowOf(first: number, second: number, third: number): number {
  return (first & 31) | ((second & 31) << 5) | ((third & 31) << 10);
}
