import { unknownReference, written } from '@wharfinger/lib/inspect/licences/expression';
import { normaliseLicence } from '@wharfinger/lib/inspect/licences/normalise';

/** More of one licence text is not looked for. */
const mostTerms = 60;
const longestTerm = 200;

/**
 * What a package is found by when a licence is asked for: its expression as it is, and each licence and exception that is named in
 * it. In lower case: identifiers of SPDX differ in nothing else. Of a text that is no expression, its words.
 */
export function licenceTerms(licence: string | null): string[] {
  if (licence === null) return [];
  const whole = lowerCase(licence);
  const named = whole
    .split(/[\s(),;|&/]+/)
    .filter((word) => word !== '' && word !== 'and' && word !== 'or' && word !== 'with')
    .filter((word) => !word.startsWith(unknownReference.toLowerCase()));
  const terms = [...new Set([whole, ...named])].filter((term) => term !== '' && term.length <= longestTerm);
  return terms.slice(0, mostTerms);
}

/** One licence as it is looked up: by its identifier, whatever it was called. */
export function licenceTerm(licence: string): string {
  const found = normaliseLicence(licence);
  const said = found === undefined ? undefined : written(found);
  return lowerCase(said !== undefined && 'spdx' in said ? said.spdx : licence);
}

function lowerCase(licence: string): string {
  return licence.trim().toLowerCase();
}
