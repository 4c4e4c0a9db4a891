import { compareNumberLists, matchShape } from './components.ts';

const shape = /^\s*([0-9]+(?:[.-][0-9]+)*)\s*$/;

/**
 * Orders two versions as R does (`package_version`): numbers between dots and dashes, which are the same; the shorter of two that
 * begin alike comes first.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareCran(a: string, b: string): number {
  return compareNumberLists(numbersOf(a), numbersOf(b));
}

function numbersOf(version: string): readonly string[] {
  const [, text = ''] = matchShape(shape, version, 'a version of an R package');
  return text.split(/[.-]/);
}
