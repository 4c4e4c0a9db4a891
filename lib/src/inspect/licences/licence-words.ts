/** Words of which a shingle is made: so many that follow one another. */
export const shingleLength = 3;

/** FNV-1a, 32 bits. */
const fnvStart = 0x811c9dc5;
const fnvPrime = 0x01000193;

const letterA = 0x61;
const letterC = 0x63;
const copyrightSign = 0xa9;

/** Lines that say whose a work is, not what may be done with it. */
const copyrightLine =
  /^[^a-z0-9]*(?:copyright\b(?! +(?:notice|holder|owner|and|or|licen[cs]e|law|statement))|\(c\)|©|all rights reserved)/;

/** Words of a text, as numbers of which the same words have the same. */
export interface Words {
  readonly length: number;
  readonly hashes: Int32Array;
  /** the word itself */
  at(index: number): string;
}

/** Words of a licence's text, without case, punctuation and the lines that name the owners. */
export function wordsOf(text: string): Words {
  const lower = text.toLowerCase();
  const most = (lower.length >> 1) + 1;
  const [hashes, begins, ends] = [new Int32Array(most), new Uint32Array(most), new Uint32Array(most)];
  let length = 0;
  for (let start = 0; start < lower.length;) {
    const newline = lower.indexOf('\n', start);
    const end = newline < 0 ? lower.length : newline;
    if (isCopyrightLine(lower, start, end)) start = end;
    while (start < end) {
      while (start < end && !isOfWord(lower.charCodeAt(start))) start += 1;
      if (start === end) break;
      begins[length] = start;
      let hash = fnvStart;
      for (; start < end && isOfWord(lower.charCodeAt(start)); start += 1)
        hash = Math.imul(hash ^ lower.charCodeAt(start), fnvPrime);
      hashes[length] = hash;
      ends[length] = start;
      length += 1;
    }
    start = end + 1;
  }
  return { length, hashes, at: (index) => lower.slice(begins[index], ends[index]) };
}

/** A line is looked at whole only if it may be one, by what stands before its first word and how that begins. */
function isCopyrightLine(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === copyrightSign) return true;
    if (!isOfWord(code)) continue;
    return (code === letterC || code === letterA) && copyrightLine.test(text.slice(start, end));
  }
  return false;
}

/** Small letters and digits. */
function isOfWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

/** A number for every shingle, in their order. */
export function shinglesOf({ hashes, length }: Words): Uint32Array {
  const shingles = new Uint32Array(Math.max(0, length - shingleLength + 1));
  for (let at = 0; at < shingles.length; at += 1) {
    let mixed = 0;
    for (let word = at; word < at + shingleLength; word += 1)
      mixed = Math.imul(mixed ^ hashes[word]!, 0x9e3779b1) + 0x7f4a7c15;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    shingles[at] = (mixed ^ (mixed >>> 16)) >>> 0;
  }
  return shingles;
}
