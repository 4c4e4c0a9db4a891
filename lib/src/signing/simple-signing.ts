import { isDigest, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { refuse } from './refusal.ts';
import { objectOf, onlyKeys, stringOf, type Fields } from './strict-fields.ts';

/** What a simple-signing payload says. */
export interface SimpleSigning {
  readonly image: Digest;
  /** repository that the signer had before him; cosign does not check it, so it binds nothing */
  readonly reference: string;
}

/** The code of cosign writes the first, the text of its specification has the second. */
const digestSpellings: readonly string[] = ['docker-manifest-digest', 'Docker-manifest-digest'];

/**
 * Reads the payload that cosign 2 signs (sigstore/cosign, specs/SIGNATURE_SPEC.md). Strict, because readers that match
 * names without regard to case would otherwise see another digest than this one does.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseSimpleSigning(payload: Uint8Array): SimpleSigning {
  const fields = objectOf(
    parseStrictJson(payload, (what) => refuse(`the payload cannot be read: ${what}`)),
    'the payload',
  );
  onlyKeys(fields, ['critical', 'optional'], 'the payload');
  const critical = objectOf(fields['critical'], 'critical');
  onlyKeys(critical, ['identity', 'image', 'type'], 'critical');
  if (critical['type'] !== 'cosign container image signature') {
    refuse('the payload is not of the type "cosign container image signature"');
  }
  const identity = objectOf(critical['identity'], 'identity');
  onlyKeys(identity, ['docker-reference'], 'identity');
  return {
    image: imageDigest(objectOf(critical['image'], 'image')),
    reference: stringOf(identity['docker-reference'], 'docker-reference'),
  };
}

function imageDigest(image: Fields): Digest {
  onlyKeys(image, digestSpellings, 'image');
  const values = Object.values(image);
  if (values.length !== 1) refuse(`the payload names ${values.length} image digests, exactly one counts`);
  const digest = values[0];
  if (!isDigest(digest)) refuse('the payload names no sha256 or sha512 digest in lower case');
  return digest;
}
