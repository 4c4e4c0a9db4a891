import { WharfingerError } from '../../errors.ts';
import { compareNumbers, compareNumberLists, compareText, isNumber } from './components.ts';

// Written by hand, for the package `@renovatebot/pep440` reads numbers above 2^53 inexactly, and no older versions.
const shape =
  /^\s*v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?(?:[-_.]?(dev)[-_.]?([0-9]*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$/;

const longest = 512;

interface PythonVersion {
  readonly epoch: string;
  /** without zeros at the end */
  readonly release: readonly string[];
  /** place of what comes before the release: -1 a development build of it, 0 alpha, 1 beta, 2 candidate, 3 the release */
  readonly stage: number;
  readonly stageNumber: string;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[];
}

/**
 * Orders two versions as pip does (PEP 440). Older versions, which that does not allow, come before all others, in the order that
 * setuptools had for them.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID for an empty text and for one of more than 512 characters
 */
export function comparePython(a: string, b: string): number {
  if (a === b) return 0;
  const left = parse(a);
  const right = parse(b);
  if (left !== undefined && right !== undefined) return compareParsed(left, right);
  if (left !== undefined || right !== undefined) return left === undefined ? -1 : 1;
  return compareMixed(legacyParts(a), legacyParts(b));
}

/**
 * What the bound of a range stands for against a version: of one that PEP 440 does not allow, such as `2.6.0-NA`, the longest beginning
 * that it does. Older versions would all come before the version, and the range would hold the wrong ones.
 * @throws WharfingerError VERSION_INVALID where no beginning is a version
 */
export function pythonBound(bound: string, version: string): string {
  if (parse(bound) !== undefined || parse(version) === undefined) return bound;
  for (let end = bound.length - 1; end > 0; end -= 1) {
    const isWhole = /[0-9a-z]/i.test(bound[end - 1]!) && !/[0-9a-z]/i.test(bound[end]!);
    if (isWhole && parse(bound.slice(0, end)) !== undefined) return bound.slice(0, end);
  }
  throw invalid(bound);
}

function invalid(version: string): WharfingerError {
  const what = `${JSON.stringify(version.slice(0, 200))} is not a version of Python`;
  return new WharfingerError('VERSION_INVALID', { what });
}

function parse(version: string): PythonVersion | undefined {
  if (version === '' || version.length > longest) throw invalid(version);
  const found = shape.exec(version.toLowerCase());
  const release = found?.[2];
  if (found === null || release === undefined) return undefined;
  const [, epoch = '0', , letters, number, bare, word, wordNumber, dev, devNumber, local] = found;
  const post = bare ?? (word === undefined ? undefined : wordNumber || '0');
  const isBareDev = dev !== undefined && letters === undefined && post === undefined;
  return {
    epoch,
    release: release.replace(/(?:\.0+)+$/, '').split('.'),
    stage: letters === undefined ? (isBareDev ? -1 : 3) : letters[0] === 'a' ? 0 : letters[0] === 'b' ? 1 : 2,
    stageNumber: number || '0',
    post,
    dev: dev === undefined ? undefined : devNumber || '0',
    local: local === undefined ? [] : local.split(/[-_.]/),
  };
}

function compareParsed(a: PythonVersion, b: PythonVersion): number {
  return (
    compareNumbers(a.epoch, b.epoch) ||
    compareNumberLists(a.release, b.release) ||
    a.stage - b.stage ||
    compareNumbers(a.stageNumber, b.stageNumber) ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareMixed(a.local, b.local)
  );
}

/** @param absent where a version stands that has none: -1 before those that have, 1 behind them */
function compareOptional(a: string | undefined, b: string | undefined, absent: -1 | 1): number {
  if (a !== undefined && b !== undefined) return compareNumbers(a, b);
  if (a === b) return 0;
  return a === undefined ? absent : -absent;
}

/** Words are before numbers, and of two lists that begin alike the shorter one comes first. */
function compareMixed(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [x, y] = [a[at]!, b[at]!];
    const [numeric, other] = [isNumber(x), isNumber(y)];
    const difference =
      numeric && other ? compareNumbers(x, y) : Number(numeric) - Number(other) || compareText(x, y);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** What words of older versions stand for; what is before `final` comes before the release. */
const legacyWords: ReadonlyMap<string, string> = new Map([
  ['pre', 'c'],
  ['preview', 'c'],
  ['rc', 'c'],
  ['-', 'final-'],
  ['dev', '@'],
]);

/** Numbers and words in turns, ended by `final`; zeros before a word do not count, nor dashes before one that comes before `final`. */
function legacyParts(version: string): readonly string[] {
  const parts: string[] = [];
  for (const part of [...(version.toLowerCase().match(/[0-9]+|[a-z]+|-|[^0-9a-z.-]+/g) ?? []), 'final']) {
    if (isNumber(part)) {
      parts.push(part);
      continue;
    }
    const word = legacyWords.get(part) ?? part;
    if (word < 'final') while (parts.at(-1) === 'final-') parts.pop();
    while (/^0+$/.test(parts.at(-1) ?? '')) parts.pop();
    parts.push(word);
  }
  return parts;
}
