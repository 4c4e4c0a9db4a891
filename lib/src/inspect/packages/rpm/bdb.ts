import type { Faults } from './faults.ts';

const magic = 0x061561;
const pageHeader = 26;
const types = { free: 0, unsorted: 2, overflow: 7, meta: 8, sorted: 13 } as const;
const items = { inline: 1, elsewhere: 3 } as const;

/** Numbers in the order in which the machine that wrote it has their bytes. */
interface Numbers {
  short(at: number): number;
  long(at: number): number;
}

function numbersOf(bytes: Buffer): Numbers | undefined {
  if (bytes.length < 512) return undefined;
  if (bytes.readUInt32LE(12) === magic)
    return { short: (at) => bytes.readUInt16LE(at), long: (at) => bytes.readUInt32LE(at) };
  if (bytes.readUInt32BE(12) === magic)
    return { short: (at) => bytes.readUInt16BE(at), long: (at) => bytes.readUInt32BE(at) };
  return undefined;
}

/** True for a file that begins as hash databases of Berkeley DB do. */
export function isBdbHash(head: Buffer): boolean {
  return numbersOf(head) !== undefined;
}

/**
 * Reads the values of a hash database of Berkeley DB (db_page.h), in which rpm kept the headers of packages by their numbers.
 *
 * Pages are read in the order of the file, not by their hash, so that no bucket is missed. Each page must belong to something, and
 * the items of a page must fill it from the end down: a count that was made smaller would else hide packages.
 *
 * @param use given each value but that of the key 0, where rpm keeps the last number that it gave
 */
export function readBdbHash(bytes: Buffer, use: (blob: Buffer) => void, faults: Faults): void {
  const numbers = numbersOf(bytes)!;
  const size = numbers.long(20);
  const isPowerOfTwo = size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
  if (!isPowerOfTwo || bytes[25] !== types.meta) return faults.add('its first page cannot be read');
  if (bytes[24] !== 0) return faults.add('it is encrypted');
  const pages = Math.floor(bytes.length / size);
  if (numbers.long(32) + 1 !== pages || bytes.length % size !== 0) faults.add('it broke off');
  const chains = new Chains(bytes, size, pages, numbers, faults);
  let sawNext = false;
  let pairs = 0;
  for (let page = 1; page < pages; page += 1) {
    const start = page * size;
    const type = bytes[start + 25];
    // Each page has its number, but for those that were never written.
    if (numbers.long(start + 8) !== page) {
      if (!isBlank(bytes.subarray(start, start + size))) faults.add(`page ${page} has another number`);
      continue;
    }
    if (type === types.overflow) continue;
    if (type === types.free) {
      if (numbers.short(start + 20) !== 0) faults.add('a page that is free has items');
      continue;
    }
    if (type !== types.sorted && type !== types.unsorted) {
      faults.add(`page ${page} is of a kind that is not known`);
      continue;
    }
    for (const [key, value] of pairsOf(bytes, start, size, numbers, faults)) {
      pairs += 1;
      const isNumber = key.length === 5 && key[0] === items.inline;
      if (!isNumber) faults.add('a key is no number');
      else if (key.readUInt32LE(1) === 0 && value.length === 5 && value[0] === items.inline && !sawNext) {
        sawNext = true;
        continue;
      }
      const blob = readItem(value, numbers, bytes, chains);
      if (blob === undefined) faults.add('a value cannot be read');
      else use(blob);
    }
  }
  chains.check();
  // The count is kept loosely by some versions; that there is something, all of them say.
  if (pairs === 0 && numbers.long(88) > 0) faults.add('what it counts is not there');
}

function isBlank(page: Buffer): boolean {
  return page.every((byte) => byte === 0);
}

/** Keys and values of a page as they stand in it, with the letter that tells their kind. */
function* pairsOf(
  bytes: Buffer,
  start: number,
  size: number,
  numbers: Numbers,
  faults: Faults,
): Generator<readonly [key: Buffer, value: Buffer]> {
  const count = numbers.short(start + 20);
  if (count % 2 !== 0 || pageHeader + count * 2 > size) {
    faults.add('a page has an odd number of items');
    return;
  }
  let end = size;
  let key: Buffer | undefined;
  for (let index = 0; index < count; index += 1) {
    const from = numbers.short(start + pageHeader + index * 2);
    if (from >= end || from < pageHeader + count * 2) {
      faults.add('an item does not lie in its page');
      return;
    }
    const item = bytes.subarray(start + from, start + end);
    end = from;
    if (key === undefined) key = item;
    else {
      yield [key, item];
      key = undefined;
    }
  }
  // Of a page without items the field may never have been written.
  const content = numbers.short(start + 22);
  if (end % 65536 !== content && count > 0) faults.add('a page has items that it does not count');
}

function readItem(item: Buffer, numbers: Numbers, bytes: Buffer, chains: Chains): Buffer | undefined {
  if (item[0] === items.inline) return item.subarray(1);
  if (item[0] !== items.elsewhere || item.length !== 12) return undefined;
  const at = item.byteOffset - bytes.byteOffset;
  return chains.read(numbers.long(at + 4), numbers.long(at + 8));
}

/** Chains of overflow pages, each of which belongs to one value. */
class Chains {
  readonly #bytes: Buffer;
  readonly #size: number;
  readonly #pages: number;
  readonly #numbers: Numbers;
  readonly #faults: Faults;
  readonly #used: Uint8Array;

  constructor(bytes: Buffer, size: number, pages: number, numbers: Numbers, faults: Faults) {
    this.#bytes = bytes;
    this.#size = size;
    this.#pages = pages;
    this.#numbers = numbers;
    this.#faults = faults;
    this.#used = new Uint8Array(pages);
  }

  read(first: number, length: number): Buffer | undefined {
    const parts: Buffer[] = [];
    let left = length;
    for (let page = first; page !== 0;) {
      if (page >= this.#pages || this.#used[page] === 1) return undefined;
      this.#used[page] = 1;
      const start = page * this.#size;
      const held = this.#numbers.short(start + 22);
      if (this.#bytes[start + 25] !== types.overflow || held > Math.min(left, this.#size - pageHeader))
        return undefined;
      parts.push(this.#bytes.subarray(start + pageHeader, start + pageHeader + held));
      left -= held;
      page = this.#numbers.long(start + 16);
    }
    return left === 0 ? Buffer.concat(parts) : undefined;
  }

  /** What belongs to no value may have been one; pages that were given back are of another kind. */
  check(): void {
    for (let page = 1; page < this.#pages; page += 1) {
      const isLeft = this.#bytes[page * this.#size + 25] === types.overflow && this.#used[page] === 0;
      if (isLeft) return this.#faults.add('pages of it belong to no value');
    }
  }
}
