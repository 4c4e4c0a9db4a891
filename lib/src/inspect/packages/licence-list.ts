import { plainText } from './plain-text.ts';

/** What is no name of one licence, and would be read otherwise beside others. */
const joined = /\s(?:and|or)\s(?!\(?(?:any |at your option|later|newer|greater|above|higher))/i;

/**
 * Licences that a record lists, as one text. Where the format says that any of them may be chosen, that is a choice; where it does not say,
 * all of them hold, so that nothing is taken for allowed that may not be.
 */
export function listedLicences(names: readonly string[], meaning: 'any' | 'all'): string | undefined {
  const unique = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
  const [only] = unique;
  if (unique.length < 2) return only === undefined ? undefined : plainText(only);
  const parts = unique.map((name) => (joined.test(name) ? `(${name})` : name));
  return plainText(parts.join(meaning === 'any' ? ' OR ' : ' AND '));
}
