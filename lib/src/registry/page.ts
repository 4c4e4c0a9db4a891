import { WharfingerError } from '../errors.ts';
import type { Page } from '../catalog/catalog.ts';

/**
 * Reads `n` and `last` of a list's query.
 *
 * @param largest entries in one answer, at most and where nothing is said
 * @throws WharfingerError INPUT_INVALID
 */
export function parsePage(query: URLSearchParams, largest: number): Page {
  const n = query.get('n');
  const last = query.get('last');
  if (n !== null && !/^\d{1,15}$/.test(n)) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `n=${JSON.stringify(n.slice(0, 50))}`,
      remedy: 'let n be a whole number',
    });
  }
  const limit = n === null ? largest : Math.min(Number(n), largest);
  return last === null ? { limit } : { limit, last };
}

/** A Link header to the next page (RFC 8288). */
export function nextLink(path: string, query: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(query).toString()}>; rel="next"`;
}
