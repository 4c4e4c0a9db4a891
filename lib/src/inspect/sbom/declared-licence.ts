import { createRequire } from 'node:module';
import type { Package } from '../inventory.ts';

// It comes without types.
const parseExpression = createRequire(import.meta.url)('spdx-expression-parse') as (text: string) => unknown;

/** A licence as an SBOM states it: an expression of SPDX licences, or a text that is none. */
export type DeclaredLicence = { readonly expression: string } | { readonly name: string };

/** Longer texts are no expressions that anybody wrote; parsing takes the square of their length. */
const longestExpression = 500;

/** What is known of a package's licence: the expression that it was found to be, else what its record says; undefined: nothing. */
export function declaredLicence({
  licence,
  spdx,
}: Pick<Package, 'licence' | 'spdx'>): DeclaredLicence | undefined {
  const text = (spdx ?? licence)?.trim() ?? '';
  if (text === '') return undefined;
  return isExpression(text) ? { expression: text } : { name: text };
}

/** True for a licence expression (SPDX 2.3, annex D) that names no other documents. */
export function isExpression(text: string): boolean {
  if (text.length > longestExpression || text.includes('DocumentRef-')) return false;
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}
