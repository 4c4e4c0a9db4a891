import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify';
import { WharfingerError } from '../../errors.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';

/** Authorities and logs of an instance of Sigstore, with when each of them counts. */
export type SigstoreRoot = Omit<TrustMaterial, 'publicKey'>;

const readable = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;

/** Larger than any root: that of the public instance has 7 KB. */
const largest = 4 * 1024 * 1024;

/**
 * Reads trusted_root.json (sigstore/protobuf-specs, sigstore_trustroot.proto). What it says is believed: it comes from who
 * runs this program, or from a repository whose signatures were checked.
 * @throws WharfingerError TRUSTED_ROOT_INVALID
 */
export function parseSigstoreRoot(text: string): SigstoreRoot {
  const fail = (what: string, cause?: unknown): never => {
    throw new WharfingerError('TRUSTED_ROOT_INVALID', { what, cause });
  };
  if (text.length > largest) fail(`it is larger than ${largest} bytes`);
  const document = parseStrictJson(Buffer.from(text), (what) => fail(what));
  const mediaType = (document as { readonly mediaType?: unknown } | null)?.mediaType;
  if (typeof mediaType !== 'string' || !readable.test(mediaType)) {
    fail(
      `its mediaType is ${JSON.stringify(mediaType ?? null)}, not that of a trusted root of version 0.1 or 0.2`,
    );
  }
  let material: TrustMaterial;
  try {
    material = toTrustMaterial(TrustedRoot.fromJSON(document));
  } catch (error) {
    return fail(`a key or certificate in it cannot be read: ${(error as Error).message}`, error);
  }
  const { certificateAuthorities, timestampAuthorities, tlogs, ctlogs } = material;
  if (certificateAuthorities.length + tlogs.length === 0)
    fail('it names neither a certificate authority nor a log');
  for (const { certChain } of [...certificateAuthorities, ...timestampAuthorities]) {
    if (certChain.length === 0) fail('one of its authorities has no certificate');
  }
  for (const { validFor } of [...certificateAuthorities, ...timestampAuthorities, ...tlogs, ...ctlogs]) {
    // Comparisons with a date that is none are false, or true once negated.
    if (Number.isNaN(validFor.start.getTime()) || Number.isNaN(validFor.end.getTime())) {
      fail('it has a time that is none');
    }
  }
  return { certificateAuthorities, timestampAuthorities, tlogs, ctlogs };
}
