import { nameOf, unknownReference, type Licence } from './expression.ts';
import type { PartlyKnownLicence } from '../inventory.ts';
import { normaliseLicence } from './normalise.ts';
import { termsOf, licenceCategories, type LicenceCategory, type Obligation } from './obligations.ts';

/** One way to keep to a licence: all of these together. */
export interface LicenceChoice {
  /** identifiers, with their exceptions (`… WITH …`); of what is not known its words */
  readonly licences: readonly string[];
  /** the same without their exceptions */
  readonly without: readonly string[];
  /** of all of them, each once, from those that ask for least */
  readonly categories: readonly LicenceCategory[];
  /** what they ask together */
  readonly obligations: readonly Obligation[];
}

/** Ways beyond these are not told from each other: then everything holds together, which is safe. */
const mostChoices = 32;

/** The ways to keep to an expression: one for each of its alternatives, without those that ask for all that another does and more. */
export function choicesOf(known: {
  readonly spdx?: string;
  readonly partly?: PartlyKnownLicence;
}): LicenceChoice[] {
  const text = known.spdx ?? known.partly?.spdx;
  const licence = text === undefined ? undefined : normaliseLicence(text);
  if (licence === undefined) return [choiceOf([])];
  const unknown = known.partly?.unknown ?? [];
  const ways = waysOf(licence) ?? [leavesOf(licence)];
  return ways.map((way) => choiceOf(way.map((leaf) => resolved(leaf, unknown))));
}

type Leaf = Licence & { readonly kind: 'licence' | 'unknown' };

function resolved(leaf: Leaf, unknown: readonly string[]): Leaf {
  if (leaf.kind === 'licence' || !leaf.text.startsWith(unknownReference)) return leaf;
  return { kind: 'unknown', text: unknown[Number(leaf.text.slice(unknownReference.length))] ?? leaf.text };
}

function textOf(leaf: Leaf): string {
  return leaf.kind === 'licence' ? nameOf(leaf) : leaf.text;
}

function leavesOf(licence: Licence): Leaf[] {
  return licence.kind === 'and' || licence.kind === 'or' ? licence.of.flatMap(leavesOf) : [licence as Leaf];
}

/** undefined: there are too many */
function waysOf(licence: Licence): Leaf[][] | undefined {
  if (licence.kind === 'licence' || licence.kind === 'unknown') return [[licence]];
  const parts: Leaf[][][] = [];
  for (const part of licence.of) {
    const ways = waysOf(part);
    if (ways === undefined) return undefined;
    parts.push(ways);
  }
  if (licence.kind === 'or') return bounded(withoutLarger(parts.flat()));
  let together: Leaf[][] | undefined = [[]];
  for (const ways of parts) {
    together = bounded(withoutLarger(together.flatMap((one) => ways.map((other) => union(one, other)))));
    if (together === undefined) return undefined;
  }
  return together;
}

function bounded(ways: Leaf[][]): Leaf[][] | undefined {
  return ways.length > mostChoices ? undefined : ways;
}

function union(one: readonly Leaf[], other: readonly Leaf[]): Leaf[] {
  return [...new Map([...one, ...other].map((leaf) => [textOf(leaf), leaf])).values()];
}

/** Of two ways of which one has all that the other has, the smaller one counts. */
function withoutLarger(ways: Leaf[][]): Leaf[][] {
  if (ways.length < 2 || ways.length > mostChoices ** 2) return ways;
  const kept: Array<{ readonly way: Leaf[]; readonly names: ReadonlySet<string> }> = [];
  for (const way of ways.toSorted((a, b) => a.length - b.length)) {
    const names = new Set(way.map(textOf));
    if (!kept.some((smaller) => smaller.names.isSubsetOf(names))) kept.push({ way, names });
  }
  return kept.map(({ way }) => way);
}

function choiceOf(leaves: readonly Leaf[]): LicenceChoice {
  const terms = leaves.map((leaf) =>
    leaf.kind === 'licence'
      ? termsOf(leaf.id, leaf.exception)
      : { category: 'unknown' as const, obligations: [] },
  );
  const there = new Set(terms.map(({ category }) => category));
  return {
    licences: leaves.map(textOf),
    without: leaves.map((leaf) => (leaf.kind === 'licence' ? leaf.id : leaf.text)),
    categories: leaves.length === 0 ? ['unknown'] : licenceCategories.filter((one) => there.has(one)),
    obligations: [...new Set(terms.flatMap(({ obligations }) => obligations))].toSorted(),
  };
}
