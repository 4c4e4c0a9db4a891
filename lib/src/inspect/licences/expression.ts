import type { PartlyKnownLicence } from '../inventory.ts';

/** What licences a package is under. */
export type Licence =
  | {
      readonly kind: 'licence';
      /** an identifier of SPDX's list, or a reference (`LicenseRef-…`) */
      readonly id: string;
      /** an identifier of SPDX's list of exceptions */
      readonly exception?: string;
    }
  /** words that stand for no licence that is known */
  | { readonly kind: 'unknown'; readonly text: string }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Licence[] };

/** Parts of one licence beyond this are not told from each other: files that people write have some dozens. */
export const mostParts = 500;

/** A text that stands for no licence that is known; of long ones the beginning. */
export function unknownLicence(text: string): Licence {
  return { kind: 'unknown', text: text.slice(0, 200).trim() };
}

/** Several licences that hold together, or of which one may be chosen. Each is taken once; of one alone nothing is made. */
export function combine(kind: 'and' | 'or', licences: readonly Licence[]): Licence {
  const parts = new Map<string, Licence>();
  for (const licence of licences) {
    for (const part of licence.kind === kind ? licence.of : [licence]) parts.set(keyOf(part), part);
  }
  const of = [...parts.values()];
  return of.length === 1 ? of[0]! : { kind, of };
}

/** Equal for equal licences. */
function keyOf(licence: Licence): string {
  if (licence.kind === 'unknown') return JSON.stringify(licence.text);
  if (licence.kind === 'licence') return nameOf(licence);
  return `(${licence.of.map(keyOf).join(licence.kind === 'and' ? ' & ' : ' | ')})`;
}

/** `id`, or `id WITH exception`. */
export function nameOf({ id, exception }: Licence & { kind: 'licence' }): string {
  return exception === undefined ? id : `${id} WITH ${exception}`;
}

/** Characters of the longest expression that is kept: those that people write have some hundreds. */
const longestExpression = 16 * 1024;

/** What is said of a licence that is too long to be kept. */
export const tooMuch: { readonly partly: PartlyKnownLicence } = {
  partly: { spdx: 'LicenseRef-unknown-0', unknown: ['more licences than can be kept'] },
};

/** The beginning of the references that stand for what is not known. */
export const unknownReference = 'LicenseRef-unknown-';

/**
 * A licence as an SPDX expression (SPDX 2.3, annex D): whole where all of it is known, else with references in the places of
 * what is not.
 */
export function written(
  licence: Licence,
): { readonly spdx: string } | { readonly partly: PartlyKnownLicence } {
  const unknown: string[] = [];
  const write = (part: Licence, inner: boolean): string => {
    if (part.kind === 'licence') return nameOf(part);
    if (part.kind === 'unknown') {
      if (!unknown.includes(part.text)) unknown.push(part.text);
      return `${unknownReference}${unknown.indexOf(part.text)}`;
    }
    const text = part.of.map((one) => write(one, true)).join(part.kind === 'and' ? ' AND ' : ' OR ');
    return inner ? `(${text})` : text;
  };
  const spdx = write(licence, false);
  if (spdx.length > longestExpression) return tooMuch;
  return unknown.length === 0 ? { spdx } : { partly: { spdx, unknown } };
}
