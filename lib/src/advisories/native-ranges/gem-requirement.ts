import { compareGem } from '../versions/gem.ts';
import { complement, intersect, type Interval } from './intervals.ts';

const comparator = /^\s*(~>|>=|<=|!=|>|<|=)?\s*([0-9][0-9A-Za-z.-]*)\s*$/;
const mostComparators = 64;

/**
 * Reads a requirement as RubyGems writes it (Gem::Requirement): comparators that all must hold, between commas, `~>` among them.
 * @returns undefined where it cannot be read
 */
export function readGemRequirement(text: string): readonly Interval[] | undefined {
  const parts = text.split(',');
  if (parts.length > mostComparators) return undefined;
  let result: readonly Interval[] = [{}];
  for (const part of parts) {
    const found = comparator.exec(part);
    if (found === null) return undefined;
    const [, operator = '=', version = ''] = found;
    result = intersect(result, readComparator(operator, version), compareGem);
  }
  return result;
}

/**
 * A version behind another one, before all that anybody would publish there: versions of gems lie close, so that there is no first
 * one.
 */
export function gemSuccessor(version: string): string {
  return `${version}.0.0.0.0.0.0.1`;
}

function readComparator(operator: string, version: string): readonly Interval[] {
  const at = { version, included: true };
  const beside = { version, included: false };
  switch (operator) {
    case '>=':
      return [{ from: at }];
    case '>':
      return [{ from: beside }];
    case '<=':
      return [{ to: at }];
    case '<':
      return [{ to: beside }];
    case '!=':
      return complement([{ from: at, to: at }], compareGem);
    case '~>':
      return [{ from: at, to: { version: bumped(version), included: false } }];
    default:
      return [{ from: at, to: at }];
  }
}

/**
 * The end of `~> version`: without what makes it a prerelease and without its last number, the one before goes up (Gem::Version#bump).
 * Prereleases of that end are behind it as well; `A` is what the earliest of them begin with.
 */
function bumped(version: string): string {
  const segments = version.replaceAll('-', '.pre.').match(/[0-9]+|[A-Za-z]+/g) ?? [];
  const word = segments.findIndex((segment) => /[A-Za-z]/.test(segment));
  const numbers = word < 0 ? segments : segments.slice(0, word);
  const kept = numbers.length > 1 ? numbers.slice(0, -1) : numbers;
  return [...kept.slice(0, -1), BigInt(kept.at(-1) ?? '0') + 1n, 'A'].join('.');
}
