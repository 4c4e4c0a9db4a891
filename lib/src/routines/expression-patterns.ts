import { RE2JS } from '@bufbuild/re2';
import { priceOfMatch } from './expression-cost.ts';

/** Patterns kept, each small: expressions come from anywhere, and what is kept must not grow with them. */
const most = 32;
const largest = 2000;

const compiled = new Map<string, RE2JS>();

/**
 * Whether a pattern in RE2's syntax matches anywhere in a text, in linear time. The library compiles a pattern for each text, which takes
 * longer than matching; here those used last are kept.
 *
 * @returns undefined: it is not a pattern
 */
export function matchesPattern(text: string, pattern: string): boolean | undefined {
  let known = compiled.get(pattern);
  if (known === undefined) {
    try {
      known = RE2JS.compile(pattern);
    } catch {
      return undefined;
    }
    if (priceOfMatch('', pattern) <= largest) {
      if (compiled.size >= most) compiled.clear();
      compiled.set(pattern, known);
    }
  }
  return known.test(text);
}
