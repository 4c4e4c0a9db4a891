import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { fromBER } from 'asn1js';
import { Certificate as ParsedCertificate, RSASSAPSSParams, type AlgorithmIdentifier } from 'pkijs';
import { formatName, parseName, type DistinguishedName } from './distinguished-name.ts';

/** An X.509 certificate (RFC 5280) that was read. */
export interface Certificate {
  readonly der: Buffer;
  readonly x509: X509Certificate;
  readonly key: KeyObject;
  /** SHA-256 of the SubjectPublicKeyInfo, hex */
  readonly keyId: string;
  /** SHA-256 of the DER, hex */
  readonly thumbprint: string;
  readonly subject: DistinguishedName;
  /** DER of the names: only these are compared to find an issuer */
  readonly subjectBytes: Buffer;
  readonly issuerBytes: Buffer;
  readonly serial: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** for messages: the subject in RFC 4514's form */
  readonly name: string;
  readonly signatureAlgorithm: AlgorithmIdentifier;
}

export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Larger ones are only made to keep a reader busy. */
const largest = 64 * 1024;

/**
 * Reads a certificate.
 * @param fail called with what is wrong; must throw
 */
export function parseCertificate(der: Uint8Array, fail: (what: string) => never): Certificate {
  if (der.length > largest) fail(`it is larger than ${largest} bytes`);
  let x509: X509Certificate;
  let parsed: ParsedCertificate;
  let subject: DistinguishedName;
  let key: KeyObject;
  let keyId: string;
  try {
    x509 = new X509Certificate(der);
    parsed = ParsedCertificate.fromBER(Buffer.from(der));
    subject = parseName(parsed.subject.valueBeforeDecode);
    key = x509.publicKey;
    keyId = sha256(key.export({ type: 'spki', format: 'der' }));
  } catch (error) {
    return fail(`it cannot be read (${(error as Error).message})`);
  }
  // Bytes after the certificate would be covered by no signature.
  if (!x509.raw.equals(der)) fail('it is not the one DER encoding of a certificate');
  const extensions = new Map<string, Extension>();
  for (const { extnID, critical, extnValue } of parsed.extensions ?? []) {
    if (extensions.has(extnID)) fail(`it has the extension ${extnID} twice`);
    extensions.set(extnID, { critical, value: extnValue.valueBlock.valueHexView });
  }
  return {
    der: x509.raw,
    x509,
    key,
    keyId,
    thumbprint: sha256(x509.raw),
    subject,
    subjectBytes: Buffer.from(parsed.subject.valueBeforeDecode),
    issuerBytes: Buffer.from(parsed.issuer.valueBeforeDecode),
    serial: Buffer.from(parsed.serialNumber.valueBlock.valueHexView),
    notBefore: x509.validFromDate,
    notAfter: x509.validToDate,
    extensions,
    name: formatName(subject),
    signatureAlgorithm: parsed.signatureAlgorithm,
  };
}

/** True if the issuer's key signed the certificate, which names it as its issuer. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!certificate.issuerBytes.equals(issuer.subjectBytes)) return false;
  if (signatureHash(certificate.signatureAlgorithm) === undefined) return false;
  try {
    return certificate.x509.verify(issuer.key);
  } catch {
    // a kind of key that signs nothing
    return false;
  }
}

/** True if the certificate's own key signed it. */
export function isSelfSigned(certificate: Certificate): boolean {
  return isIssuedBy(certificate, certificate);
}

/** True if both are the same certificate, byte for byte. */
export function isSame(left: Certificate, right: Certificate): boolean {
  return left.der.equals(right.der);
}

const rsaPss = '1.2.840.113549.1.1.10';

/** Signature algorithms of certificates and CRLs that count. MD5 and SHA-1 do not. */
const signatureHashes: ReadonlyMap<string, Hash | 'none'> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.101.112', 'none'],
]);

/** Hash functions that count, by their object identifiers (RFC 5754). */
export const hashes: ReadonlyMap<string, Hash> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

export type Hash = 'sha256' | 'sha384' | 'sha512';

/** What a signature algorithm hashes with; `none` where that is for the key to say; undefined: it does not count. */
export function signatureHash(algorithm: AlgorithmIdentifier): Hash | 'none' | undefined {
  if (algorithm.algorithmId !== rsaPss) return signatureHashes.get(algorithm.algorithmId);
  try {
    const parameters = new RSASSAPSSParams({ schema: algorithm.algorithmParams });
    return hashes.get(parameters.hashAlgorithm.algorithmId);
  } catch {
    return undefined;
  }
}

/** True for RSA-PSS, whose padding a verifier must be told. */
export function isPss(algorithm: AlgorithmIdentifier): boolean {
  return algorithm.algorithmId === rsaPss;
}

/**
 * Reads the value of an extension, which must be one ASN.1 value and nothing after it.
 * @param read makes something of the value; whatever it throws is a failure
 */
export function readExtension<T>(
  value: Uint8Array,
  read: (schema: ReturnType<typeof fromBER>['result']) => T,
  fail: (what: string) => never,
): T {
  try {
    const { offset, result } = fromBER(value);
    if (offset === value.length) return read(result);
  } catch {
    // the same as a value with something after it
  }
  return fail('an extension of it cannot be read');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
