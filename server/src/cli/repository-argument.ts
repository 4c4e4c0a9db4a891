import { WharfingerError } from '@wharfinger/lib/errors';
import { parseReference, type Reference } from '@wharfinger/lib/oci/reference';

/**
 * A repository with its registry, as in localhost:5000/team/app.
 * @throws WharfingerError REFERENCE_INVALID, USAGE
 */
export function parseRepository(text: string): { registry: string; repository: string } {
  const { registry, repository } = parseReference(text);
  if (text.includes('@') || /:[^/]*$/.test(text)) {
    throw new WharfingerError('USAGE', {
      what: `${JSON.stringify(text)} names an image, not a repository`,
      remedy: `write ${registry}/${repository}`,
    });
  }
  return { registry, repository };
}

/** A reference that must be in a registry, and what the API calls it: the digest where one is given, else the tag. */
export function parseImageReference(text: string): Reference & { readonly reference: string } {
  const parsed = parseReference(text);
  return { ...parsed, reference: parsed.digest ?? parsed.tag! };
}

/**
 * A reference with a tag that was written out.
 * @throws WharfingerError REFERENCE_INVALID, USAGE
 */
export function parseTagReference(text: string): { registry: string; repository: string; tag: string } {
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag === undefined || digest !== undefined || !text.endsWith(`:${tag}`)) {
    throw new WharfingerError('USAGE', {
      what: `${JSON.stringify(text)} names no tag`,
      remedy: `write ${registry}/${repository}:TAG`,
    });
  }
  return { registry, repository, tag };
}

/**
 * The host[:port] of a registry.
 * @throws WharfingerError USAGE
 */
export function parseHost(text: string): string {
  try {
    const { registry } = parseReference(`${text}/x`);
    if (registry === text) return text;
  } catch {
    // said below, in words that fit a host
  }
  throw new WharfingerError('USAGE', {
    what: `${JSON.stringify(text.slice(0, 200))} is not the host of a registry`,
    remedy: 'write host or host:port without https://, for example localhost:5000',
  });
}
