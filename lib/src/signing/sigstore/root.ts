import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { TrustMaterial } from '@sigstore/verify';
import { WharfingerError } from '../../errors.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { trustedAuthority } from './root-authorities.ts';
import { trustedLogs } from './root-logs.ts';

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
  let root: TrustedRoot;
  try {
    root = TrustedRoot.fromJSON(document);
  } catch (error) {
    return fail(`it cannot be read: ${(error as Error).message}`, error);
  }
  if (root.certificateAuthorities.length + root.tlogs.length === 0)
    fail('it names neither a certificate authority nor a log');
  return {
    certificateAuthorities: root.certificateAuthorities.map((given) => trustedAuthority(given, fail)),
    timestampAuthorities: root.timestampAuthorities.map((given) => trustedAuthority(given, fail)),
    tlogs: root.tlogs.flatMap((log) => trustedLogs(log, fail)),
    ctlogs: root.ctlogs.flatMap((log) => trustedLogs(log, fail)),
  };
}
