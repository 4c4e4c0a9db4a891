import { WharfingerError } from '../errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { canonicalText, type JsonObject } from './json-value.ts';
import type { CustodyLayout } from './layout.ts';

/**
 * What a layout is known by: the digest of its RFC 8785 form. Summaries name it as the policy that an image was verified by.
 * @throws WharfingerError INPUT_INVALID where it holds what is no JSON
 */
export function layoutDigest(layout: CustodyLayout): Digest {
  const text = canonicalText(layout as unknown as JsonObject);
  if (text === undefined)
    throw new WharfingerError('INPUT_INVALID', { what: 'the custody layout is no JSON' });
  return digestOf(text);
}
