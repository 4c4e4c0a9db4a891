import { ASN1Obj, crypto, RFC3161Timestamp, X509Certificate } from '@sigstore/core';
import { Verifier } from '@sigstore/verify';
import { refuse } from '../refusal.ts';
import { isForTimeStamping } from './certificate.ts';
import type { SignatureContent } from './content.ts';
import type { SigstoreRoot } from './root.ts';

type Authority = SigstoreRoot['timestampAuthorities'][number];

/** PKIStatus of RFC 3161, section 2.4.2: granted, granted with changes. */
const granted: readonly number[] = [0, 1];

/** More than an authority puts into its answer. */
const mostCertificates = 16;

/**
 * Reads a time-stamp response (RFC 3161, section 2.4.2). Who made it is not checked here.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseTimestamp(der: Buffer): RFC3161Timestamp {
  const timestamp = RFC3161Timestamp.parse(Buffer.from(der));
  if (!granted.includes(Number(timestamp.status))) refuse('the timestamp was not granted');
  return timestamp;
}

/**
 * The authorities that can have made one of these timestamps. A root that names only the issuers of an authority leaves its
 * certificate to the timestamp: then that must be issued by them, which whoever verifies the chain finds out.
 */
export function timestampAuthorities(root: SigstoreRoot, timestamps: readonly Buffer[]): Authority[] {
  return root.timestampAuthorities.flatMap((authority) => {
    const [first] = authority.certChain;
    if (first === undefined) return [];
    if (isForTimeStamping(derOf(first))) return [authority];
    if (!first.isCA) return [];
    return timestamps
      .flatMap(embeddedCertificates)
      .flatMap((der) =>
        isForTimeStamping(der)
          ? [{ ...authority, certChain: [X509Certificate.parse(Buffer.from(der)), ...authority.certChain] }]
          : [],
      );
  });
}

/**
 * Those of the timestamps that an authority of the root made over this signature. Others say nothing, and take nothing away:
 * an authority may be newer than the root.
 */
export function trustedTimestamps(
  root: SigstoreRoot,
  timestamps: readonly Buffer[],
  signature: SignatureContent,
): readonly Buffer[] {
  const authorities = timestampAuthorities(root, timestamps);
  const [first] = authorities.flatMap(({ certChain }) => certChain);
  if (first === undefined) return [];
  const material = {
    timestampAuthorities: authorities,
    certificateAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey: crypto.createPublicKey(first.publicKey), validFor: () => true }),
  };
  const verifier = new Verifier(material, { timestampThreshold: 1, tlogThreshold: 0, ctlogThreshold: 0 });
  return timestamps.filter((der) => {
    const timestamp = parseTimestamp(der);
    try {
      verifier.verify({
        // Whose signature it is, is found out elsewhere; here it is what was stamped.
        signature: { ...signature, verifySignature: () => true },
        key: { $case: 'public-key', hint: '' },
        tlogEntries: [],
        timestamps: [{ $case: 'timestamp-authority', timestamp }],
      });
      return true;
    } catch {
      return false;
    }
  });
}

/** Certificates of SignedData (RFC 5652, section 5.1), DER. */
function embeddedCertificates(timestamp: Buffer): Buffer[] {
  const signedData = ASN1Obj.parseBuffer(Buffer.from(timestamp)).subs[1]?.subs[1]?.subs[0];
  const certificates = signedData?.subs.slice(3).find((sub) => sub.tag.isContextSpecific(0));
  return (certificates?.subs ?? []).slice(0, mostCertificates).map((certificate) => certificate.toDER());
}

function derOf(certificate: X509Certificate): Buffer {
  return certificate.root.toDER();
}
