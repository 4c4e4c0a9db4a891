import { compareSemver } from '../versions/semver.ts';
import { intersect, type Interval } from './intervals.ts';

/** `operator`, then up to three numbers of which the last may be a wildcard, then a prerelease. */
const comparator =
  /^(\^|~>?|>=|<=|>|<|=)?[v=]?(?:([0-9]+)|[xX*])(?:\.(?:([0-9]+)|[xX*]))?(?:\.(?:([0-9]+)|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const mostComparators = 64;

const all: readonly Interval[] = [{}];

interface Dialect {
  /** what a version without an operator means: itself, or all that is compatible with it */
  readonly bare: '=' | '^';
  /** an incomplete version at the lower end includes the prereleases of what it is completed to */
  readonly lowest: boolean;
}

const npmDialect: Dialect = { bare: '=', lowest: true };
const cargoDialect: Dialect = { bare: '^', lowest: false };

/**
 * Reads a range as npm writes it (node-semver, "Ranges"), prereleases included as `npm audit` does: `||`, comparators side by side
 * or behind commas, `^`, `~`, `1.2.x`, `*`, `1.2 - 2.3`.
 * @returns undefined where it cannot be read
 */
export function readNpmRange(text: string): readonly Interval[] | undefined {
  const parts = text.split('||').map((part) => {
    const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(part);
    const plain = hyphen === null ? part : `>=${hyphen[1]} <=${hyphen[2]}`;
    return readAll(wordsOf(plain.replaceAll(',', ' ')), npmDialect);
  });
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/**
 * Reads a requirement as Cargo writes it ("Specifying Dependencies"): comparators that all must hold, between commas; prereleases are
 * ordered like any version, as RustSec does.
 * @returns undefined where it cannot be read
 */
export function readCargoRequirement(text: string): readonly Interval[] | undefined {
  const words = text.split(',').map((part) => wordsOf(part));
  if (words.some((one) => one.length !== 1)) return undefined;
  return readAll(words.flat(), cargoDialect);
}

/** The first version behind another: of a release the lowest prerelease of the next one. */
export function semverSuccessor(version: string): string {
  const plain = version.replace(/^[v=\s]+/, '').replace(/\+.*$/, '');
  const [, front = plain, rest] = /^([0-9.]+)-(.+)$/.exec(plain) ?? [];
  if (rest !== undefined) return `${front}-${rest}.0`;
  const [major = '0', minor = '0', patch = '0'] = front.split('.');
  return `${major}.${minor}.${BigInt(patch) + 1n}-0`;
}

/** Words between spaces; an operator belongs to the word behind it. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const last = words.at(-1);
    if (last !== undefined && /^[<>=~^]+$/.test(last)) words[words.length - 1] = last + word;
    else words.push(word);
  }
  return words;
}

function readAll(words: readonly string[], dialect: Dialect): readonly Interval[] | undefined {
  if (words.length > mostComparators) return undefined;
  let result = all;
  for (const word of words) {
    const one = readComparator(word, dialect);
    if (one === undefined) return undefined;
    result = intersect(result, one, compareSemver);
  }
  return result;
}

type Numbers = readonly [major: bigint, minor: bigint | undefined, patch: bigint | undefined];

function readComparator(word: string, dialect: Dialect): readonly Interval[] | undefined {
  const found = comparator.exec(word);
  if (found === null) return undefined;
  const [, operator = dialect.bare, major, minor, patch, prerelease] = found;
  if (major === undefined) {
    // Nothing is before or behind all versions.
    return operator === '<' || operator === '>' ? [] : all;
  }
  const isWhole = minor !== undefined && patch !== undefined;
  if (!isWhole && prerelease !== undefined) return undefined;
  const numbers: Numbers = [
    BigInt(major),
    minor === undefined ? undefined : BigInt(minor),
    minor === undefined || patch === undefined ? undefined : BigInt(patch),
  ];
  const low = lowest(numbers, prerelease, dialect);
  const behind = { version: nextOf(numbers), included: false };
  const from = { version: low, included: true };
  switch (operator) {
    case '>=':
      return [{ from }];
    case '<':
      return [{ to: { version: low, included: false } }];
    case '>':
      return isWhole
        ? [{ from: { version: low, included: false } }]
        : [{ from: { ...behind, included: true } }];
    case '<=':
      return isWhole ? [{ to: { version: low, included: true } }] : [{ to: behind }];
    case '^':
      return [{ from, to: { version: compatibleEnd(numbers), included: false } }];
    case '=':
      return isWhole ? [{ from, to: from }] : [{ from, to: behind }];
    default:
      return [{ from, to: { version: nextOf([numbers[0], numbers[1], undefined]), included: false } }];
  }
}

function lowest([major, minor, patch]: Numbers, prerelease: string | undefined, dialect: Dialect): string {
  const release = `${major}.${minor ?? 0n}.${patch ?? 0n}`;
  if (prerelease !== undefined) return `${release}-${prerelease}`;
  return patch === undefined && dialect.lowest ? `${release}-0` : release;
}

/** The first version behind all that begin with these numbers. */
function nextOf([major, minor, patch]: Numbers): string {
  if (minor === undefined) return `${major + 1n}.0.0-0`;
  return patch === undefined ? `${major}.${minor + 1n}.0-0` : `${major}.${minor}.${patch + 1n}-0`;
}

/** The first version that may be incompatible: the number that is not zero and stands first goes up. */
function compatibleEnd(numbers: Numbers): string {
  const [major, minor, patch] = numbers;
  if (major > 0n || minor === undefined) return nextOf([major, undefined, undefined]);
  if (minor > 0n || patch === undefined) return nextOf([major, minor, undefined]);
  return nextOf(numbers);
}
