import { decodeName } from '../../../oci/tar/name.ts';

/** Sizes of one element by type of the entry (rpm, "RPM Package File Structure"); 0: none, or of any length. */
const sizes = [0, 1, 1, 2, 4, 8, 0, 1, 0, 0];
const types = { int16: 3, int32: 4, text: 6, texts: 8, translated: 9 } as const;

/** More elements than any package has files: what claims more would take memory without bounds. */
const mostElements = 1_000_000;
/** As many as rpm itself takes. */
const mostEntries = 65_535;
/** Bytes of a single text. */
const longestText = 16 * 1024;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** The header of a package as a database of rpm holds it; every read is checked against its bounds. */
export interface RpmHeader {
  /** the first text of a tag; undefined where there is none, its bytes are not there, or are too many */
  text(tag: number): string | undefined;
  /** all texts of a tag, bytes that are not UTF-8 kept apart as in paths; undefined where they are not all there, or too many */
  texts(tag: number): readonly string[] | undefined;
  /** numbers of 16 or 32 bits, unsigned */
  numbers(tag: number): readonly number[] | undefined;
  /** bytes of a tag whose elements have one byte each */
  bytes(tag: number): Buffer | undefined;
  has(tag: number): boolean;
}

/**
 * Reads the index of a header blob: two counts, entries of 16 bytes, data (rpm, "Header Structure", without the magic that
 * package files have in front). Of a tag that occurs twice the last counts, as in rpm, which adds what it changes at the end.
 *
 * @returns undefined where the counts do not make up the length of the blob
 */
export function readRpmHeader(blob: Buffer): RpmHeader | undefined {
  if (blob.length < 8) return undefined;
  const entries = blob.readUInt32BE(0);
  const length = blob.readUInt32BE(4);
  const start = 8 + entries * 16;
  if (start + length !== blob.length || entries > mostEntries) return undefined;
  const data = blob.subarray(start);
  const index = new Map<number, Entry>();
  for (let at = 8; at < start; at += 16) {
    const [type, offset, count] = [4, 8, 12].map((field) => blob.readUInt32BE(at + field)) as [
      number,
      number,
      number,
    ];
    index.set(blob.readUInt32BE(at), { type, offset, count });
  }
  const part = (tag: number, allowed: readonly number[]): Buffer | undefined => {
    const entry = index.get(tag);
    if (entry === undefined || !allowed.includes(entry.type) || entry.count > mostElements) return undefined;
    const size = sizes[entry.type]! * entry.count;
    return entry.offset + size > data.length ? undefined : data.subarray(entry.offset, entry.offset + size);
  };
  return {
    has: (tag) => index.has(tag),
    text(tag) {
      const entry = index.get(tag);
      if (entry === undefined || !isText(entry.type) || entry.count === 0) return undefined;
      const end = data.indexOf(0, entry.offset);
      const isThere = end >= entry.offset && end - entry.offset <= longestText;
      return isThere ? data.toString('utf8', entry.offset, end) : undefined;
    },
    texts(tag) {
      const entry = index.get(tag);
      return entry === undefined || !isText(entry.type) ? undefined : textsOf(data, entry);
    },
    numbers(tag) {
      const short = part(tag, [types.int16]);
      if (short !== undefined)
        return Array.from({ length: short.length / 2 }, (_, at) => short.readUInt16BE(at * 2));
      const long = part(tag, [types.int32]);
      if (long === undefined) return undefined;
      return Array.from({ length: long.length / 4 }, (_, at) => long.readUInt32BE(at * 4));
    },
    bytes: (tag) => part(tag, [1, 2, 7]),
  };
}

function isText(type: number): boolean {
  return type === types.text || type === types.texts || type === types.translated;
}

function textsOf(data: Buffer, { type, offset, count }: Entry): readonly string[] | undefined {
  const wanted = type === types.text ? 1 : count;
  if (wanted > mostElements) return undefined;
  const found: string[] = [];
  for (let at = offset; found.length < wanted;) {
    const end = at < data.length ? data.indexOf(0, at) : -1;
    if (end < 0) return undefined;
    found.push(decodeName(data.subarray(at, end)));
    at = end + 1;
  }
  return found;
}
