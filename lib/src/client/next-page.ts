import type { RemoteResponse } from './remote-response.ts';
import { remoteFailure } from './remote-error.ts';

/**
 * The address of the next page of a listing (RFC 8288, `rel="next"`); undefined: this is the last one.
 * @throws WharfingerError REMOTE_FAILED for a link to another origin: listings stay where they are
 */
export function nextPage(response: RemoteResponse): URL | undefined {
  const link = response.header('link');
  const target = link === undefined ? undefined : /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link)?.[1];
  if (target === undefined) return undefined;
  if (!URL.canParse(target, response.url))
    throw remoteFailure(response, 'its link to the next page is no address');
  const url = new URL(target, response.url);
  if (url.origin !== response.url.origin) {
    throw remoteFailure(response, `its link to the next page leads elsewhere, to ${url.origin}`);
  }
  return url;
}
