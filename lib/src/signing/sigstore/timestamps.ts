import { ASN1Obj, RFC3161Timestamp, X509Certificate } from '@sigstore/core';
import { refuse } from '../refusal.ts';
import { isForTimeStamping } from './certificate.ts';
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

/** Certificates of SignedData (RFC 5652, section 5.1), DER. */
function embeddedCertificates(timestamp: Buffer): Buffer[] {
  const signedData = ASN1Obj.parseBuffer(Buffer.from(timestamp)).subs[1]?.subs[1]?.subs[0];
  const certificates = signedData?.subs.slice(3).find((sub) => sub.tag.isContextSpecific(0));
  return (certificates?.subs ?? []).slice(0, mostCertificates).map((certificate) => certificate.toDER());
}

function derOf(certificate: X509Certificate): Buffer {
  return certificate.root.toDER();
}
