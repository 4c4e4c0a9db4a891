import { blockSize, parseNumber } from '../../oci/tar/header.ts';
import { paxNumber, type PaxRecord } from '../../oci/tar/pax.ts';
import type { FileSink } from './sink.ts';

/** A stretch of a sparse file that the archive contains. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** More stretches than any real file has; the map is held in memory. */
const maxStretches = 100_000;

/** True for stretches in order, without overlap, inside of the file. */
export function isSparseMap(map: readonly Stretch[], realSize: number): boolean {
  if (map.length > maxStretches) return false;
  let end = 0;
  for (const { offset, length } of map) {
    if (offset < end || offset + length > realSize) return false;
    end = offset + length;
  }
  return true;
}

/** Reads the stretches of an old GNU header (from byte 386, 4) or of an extension block (from byte 0, 21). */
export function oldGnuStretches(block: Buffer, start: number, count: number): Stretch[] | undefined {
  const map: Stretch[] = [];
  for (let at = start; at < start + count * 24; at += 24) {
    if (block[at] === 0) break;
    const offset = parseNumber(block, at, 12);
    const length = parseNumber(block, at + 12, 12);
    if (offset === undefined || length === undefined) return undefined;
    map.push({ offset, length });
  }
  return map;
}

/** Reads the map of pax formats 0.0 (`offset` and `numbytes` in turn), which counts where it is there, and 0.1 (`map`). */
export function paxStretches(records: readonly PaxRecord[]): Stretch[] | undefined {
  const inTurn = records.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes');
  if (inTurn.length > 0) return pairUp(inTurn.map(([, value]) => value));
  const map = records.findLast(([key]) => key === 'GNU.sparse.map')?.[1];
  return pairUp(map ? map.split(',') : []);
}

function pairUp(numbers: readonly string[]): Stretch[] | undefined {
  if (numbers.length % 2 !== 0 || numbers.length > maxStretches * 2) return undefined;
  const map: Stretch[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    const offset = paxNumber(numbers[at]!);
    const length = paxNumber(numbers[at + 1]!);
    if (offset === undefined || length === undefined) return undefined;
    map.push({ offset, length });
  }
  return map;
}

/** Spreads what the archive contains over the file that is meant. `map` must satisfy `isSparseMap`. */
export function spread(sink: FileSink, map: readonly Stretch[], realSize: number): FileSink {
  let logical = 0;
  let index = 0;
  let within = 0;
  const fillTo = (offset: number): void => {
    if (offset > logical) sink.hole(offset - logical);
    logical = Math.max(logical, offset);
  };
  return {
    data(bytes) {
      let at = 0;
      while (at < bytes.length) {
        const stretch = map[index];
        if (stretch === undefined) return;
        fillTo(stretch.offset + within);
        const take = Math.min(bytes.length - at, stretch.length - within);
        if (take > 0) sink.data(bytes.subarray(at, at + take));
        at += take;
        within += take;
        logical += take;
        if (within >= stretch.length) {
          index += 1;
          within = 0;
        }
      }
    },
    hole: (length) => sink.hole(length),
    end(whole) {
      while (map[index]?.length === 0) index += 1;
      const all = whole && index >= map.length;
      if (all) fillTo(realSize);
      sink.end(all);
    },
  };
}

/**
 * Format 1.0: the map stands before the content, as decimal lines padded to a block.
 * @param invalid called once where the map is wrong; the file then counts as broken off
 */
export function spreadWithMap(sink: FileSink, realSize: number, invalid: () => void): FileSink {
  const blocks: Buffer[] = [];
  let pending = 0;
  // Tried at growing sizes, so that a long map costs no more than its length.
  let nextTry = blockSize;
  let inner: FileSink | undefined;
  let failed = false;
  const fail = (): void => {
    failed = true;
    blocks.length = 0;
    invalid();
  };
  const start = (): void => {
    const text = Buffer.concat(blocks);
    const map = mapOf(text);
    if (map === 'more') return;
    if (map === undefined || !isSparseMap(map.stretches, realSize)) return fail();
    blocks.length = 0;
    inner = spread(sink, map.stretches, realSize);
    inner.data(text.subarray(map.end));
  };
  return {
    data(bytes) {
      if (failed) return;
      if (inner !== undefined) return inner.data(bytes);
      blocks.push(Buffer.from(bytes));
      pending += bytes.length;
      if (pending < nextTry) return;
      start();
      nextTry = pending * 2;
      if (inner === undefined && pending > maxStretches * 40) fail();
    },
    hole: (length) => sink.hole(length),
    end(whole) {
      if (inner === undefined && !failed) start();
      if (inner !== undefined) return inner.end(whole);
      if (!failed) fail();
      sink.end(false);
    },
  };
}

function mapOf(text: Buffer): { stretches: Stretch[]; end: number } | 'more' | undefined {
  const whole = text.toString('latin1', 0, text.length - (text.length % blockSize));
  const first = whole.indexOf('\n');
  if (first < 0) return whole.length > blockSize ? undefined : 'more';
  const count = paxNumber(whole.slice(0, first));
  if (count === undefined || count > maxStretches) return undefined;
  const numbers: string[] = [];
  let at = first + 1;
  while (numbers.length < count * 2) {
    const end = whole.indexOf('\n', at);
    if (end < 0) return 'more';
    numbers.push(whole.slice(at, end));
    at = end + 1;
  }
  const stretches = pairUp(numbers);
  return stretches === undefined ? undefined : { stretches, end: Math.ceil(at / blockSize) * blockSize };
}
