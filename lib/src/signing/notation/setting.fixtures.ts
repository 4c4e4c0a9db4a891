import type { KeyObject } from 'node:crypto';
import { isWharfingerError } from '../../errors.ts';
import { digestOf } from '../../oci/digest.ts';
import type { TrustedCertificates } from '../evidence.ts';
import { algorithmOf, type NotationAlgorithm } from './algorithms.ts';
import { issue, oids, type Issued, type Request } from './authority.fixtures.ts';
import { readNotationTrust, type NotationTrust } from './notation-trust.ts';
import type { EnvelopeType } from './parse-envelope.ts';
import { signEnvelope, type EnvelopeContent } from './sign-envelope.ts';
import { verifyNotation, type NotationSignature } from './verify-notation.ts';

export const now = new Date();
export const hour = 3_600_000;
export const day = 24 * hour;

/** A time so many milliseconds from now. */
export function from(milliseconds: number): Date {
  return new Date(Math.floor((now.getTime() + milliseconds) / 1000) * 1000);
}

const years = { notBefore: from(-900 * day), notAfter: from(900 * day) };

export const names = {
  root: [['CN', 'Acme Root']],
  middle: [['CN', 'Acme Signing Authority']],
  leaf: [
    ['C', 'US'],
    ['ST', 'WA'],
    ['O', 'Acme'],
    ['CN', 'release'],
  ],
} as const;

export const root = issue({ subject: names.root, ca: true, ...years });
export const middle = issue({ subject: names.middle, ca: true, pathLength: 0, issuer: root, ...years });
export const leaf = issue({ subject: names.leaf, issuer: middle });
export const stampRoot = issue({ subject: [['CN', 'Time Root']], ca: true, ...years });
export const stampLeaf = issue({
  subject: [['CN', 'Time']],
  issuer: stampRoot,
  purposes: [oids.timeStamping],
  purposesCritical: true,
  ...years,
});

/** A leaf that is right but for what is given. */
export function leafWith(request: Partial<Request>): Issued {
  return issue({ subject: names.leaf, issuer: middle, ...request });
}

export const image = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf('an image'),
  size: 8,
};

export const envelopeTypes: readonly EnvelopeType[] = ['application/jose+json', 'application/cose'];

/** An envelope that is right but for what is given. */
export function envelope(
  type: EnvelopeType = 'application/jose+json',
  { by = leaf, ...content }: Partial<EnvelopeContent> & { by?: Issued } = {},
): { mediaType: string; bytes: Buffer } {
  const bytes = signEnvelope(type, {
    target: image,
    scheme: 'notary.x509',
    signingTime: from(-60_000),
    algorithm: algorithmFor(by.key),
    key: by.key,
    chain: by.chain,
    ...content,
  });
  return { mediaType: type, bytes };
}

/** The algorithm of a key; some other where there is none. */
function algorithmFor(key: KeyObject): NotationAlgorithm {
  const algorithm = algorithmOf(key);
  return typeof algorithm === 'string' ? algorithm : 'ES256';
}

export interface TrustOptions extends Partial<TrustedCertificates['notation']> {
  readonly stores?: Readonly<Record<string, string>>;
  readonly lists?: readonly string[];
}

export const stores = { 'ca:acme': root.pem, 'tsa:time': stampRoot.pem };

/** Trust in the root above, for everybody that it vouches for, but for what is given. */
export function trust({ stores: given = stores, lists = [], ...notation }: TrustOptions = {}): NotationTrust {
  return readNotationTrust(
    { name: 'acme', notation: { trustStores: ['ca:acme'], trustedIdentities: ['*'], ...notation } },
    { trustStores: given, certificateRevocations: lists },
  );
}

export function verify(
  signature: { mediaType: string; bytes: Uint8Array },
  options: TrustOptions = {},
  at: Date = now,
): NotationSignature {
  return verifyNotation(signature, trust(options), at);
}

/** Why it does not count. */
export function reasonOf(
  signature: { mediaType: string; bytes: Uint8Array },
  options: TrustOptions = {},
  at: Date = now,
): string {
  try {
    verify(signature, options, at);
  } catch (error) {
    if (isWharfingerError(error, 'SIGNATURE_INVALID')) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
