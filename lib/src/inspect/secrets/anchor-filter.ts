/** The shortest anchor: the filter looks at three bytes at once. */
const shortestAnchor = 3;

/** Bytes that stand in tokens, as the third byte of a window behind an anchor of three. */
const tokenBytes = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

interface Spot {
  readonly anchor: number;
  /** where in the anchor the window begins */
  readonly offset: number;
}

/** A text that is looked for. */
export interface Anchor {
  /** ASCII */
  readonly text: string;
  /** true: upper and lower case are the same */
  readonly anyCase: boolean;
}

/**
 * Finds any of many short texts in one pass, a nanosecond or so for every other byte. A window of three bytes, five bits each, is looked
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
      this.#enter(windowOf(bytes[0]!, bytes[1]!, bytes[2]!), { anchor, offset: 0 });
      const thirds = bytes.length === shortestAnchor ? tokenBytes : bytes.subarray(3, 4);
      const windows = new Set(Array.from(thirds, (third) => windowOf(bytes[1]!, bytes[2]!, third)));
      for (const window of windows) this.#enter(window, { anchor, offset: 1 });
    }
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
    for (let at = from; at <= last; at += 2) {
      const bucket = table[((bytes[at]! & 31) << 10) | ((bytes[at + 1]! & 31) << 5) | (bytes[at + 2]! & 31)]!;
      if (bucket !== 0) this.#compare(bytes, at, bucket, from, to, found);
    }
  }

  #compare(
    bytes: Uint8Array,
    window: number,
    bucket: number,
    from: number,
    to: number,
    found: (anchor: number, at: number) => void,
  ): void {
    for (const { anchor, offset } of this.#buckets[bucket]!) {
      const at = window - offset;
      if (at >= from && at < to && this.#standsAt(bytes, at, anchor)) found(anchor, at);
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

/** Upper and lower case are the same here. */
function windowOf(first: number, second: number, third: number): number {
  return ((first & 31) << 10) | ((second & 31) << 5) | (third & 31);
}
