import { versionOrder, type VersionOrder } from '../../advisories/versions/order.ts';
import { isWharfingerError } from '../../errors.ts';

type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

interface Constraint {
  readonly comparator: Comparator;
  readonly version: string;
}

/** More than any publisher lists, few enough to be sorted for each package. */
const mostConstraints = 1000;

/** The range that has this version alone. */
export function exactly(version: string): string {
  return `vers:generic/${encodeURIComponent(version)}`;
}

/**
 * True if a version is in a range of the Version Range Specifier (ECMA-428, `vers:deb/>=1.0|<2.0`), in the order of the ecosystem of
 * the package: the scheme of the range is taken for a name of it. Undefined where that cannot be told: the range is in other
 * words, or a version has no place in the order.
 */
export function inVersionRange(range: string, ecosystem: string, version: string): boolean | undefined {
  const constraints = parseRange(range);
  if (constraints === undefined) return undefined;
  if (constraints === 'all') return true;
  try {
    return isWithin(constraints, version, versionOrder(ecosystem));
  } catch (error) {
    if (isWharfingerError(error)) return undefined;
    throw error;
  }
}

function parseRange(range: string): readonly Constraint[] | 'all' | undefined {
  const said = /^vers:[a-z][a-z0-9.+-]{0,63}\/(.+)$/i.exec(range)?.[1];
  if (said === undefined) return undefined;
  if (said.trim() === '*') return 'all';
  const parts = said.split('|').map((part) => part.trim());
  if (parts.length > mostConstraints) return undefined;
  const constraints: Constraint[] = [];
  for (const part of parts) {
    const [, comparator = '', written = ''] = /^(>=|<=|!=|[<>=])?(.*)$/s.exec(part) ?? [];
    const version = decoded(written.trim());
    if (version === undefined || version === '' || version === '*') return undefined;
    constraints.push({ comparator: comparator === '' ? '=' : (comparator as Comparator), version });
  }
  return constraints;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Versions that are named decide by themselves; the others are bounds of intervals, whatever order they are written in. */
function isWithin(
  constraints: readonly Constraint[],
  version: string,
  order: VersionOrder | undefined,
): boolean | undefined {
  const same = (one: Constraint): boolean =>
    one.version === version || (order !== undefined && order(one.version, version) === 0);
  const named = constraints.filter(({ comparator }) => comparator === '=' || comparator === '!=');
  const exact = named.find(same);
  if (exact !== undefined) return exact.comparator === '=';
  const bounds = constraints.filter(({ comparator }) => comparator !== '=' && comparator !== '!=');
  if (order === undefined && constraints.some(({ comparator }) => comparator !== '=')) return undefined;
  if (bounds.length === 0) return named.every(({ comparator }) => comparator === '!=');
  const sorted = bounds.toSorted((a, b) => order!(a.version, b.version));
  const fits = ({ comparator, version: bound }: Constraint): boolean => {
    const side = order!(version, bound);
    if (side === 0) return comparator === '<=' || comparator === '>=';
    return comparator.startsWith('<') ? side < 0 : side > 0;
  };
  return sorted.some((bound, at) => {
    if (!fits(bound)) return false;
    // an upper bound holds from the lower bound before it on, a lower bound until the upper bound after it
    const other = bound.comparator.startsWith('<') ? sorted[at - 1] : sorted[at + 1];
    return other === undefined || fits(other);
  });
}
