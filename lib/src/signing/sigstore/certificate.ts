import { createHash, X509Certificate as NodeCertificate, type KeyObject } from 'node:crypto';
import { X509Certificate, type ASN1Obj } from '@sigstore/core';
import { keyAlgorithm } from '../keys.ts';
import { refuse } from '../refusal.ts';
import { orRefuse } from './or-refuse.ts';
import type { CertifiedIdentity } from './identity-match.ts';

/** Object identifiers of RFC 5280 and of Fulcio (sigstore/fulcio, docs/oid-info.md). */
const oids = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  issuerRaw: '1.3.6.1.4.1.57264.1.1',
  issuer: '1.3.6.1.4.1.57264.1.8',
  userName: '1.3.6.1.4.1.57264.1.7',
} as const;

/** Extensions that may be marked critical, for they are looked at. */
const understood: readonly string[] = [
  oids.keyUsage,
  oids.subjectAltName,
  oids.basicConstraints,
  oids.extendedKeyUsage,
];

/** The certificate of a signer. */
export interface SignerCertificate {
  readonly identity: CertifiedIdentity;
  /** SHA-256 of the SubjectPublicKeyInfo, hex */
  readonly keyId: string;
  readonly key: KeyObject;
  readonly parsed: X509Certificate;
}

/**
 * Reads the certificate of a signer as Fulcio issues them. Who issued it is not checked here; what it may be used for and
 * whom it names is: exactly one subject, in characters that look like what they are.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function readSignerCertificate(der: Buffer): SignerCertificate {
  return orRefuse('the certificate cannot be read', () => readSigner(der));
}

function readSigner(der: Buffer): SignerCertificate {
  const known = readCertificate(der);
  const parsed = X509Certificate.parse(Buffer.from(der));
  const extensions = extensionsOf(parsed);
  if (known.ca || parsed.extBasicConstraints?.isCA === true)
    refuse('the certificate is that of an authority, not of a signer');
  if (!known.keyUsage?.includes(oids.codeSigning)) refuse('the certificate is not for signing code');
  if (parsed.extKeyUsage?.digitalSignature !== true) refuse('the certificate is not for digital signatures');
  const algorithm = keyAlgorithm(known.publicKey);
  if (typeof algorithm === 'object') refuse(`the key of the certificate ${algorithm.refused}`);
  return {
    identity: { issuer: issuerOf(extensions), subject: subjectOf(extensions) },
    keyId: keyIdOf(known),
    key: known.publicKey,
    parsed,
  };
}

function keyIdOf({ publicKey }: NodeCertificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/**
 * Who vouches for a certificate: the keys of all certificates of authorities that issued it, or their issuers.
 * @returns SHA-256 of each SubjectPublicKeyInfo, hex
 */
export function issuingKeys(leaf: Buffer, authorities: readonly X509Certificate[]): string[] {
  const candidates = new Set(authorities.map(({ root }) => readCertificate(root.toDER())));
  const issuers: NodeCertificate[] = [];
  collectIssuers(readCertificate(leaf));
  return [...new Set(issuers.map(keyIdOf))];

  function collectIssuers(certificate: NodeCertificate): void {
    for (const issuer of candidates) {
      if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) continue;
      candidates.delete(issuer);
      issuers.push(issuer);
      collectIssuers(issuer);
    }
  }
}

/** True for a certificate that a time stamping authority signs with, not its issuers. */
export function isForTimeStamping(der: Buffer): boolean {
  const { ca, keyUsage } = readCertificate(der);
  return !ca && (keyUsage ?? []).includes(oids.timeStamping);
}

function readCertificate(der: Buffer): NodeCertificate {
  try {
    const certificate = new NodeCertificate(der);
    if (certificate.raw.equals(der)) return certificate;
  } catch (error) {
    return refuse('a certificate cannot be read', error);
  }
  return refuse('a certificate is not in DER');
}

/** By identifier; refused if one comes twice or must be understood and is not. */
function extensionsOf(certificate: X509Certificate): ReadonlyMap<string, ASN1Obj> {
  const extensions = new Map<string, ASN1Obj>();
  for (const extension of certificate.extensions) {
    const oid = extension.subs[0]?.toOID() ?? refuse('the certificate has an extension without identifier');
    if (extensions.has(oid)) refuse(`the certificate has the extension ${oid} twice`);
    const isCritical = extension.subs.length === 3 && extension.subs[1]?.toBoolean() === true;
    if (isCritical && !understood.includes(oid)) {
      refuse(`the certificate has the critical extension ${oid}, which is not understood`);
    }
    extensions.set(oid, extension.subs.at(-1) ?? refuse('the certificate has an extension without value'));
  }
  return extensions;
}

function issuerOf(extensions: ReadonlyMap<string, ASN1Obj>): string {
  const wrapped = extensions.get(oids.issuer)?.subs[0]?.value;
  const raw = extensions.get(oids.issuerRaw)?.value;
  const [issuer, other = issuer] = [wrapped, raw].flatMap((bytes) =>
    bytes === undefined ? [] : [plainText(bytes, 'the issuer')],
  );
  if (issuer !== other) refuse('the certificate names two issuers of the identity');
  return issuer ?? refuse('the certificate does not say who vouched for the identity');
}

function subjectOf(extensions: ReadonlyMap<string, ASN1Obj>): string {
  const names = extensions.get(oids.subjectAltName)?.subs[0]?.subs ?? [];
  const [name] = names;
  if (name === undefined) return refuse('the certificate names no subject');
  if (names.length > 1) refuse(`the certificate names ${names.length} subjects, exactly one counts`);
  // GeneralName of RFC 5280, section 4.2.1.6: rfc822Name, dNSName, uniformResourceIdentifier; otherName.
  if ([1, 2, 6].some((tag) => name.tag.isContextSpecific(tag))) return plainText(name.value, 'the subject');
  if (name.tag.isContextSpecific(0) && name.subs[0]?.toOID() === oids.userName) {
    const value = name.subs[1]?.subs[0]?.value;
    if (value !== undefined) return plainText(value, 'the subject');
  }
  return refuse('the certificate names its subject neither by e-mail address nor by URI');
}

/** Visible ASCII: one text has one look, and no reader cuts it off at a zero byte. */
function plainText(bytes: Buffer, what: string): string {
  const text = bytes.toString('latin1');
  if (!/^[\x20-\x7e]+$/.test(text)) refuse(`${what} in the certificate is not plain text`);
  return text;
}
