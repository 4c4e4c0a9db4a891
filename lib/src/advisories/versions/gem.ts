import { compareNumbers, compareText, isNumber, matchShape } from './components.ts';

const shape = /^\s*([0-9][0-9A-Za-z]*(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)\s*$/;

/**
 * Orders two versions as RubyGems does (Gem::Version): numbers and words in turns, a word before any number, so that it makes a
 * prerelease; zeros at the end of the numbers do not count. Letters right behind the first number are let pass.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareGem(a: string, b: string): number {
  if (a === b) return 0;
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  const most = Math.max(left.length, right.length);
  for (let at = 0; at < most; at += 1) {
    const difference = compareSegments(left[at] ?? '0', right[at] ?? '0');
    if (difference !== 0) return difference;
  }
  return 0;
}

function segmentsOf(version: string): readonly string[] {
  const [, text = ''] = matchShape(shape, version, 'a version of a gem');
  const segments = text.replaceAll('-', '.pre.').match(/[0-9]+|[A-Za-z]+/g) ?? [];
  const word = segments.findIndex((segment) => !isNumber(segment));
  const release = word < 0 ? segments : segments.slice(0, word);
  return [...withoutZeros(release), ...withoutZeros(word < 0 ? [] : segments.slice(word))];
}

function withoutZeros(segments: readonly string[]): readonly string[] {
  const last = segments.findLastIndex((segment) => !/^0+$/.test(segment));
  return segments.slice(0, last + 1);
}

function compareSegments(a: string, b: string): number {
  const leftNumeric = isNumber(a);
  const rightNumeric = isNumber(b);
  if (leftNumeric && rightNumeric) return compareNumbers(a, b);
  if (leftNumeric !== rightNumeric) return leftNumeric ? 1 : -1;
  return compareText(a, b);
}
