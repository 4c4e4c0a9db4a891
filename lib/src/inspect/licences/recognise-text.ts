import { combine, unknownLicence, type Licence } from './expression.ts';
import { fingerprintData } from './fingerprint-data.ts';
import { shingleLength, shinglesOf, wordsOf, type Words } from './licence-words.ts';

/** What is kept of the text of one licence: numbers of its shingles, of long texts of a part of them. */
interface Fingerprint {
  readonly id: string;
  /** a shingle is kept if its number can be divided by this */
  readonly step: number;
  readonly shingles: Int32Array;
  /** the same, to be looked up; made when it is first found, since the same few licences stand in most files */
  known?: ReadonlySet<number>;
  /** by another that was found beside it: whether they share most of the words of one of them */
  readonly related: Map<Fingerprint, boolean>;
}

/** Share of a licence's shingles that a text must have: names, titles and what is appended differ. */
const enough = 0.8;
/** Words of a text that are no licence's: a title, a name, an address; as a number, and as a share of the text. */
const spare = { words: 30, share: 0.1 };
/** Words that may change what a licence allows, if they stand beside its text. */
const changing: ReadonlySet<string> = new Set(
  `acknowledge additional agree condition conditions commercial noncommercial evil except exception exceptions fee forbidden intended military must nuclear only permitted
   prohibited provided require required restricted restriction restrictions shall unless`.split(/\s+/),
);

interface Library {
  readonly all: readonly Fingerprint[];
  /** the index of the one that has a shingle, or those of several */
  readonly having: ReadonlyMap<number, number | readonly number[]>;
}

let loaded: Library | undefined;

function library(): Library {
  return (loaded ??= load());
}

function load(): Library {
  const having = new Map<number, number | number[]>();
  const all = fingerprintData.map(([id, step, numbers], index) => {
    const bytes = Buffer.from(numbers, 'base64');
    const shingles = new Int32Array(bytes.length / 4);
    for (let at = 0; at < shingles.length; at += 1) {
      const shingle = bytes.readInt32LE(at * 4);
      shingles[at] = shingle;
      const others = having.get(shingle);
      if (others === undefined) having.set(shingle, index);
      else if (typeof others === 'number') having.set(shingle, [others, index]);
      else others.push(index);
    }
    return { id, step, shingles, related: new Map<Fingerprint, boolean>() };
  });
  return { all, having };
}

/**
 * The licences whose texts these words are. Where more than names and titles stands beside them, that is unknown and counts too.
 * Of the GNU licences a text alone allows its own version and no other.
 *
 * @returns undefined where it has the text of no licence that is known
 */
export function recogniseText(text: string): Licence | undefined {
  const words = wordsOf(text);
  // With a sign, as the numbers that are compared with: those are faster to look up.
  const shingles = new Int32Array(shinglesOf(words).buffer);
  const { all, having } = library();
  const common = new Uint32Array(all.length);
  const counted = new Set<number>();
  for (let at = 0; at < shingles.length; at += 1) {
    const shingle = shingles[at]!;
    const indexes = having.get(shingle);
    if (indexes === undefined || counted.has(shingle)) continue;
    counted.add(shingle);
    if (typeof indexes === 'number') common[indexes]! += 1;
    else for (const index of indexes) common[index]! += 1;
  }
  const found = withoutParts(
    all.flatMap((one, index) => {
      const explained = common[index]!;
      const missing = one.shingles.length - explained;
      if (explained < one.shingles.length * enough) return [];
      return [{ licence: one, score: (explained - missing) * one.step }];
    }),
  ).map(({ licence }) => licence);
  if (found.length === 0) return undefined;
  const licences: Licence[] = found.map(({ id }) => ({ kind: 'licence', id }));
  const rest = restOf(words, shingles, found);
  if (rest !== undefined) licences.push(unknownLicence(rest));
  return combine('and', licences);
}

function knownOf(one: Fingerprint): ReadonlySet<number> {
  return (one.known ??= new Set(one.shingles));
}

function shareOf({ shingles }: Fingerprint, there: ReadonlySet<number>): number {
  let common = 0;
  for (let at = 0; at < shingles.length; at += 1) if (there.has(shingles[at]!)) common += 1;
  return common / shingles.length;
}

function areRelated(one: Fingerprint, other: Fingerprint): boolean {
  const before = one.related.get(other);
  if (before !== undefined) return before;
  const related = Math.max(shareOf(one, knownOf(other)), shareOf(other, knownOf(one))) >= 0.5;
  one.related.set(other, related);
  other.related.set(one, related);
  return related;
}

/** One whose text is there, and how well it explains it. */
interface Found {
  readonly licence: Fingerprint;
  readonly score: number;
}

/**
 * Without those that share most of their words with one that is there rather: what explains more of the text and misses less of
 * its own, as BSD's with three conditions does where that with two is within it.
 */
function withoutParts(found: readonly Found[]): Found[] {
  return found.filter((one) => !found.some((other) => other !== one && standsFor(other, one)));
}

function standsFor(one: Found, other: Found): boolean {
  if (!areRelated(one.licence, other.licence)) return false;
  return one.score === other.score ? one.licence.id < other.licence.id : one.score > other.score;
}

/** What stands beside the licences' own words; undefined: nothing of weight. */
function restOf(words: Words, shingles: Int32Array, found: readonly Fingerprint[]): string | undefined {
  const covered = new Uint8Array(words.length);
  for (let at = 0; at < shingles.length; at += 1) {
    const shingle = shingles[at]!;
    // Of long texts one shingle in some is known: it vouches for as many words as that.
    const known = found.find((one) => knownOf(one).has(shingle));
    if (known === undefined) continue;
    const reach = known.step === 1 ? 0 : known.step * 4;
    covered.fill(1, Math.max(0, at - reach), at + shingleLength + reach);
  }
  const rest: string[] = [];
  for (let at = 0; at < words.length; at += 1) if (covered[at] === 0) rest.push(words.at(at));
  const many = rest.length > spare.words + words.length * spare.share;
  const weighty = rest.find((word) => changing.has(word));
  if (!many && weighty === undefined) return undefined;
  return `a text of ${rest.length} words beside ${found.map(({ id }) => id).join(', ')}`;
}
