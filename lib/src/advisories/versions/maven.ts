import { WharfingerError } from '../../errors.ts';
import { compareNumbers, compareText, isNumber } from './components.ts';

/** A token with the separator before it; a change between digits and letters counts as a dash. */
interface Token {
  readonly dash: boolean;
  readonly text: string;
  readonly numeric: boolean;
}

/** Qualifiers that have a place of their own, from the lowest; the release itself is among them. */
const known: readonly string[] = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const aliases: ReadonlyMap<string, string> = new Map([
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
]);
/** Short forms, which hold only where a number follows at once. */
const short: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

const longest = 512;

/**
 * Orders two versions as Maven does (POM reference, "Version Order Specification"). Every text of sensible length has a place.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID for an empty text and for one of more than 512 characters
 */
export function compareMaven(a: string, b: string): number {
  if (a === b) return 0;
  const left = tokensOf(a);
  const right = tokensOf(b);
  const most = Math.max(left.length, right.length);
  for (let at = 0; at < most; at += 1) {
    const x = left[at] ?? padding(right[at]!);
    const y = right[at] ?? padding(left[at]!);
    const difference = compareTokens(x, y);
    if (difference !== 0) return difference;
  }
  return 0;
}

function tokensOf(version: string): readonly Token[] {
  if (version === '' || version.length > longest) {
    throw new WharfingerError('VERSION_INVALID', {
      what: `${JSON.stringify(version.slice(0, 200))} is not a Maven version`,
    });
  }
  const tokens: Token[] = [];
  let dash = false;
  const add = (text: string, followedByNumber: boolean): void => {
    const numeric = text === '' || isNumber(text);
    const word = (followedByNumber ? short.get(text) : undefined) ?? aliases.get(text) ?? text;
    // Before a qualifier a point is the same as a dash, or the order would go round in circles: 1 < 1-5 < 1.0.alpha < 1.
    tokens.push({ dash: dash || !numeric, text: numeric ? text || '0' : word, numeric });
  };
  // Empty tokens stand between two separators, and before or behind one.
  const parts = version.toLowerCase().match(/[0-9]+|[^0-9.-]+|[.-]/g) ?? [];
  let text: string | undefined;
  for (const part of parts) {
    if (part === '.' || part === '-') {
      add(text ?? '', false);
      text = undefined;
      dash = part === '-';
      continue;
    }
    if (text !== undefined) {
      add(text, isNumber(part));
      dash = true;
    }
    text = part;
  }
  add(text ?? '', false);
  return trim(tokens);
}

/** Takes away what says nothing (0, final) at the end and before each dash; the first token stays. */
function trim(tokens: Token[]): readonly Token[] {
  const kept: Token[] = [];
  for (const token of tokens) {
    if (token.dash) dropNulls(kept);
    kept.push(token);
  }
  dropNulls(kept);
  return kept;
}

function dropNulls(tokens: Token[]): void {
  while (tokens.length > 1 && isNull(tokens.at(-1)!)) tokens.pop();
}

function isNull({ numeric, text }: Token): boolean {
  return numeric ? /^0+$/.test(text) : text === '';
}

function padding({ dash }: Token): Token {
  return dash ? { dash, text: '', numeric: false } : { dash, text: '0', numeric: true };
}

/** Qualifiers are before numbers behind a dash, and these before numbers behind a point. */
function compareTokens(a: Token, b: Token): number {
  if (a.numeric && b.numeric)
    return a.dash === b.dash ? compareNumbers(a.text, b.text) : Number(b.dash) - Number(a.dash);
  if (a.numeric !== b.numeric) return Number(a.numeric) - Number(b.numeric);
  return rank(a.text) - rank(b.text) || compareText(a.text, b.text);
}

function rank(qualifier: string): number {
  const at = known.indexOf(qualifier);
  return at < 0 ? known.length : at;
}
