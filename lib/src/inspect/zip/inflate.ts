import { fixedCodes, huffmanCode, readCodes, type BitSource, type Codes } from './huffman.ts';

const windowSize = 32 * 1024;
const outputSize = 4 * windowSize;
const longestMatch = 258;

/** Bytes that the description of a block takes at most: 3 + 14 bits, 19 lengths of 3 bits, 320 of 14. */
const longestDescription = 600;
/** Bytes that one symbol, with its distance, takes at most, and what is read ahead. */
const longestSymbol = 16;

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const distanceExtra = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];

type State = 'block' | 'stored' | 'symbols' | 'done' | 'broken';

/**
 * Unpacks a deflate stream (RFC 1951) in pieces, at once and in memory of a fixed size. The runtime's own does one of the two:
 * it unpacks in pieces later, or at once what is there whole; here archives lie in archives, and must pass unkept.
 */
export class Inflater implements BitSource {
  readonly #emit: (bytes: Buffer) => void;
  #input: Buffer = Buffer.alloc(0);
  #at = 0;
  #hold = 0;
  #bits = 0;
  #state: State = 'block';
  #last = false;
  #stored = 0;
  #codes: Codes = fixedCodes;
  readonly #output = Buffer.allocUnsafe(outputSize);
  #end = 0;
  #sent = 0;

  /** @param emit takes what was unpacked; the bytes are only lent */
  constructor(emit: (bytes: Buffer) => void) {
    this.#emit = emit;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** True: it is no deflate stream, or it broke off. */
  get broken(): boolean {
    return this.#state === 'broken';
  }

  /** Takes the next bytes. @returns once it is done or broken: those that are not part of the stream */
  push(bytes: Buffer): Buffer | undefined {
    if (this.done || this.broken) return bytes;
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    this.#at = 0;
    this.#run(this.#input.length);
    return this.#pause();
  }

  /** Says that nothing follows. @returns bytes that are not part of the stream */
  finish(): Buffer {
    if (this.done || this.broken) return Buffer.alloc(0);
    const { length } = this.#input;
    this.#input = Buffer.concat([this.#input, Buffer.alloc(longestDescription + longestSymbol)]);
    this.#at = 0;
    this.#run(this.#input.length);
    this.#pause();
    if (this.done && this.#at <= length) return this.#input.subarray(this.#at, length);
    this.#state = 'broken';
    return Buffer.alloc(0);
  }

  /** Gives whole bytes back that were read ahead, and what was unpacked on. */
  #pause(): Buffer | undefined {
    this.#at -= this.#bits >> 3;
    this.#bits &= 7;
    this.#hold &= (1 << this.#bits) - 1;
    this.#flush();
    const rest = this.#input.subarray(this.#at);
    if (this.done || this.broken) return rest;
    this.#input = Buffer.from(rest);
    this.#at = 0;
    return undefined;
  }

  #flush(): void {
    if (this.#end > this.#sent) this.#emit(this.#output.subarray(this.#sent, this.#end));
    this.#sent = this.#end;
    if (this.#end <= outputSize - windowSize) return;
    this.#output.copyWithin(0, this.#end - windowSize, this.#end);
    this.#end = windowSize;
    this.#sent = windowSize;
  }

  bits(count: number): number {
    while (this.#bits < count) {
      this.#hold |= (this.#input[this.#at] ?? 0) << this.#bits;
      this.#at += 1;
      this.#bits += 8;
    }
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#bits -= count;
    return value;
  }

  #available(): number {
    return this.#input.length - this.#at + (this.#bits >> 3);
  }

  #run(length: number): void {
    for (;;) {
      if (this.#state === 'block') {
        if (this.#available() < longestDescription) return;
        this.#begin();
      } else if (this.#state === 'stored') {
        if (!this.#copyStored(length)) return;
      } else if (this.#state === 'symbols') {
        if (!this.#symbols(length - longestSymbol)) return;
      } else return;
      if (this.#state === 'block' && this.#last) this.#state = 'done';
    }
  }

  #begin(): void {
    this.#last = this.bits(1) === 1;
    const type = this.bits(2);
    if (type === 0) {
      this.#hold = 0;
      this.#at -= this.#bits >> 3;
      this.#bits = 0;
      this.#stored = this.bits(16);
      this.#state = this.bits(16) === (this.#stored ^ 0xffff) ? 'stored' : 'broken';
      return;
    }
    const codes = type === 1 ? fixedCodes : type === 2 ? readCodes(this) : undefined;
    this.#state = codes === undefined ? 'broken' : 'symbols';
    if (codes !== undefined) this.#codes = codes;
  }

  /** True when the block is over. */
  #copyStored(length: number): boolean {
    while (this.#stored > 0 && this.#at < length) {
      const room = Math.min(this.#stored, length - this.#at, outputSize - this.#end);
      this.#input.copy(this.#output, this.#end, this.#at, this.#at + room);
      this.#end += room;
      this.#at += room;
      this.#stored -= room;
      if (this.#end > outputSize - longestMatch) this.#flush();
    }
    if (this.#stored > 0) return false;
    this.#state = 'block';
    return true;
  }

  /** Unpacks symbols that begin before `most`; true when the block is over or broken. */
  #symbols(most: number): boolean {
    const input = this.#input;
    const output = this.#output;
    const { literals, distances } = this.#codes;
    let at = this.#at;
    let hold = this.#hold;
    let bits = this.#bits;
    let end = this.#end;
    let next: State = 'symbols';
    while (at < most) {
      while (bits <= 24) {
        hold |= input[at]! << bits;
        at += 1;
        bits += 8;
      }
      const literal = huffmanCode(literals, hold);
      hold >>>= literal & 15;
      bits -= literal & 15;
      const symbol = literal >> 4;
      if (symbol < 256) {
        if (literal === 0) {
          next = 'broken';
          break;
        }
        output[end] = symbol;
        end += 1;
      } else if (symbol === 256) {
        next = 'block';
        break;
      } else {
        if (symbol > 285) {
          next = 'broken';
          break;
        }
        const more = lengthExtra[symbol - 257]!;
        const length = lengthBase[symbol - 257]! + (hold & ((1 << more) - 1));
        hold >>>= more;
        bits -= more;
        while (bits <= 24) {
          hold |= input[at]! << bits;
          at += 1;
          bits += 8;
        }
        const code = huffmanCode(distances, hold);
        hold >>>= code & 15;
        bits -= code & 15;
        const place = code >> 4;
        const further = distanceExtra[place] ?? 0;
        while (bits < further) {
          hold |= input[at]! << bits;
          at += 1;
          bits += 8;
        }
        const distance = (distanceBase[place] ?? outputSize) + (hold & ((1 << further) - 1));
        hold >>>= further;
        bits -= further;
        if (code === 0 || distance > end) {
          next = 'broken';
          break;
        }
        for (const stop = end + length; end < stop; end += 1) output[end] = output[end - distance]!;
      }
      if (end > outputSize - longestMatch) {
        this.#end = end;
        this.#flush();
        end = this.#end;
      }
    }
    this.#at = at;
    this.#hold = hold;
    this.#bits = bits;
    this.#end = end;
    this.#state = next;
    return next !== 'symbols';
  }
}
