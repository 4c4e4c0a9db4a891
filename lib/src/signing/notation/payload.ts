import { isDigest, type Digest } from '../../oci/digest.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { refuse } from '../refusal.ts';
import { objectOf, onlyKeys, stringOf } from '../strict-fields.ts';

/** What a signature of the Notary Project is about. */
export interface TargetArtifact {
  readonly mediaType: string;
  readonly digest: Digest;
  /** bytes of the manifest */
  readonly size: number;
  /** what the signer added (`notation sign --user-metadata`) */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads the signed document (signature specification, "Payload").
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parsePayload(bytes: Uint8Array): TargetArtifact {
  const fields = objectOf(
    parseStrictJson(bytes, (what) => refuse(`the payload cannot be read: ${what}`)),
    'the payload',
  );
  onlyKeys(fields, ['targetArtifact'], 'the payload');
  const target = objectOf(fields['targetArtifact'], 'targetArtifact');
  onlyKeys(target, ['mediaType', 'digest', 'size', 'annotations'], 'targetArtifact');
  const digest = stringOf(target['digest'], 'digest');
  if (!isDigest(digest))
    return refuse('the digest of targetArtifact is no sha256 or sha512 digest in lower case');
  const { size, annotations } = target;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return refuse('the size of targetArtifact is no number of bytes');
  }
  return {
    mediaType: stringOf(target['mediaType'], 'mediaType'),
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations: textsOf(annotations) }),
  };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const fields = objectOf(value, 'annotations');
  return Object.fromEntries(
    Object.entries(fields).map(([name, text]) => [
      name,
      stringOf(text, `the annotation ${name.slice(0, 100)}`),
    ]),
  );
}
