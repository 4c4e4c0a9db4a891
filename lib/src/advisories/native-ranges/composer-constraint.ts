import { compareComposer } from '../versions/composer.ts';
import { complement, intersect, type Interval } from './intervals.ts';

const operators = /^(?:<>|!=|>=|<=|==|=|>|<|\^|~)$/;
const comparator =
  /^(<>|!=|>=|<=|==|=|>|<|\^|~)?[vV]?([0-9]+(?:\.[0-9]+){0,3})(\.[xX*])?([-._]?[A-Za-z][0-9A-Za-z.-]*)?(?:@[A-Za-z]+)?$/;
const any = /^[vV]?[xX*](?:\.[xX*]){0,3}(?:@[A-Za-z]+)?$/;
const stability = /^[-._]?(?:stable|beta|b|rc|alpha|a|patch|pl|p|dev)[0-9.-]*(?:[-.]?dev)?$/i;
const mostComparators = 64;

/**
 * Reads a constraint as composer writes it ("Versions and constraints"): `|` or `||`, comparators that all must hold between commas or
 * spaces, `^`, `~`, `1.2.*`, `1.0 - 2.0`. As composer has it, `<` leaves the prereleases of its version out and `>=` takes them in.
 * @returns undefined where it cannot be read, as with branches
 */
export function readComposerConstraint(text: string): readonly Interval[] | undefined {
  const parts = text.split(/\|\|?/).map(readConjunction);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** The first version behind another one: the lowest of its patches, or of what goes on where it ends. */
export function composerSuccessor(version: string): string {
  return /[A-Za-z]/.test(version.replace(/^[vV]/, '')) ? `${version}.0` : `${version}-p`;
}

function readConjunction(text: string): readonly Interval[] | undefined {
  const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(text);
  if (hyphen?.[1] !== undefined && hyphen[2] !== undefined) return readHyphen(hyphen[1], hyphen[2]);
  const words: string[] = [];
  for (const word of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const last = words.at(-1);
    if (last !== undefined && operators.test(last)) words[words.length - 1] = last + word;
    else words.push(word);
  }
  if (words.length === 0 || words.length > mostComparators) return undefined;
  let result: readonly Interval[] = [{}];
  for (const word of words) {
    const one = readComparator(word);
    if (one === undefined) return undefined;
    result = intersect(result, one, compareComposer);
  }
  return result;
}

/** Both ends are in it; an upper one of fewer than three numbers means all versions that begin so. */
function readHyphen(low: string, high: string): readonly Interval[] | undefined {
  const isIncomplete = /^[vV]?[0-9]+(?:\.[0-9]+)?$/.test(high);
  const from = readComparator(`>=${low}`);
  const to = isIncomplete
    ? readComparator(`${high}.*`)?.map(({ to: end }) => ({ to: end! }))
    : readComparator(`<=${high}`);
  return from === undefined || to === undefined ? undefined : intersect(from, to, compareComposer);
}

function readComparator(word: string): readonly Interval[] | undefined {
  if (any.test(word)) return [{}];
  const found = comparator.exec(word);
  if (found === null) return undefined;
  const [, operator = '=', numbers = '', wildcard, suffix = ''] = found;
  if (suffix !== '' && (wildcard !== undefined || !stability.test(suffix))) return undefined;
  const version = `${numbers}${suffix}`;
  if (wildcard !== undefined) return operator === '=' || operator === '==' ? beginning(numbers) : undefined;
  const lowest = suffix === '' ? `${version}-dev` : version;
  switch (operator) {
    case '>=':
      return [{ from: { version: lowest, included: true } }];
    case '>':
      return [{ from: { version, included: false } }];
    case '<=':
      return [{ to: { version, included: true } }];
    case '<':
      return [{ to: { version: lowest, included: false } }];
    case '!=':
    case '<>':
      return complement(exactly(version), compareComposer);
    case '^':
      return [{ from: { version: lowest, included: true }, to: before(compatibleEnd(numbers.split('.'))) }];
    case '~': {
      const parts = numbers.split('.');
      const kept = parts.length > 1 ? parts.slice(0, -1) : parts;
      return [{ from: { version: lowest, included: true }, to: before(raised(kept)) }];
    }
    default:
      return exactly(version);
  }
}

function exactly(version: string): readonly Interval[] {
  return [{ from: { version, included: true }, to: { version, included: true } }];
}

/** All versions that begin with these numbers. */
function beginning(numbers: string): readonly Interval[] {
  return [{ from: { version: `${numbers}-dev`, included: true }, to: before(raised(numbers.split('.'))) }];
}

function before(version: string): { readonly version: string; readonly included: false } {
  return { version: `${version}-dev`, included: false };
}

/** The last number goes up. */
function raised(numbers: readonly string[]): string {
  return [...numbers.slice(0, -1), BigInt(numbers.at(-1) ?? '0') + 1n].join('.');
}

/** The number that is not zero and stands first goes up, or the last one, where all are zero. */
function compatibleEnd(numbers: readonly string[]): string {
  const first = numbers.findIndex((number) => !/^0+$/.test(number));
  return raised(numbers.slice(0, first < 0 ? numbers.length : first + 1));
}
