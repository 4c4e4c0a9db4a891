import { compareNumberLists, matchShape } from './components.ts';

const shape = /^\s*([0-9]+(?:\.[0-9]+)*)\s*$/;

/**
 * Orders two versions as Haskell's tools do (Package Versioning Policy): numbers between dots; 1.0 is before 1.0.0.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareHackage(a: string, b: string): number {
  return compareNumberLists(numbersOf(a), numbersOf(b));
}

function numbersOf(version: string): readonly string[] {
  const [, text = ''] = matchShape(shape, version, 'a version of a Haskell package');
  return text.split('.');
}
