/** More of one licence text is not looked for. */
const mostTerms = 30;
const longestTerm = 200;

/**
 * What a package is found by when a licence is asked for: the text of its record as it is, and each licence that is named in it
 * between AND, OR, WITH, commas, slashes and brackets. In lower case: identifiers of SPDX differ in nothing else.
 */
export function licenceTerms(licence: string | null): string[] {
  if (licence === null) return [];
  const whole = licenceTerm(licence);
  const named = whole
    .split(/[\s(),;|&/]+/)
    .filter((word) => word !== '' && word !== 'and' && word !== 'or' && word !== 'with');
  const terms = [...new Set([whole, ...named])].filter((term) => term !== '' && term.length <= longestTerm);
  return terms.slice(0, mostTerms);
}

/** One licence as it is looked up. */
export function licenceTerm(licence: string): string {
  return licence.trim().toLowerCase();
}
