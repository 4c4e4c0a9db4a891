/** Words of which a shingle is made: so many that follow one another. */
export const shingleLength = 3;

/** Lines that say whose a work is, not what may be done with it. */
const copyrightLine =
  /^[^a-z0-9]*(?:copyright\b(?! +(?:notice|holder|owner|and|or|licen[cs]e|law|statement))|\(c\)|©|all rights reserved)/;

/** Words of a licence's text, without case, punctuation and the lines that name the owners. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const line of text.toLowerCase().split('\n')) {
    if (copyrightLine.test(line)) continue;
    for (const [word] of line.matchAll(/[a-z0-9]+/g)) words.push(word);
  }
  return words;
}

/** A number for every shingle, in their order. */
export function shinglesOf(words: readonly string[]): Uint32Array {
  const hashes = words.map(hashOf);
  const shingles = new Uint32Array(Math.max(0, words.length - shingleLength + 1));
  for (let at = 0; at < shingles.length; at += 1) {
    let mixed = 0;
    for (let word = 0; word < shingleLength; word += 1)
      mixed = Math.imul(mixed ^ hashes[at + word]!, 0x9e3779b1) + 0x7f4a7c15;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    shingles[at] = (mixed ^ (mixed >>> 16)) >>> 0;
  }
  return shingles;
}

/** FNV-1a, 32 bits. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash;
}
