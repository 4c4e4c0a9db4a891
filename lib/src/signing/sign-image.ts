import type { Descriptor } from '../oci/descriptor.ts';
import type { SigningKey } from './private-keys.ts';
import { signStatement, type SignedImage } from './sign-statement.ts';
import { signaturePredicate } from './statement.ts';

export type { SignedImage } from './sign-statement.ts';

/**
 * Signs an image as cosign 3 does: a statement that says nothing but which image it is. `cosign verify --key …
 * --insecure-ignore-tlog` of cosign 3 accepts it.
 *
 * @param subject the image, as its registry describes it
 * @param created when it is signed; stands in an annotation and proves nothing
 */
export function signImage(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  key: SigningKey,
  created: Date,
): SignedImage {
  return signStatement(subject, { predicateType: signaturePredicate, predicate: {} }, key, created);
}
