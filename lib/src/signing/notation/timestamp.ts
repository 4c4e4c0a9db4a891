import { createHash, verify } from 'node:crypto';
import { fromBER, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { Certificate as ParsedCertificate, ContentInfo, SignedData, TSTInfo, type SignerInfo } from 'pkijs';
import { refusalReason, refuse } from '../refusal.ts';
import {
  hashes,
  isIssuedBy,
  isSame,
  isSelfSigned,
  parseCertificate,
  type Certificate,
  type Hash,
} from './certificate.ts';
import { checkChain, longestChain, requireValidity } from './certificate-chain.ts';

/** When something was signed, by a timestamp authority that is trusted: not before `from`, not after `to`. */
export interface TrustedTime {
  readonly from: Date;
  readonly to: Date;
  /** of the authority, from leaf to root */
  readonly chain: readonly Certificate[];
}

const oids = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.47',
  /** ETSI EN 319 421: the time is exact to one second where the token does not say */
  baselinePolicy: '0.4.0.2023.1.1',
} as const;

/** Signature algorithms of tokens, and the hash where they name one themselves. */
const signatures: ReadonlyMap<string, Hash | 'any'> = new Map([
  ['1.2.840.113549.1.1.1', 'any'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);

const limits = { bytes: 256 * 1024, certificates: 16 };

/**
 * Verifies a timestamp token (RFC 3161, RFC 5816; CMS of RFC 5652) over some bytes.
 * @param roots of timestamp authorities that are trusted
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function verifyTimestamp(
  token: Uint8Array,
  stamped: Uint8Array,
  roots: readonly Certificate[],
): TrustedTime {
  if (token.length > limits.bytes) refuse(`its timestamp is larger than ${limits.bytes} bytes`);
  try {
    return verifyParts(parseToken(token), stamped, roots);
  } catch (error) {
    if (refusalReason(error) !== undefined) throw error;
    // The parser does not check the type of every value that it hands out; the bytes are what caused it.
    return refuse(`its timestamp cannot be read (${(error as Error).message})`, error);
  }
}

function verifyParts(
  { content, certificates, signer }: Token,
  stamped: Uint8Array,
  roots: readonly Certificate[],
): TrustedTime {
  const info = parseInfo(content);
  const imprint = hashes.get(info.messageImprint.hashAlgorithm.algorithmId);
  if (imprint === undefined) return refuse('its timestamp uses a hash function that does not count');
  const digest = createHash(imprint).update(stamped).digest();
  if (!digest.equals(info.messageImprint.hashedMessage.valueBlock.valueHexView)) {
    refuse('its timestamp is of another signature');
  }
  const chain = chainOf(verifySigner(signer, content, certificates), certificates, roots);
  checkChain(chain, 'timeStamping');
  const at = info.genTime;
  requireValidity(chain, at, at, `the time of its timestamp, ${at.toISOString()}`);
  const accuracy = accuracyOf(info);
  return { from: new Date(at.getTime() - accuracy), to: new Date(at.getTime() + accuracy), chain };
}

interface Token {
  /** DER of TSTInfo */
  readonly content: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: SignerInfo;
}

function parseToken(token: Uint8Array): Token {
  if (fromBER(token).offset !== token.length) refuse('its timestamp has something after its end');
  const info = ContentInfo.fromBER(Buffer.from(token));
  if (info.contentType !== oids.signedData) refuse('its timestamp is no signed data');
  const data = new SignedData({ schema: info.content });
  const { encapContentInfo, signerInfos, certificates = [] } = data;
  if (encapContentInfo.eContentType !== oids.timestampInfo) refuse('its timestamp holds something else');
  const content = encapContentInfo.eContent;
  const [signer, ...more] = signerInfos;
  if (!(content instanceof OctetString) || signer === undefined) return refuse('its timestamp is not signed');
  if (more.length > 0) refuse('its timestamp has several signers; exactly one counts');
  if (certificates.length > limits.certificates) {
    refuse(`its timestamp carries more than ${limits.certificates} certificates`);
  }
  return {
    content: new Uint8Array(content.getValue()),
    certificates: certificates.map((one) =>
      one instanceof ParsedCertificate
        ? parseCertificate(new Uint8Array(one.toSchema().toBER()), (what) =>
            refuse(`a certificate of its timestamp: ${what}`),
          )
        : refuse('its timestamp carries a certificate of another kind'),
    ),
    signer,
  };
}

function parseInfo(content: Uint8Array): TSTInfo {
  if (fromBER(content).offset !== content.length) refuse('its timestamp holds more than it should');
  const info = TSTInfo.fromBER(Buffer.from(content));
  if (info.version !== 1) refuse(`its timestamp is of version ${info.version}, which is not known here`);
  for (const { critical, extnID } of info.extensions ?? []) {
    if (critical) refuse(`its timestamp has the critical extension ${extnID}, which is not understood here`);
  }
  return info;
}

/** Verifies the signature over the attributes, and that these are of this content and of this certificate. */
function verifySigner(
  signer: SignerInfo,
  content: Uint8Array,
  certificates: readonly Certificate[],
): Certificate {
  const hash = hashes.get(signer.digestAlgorithm.algorithmId);
  const named = signatures.get(signer.signatureAlgorithm.algorithmId);
  if (hash === undefined || named === undefined || (named !== 'any' && named !== hash)) {
    return refuse('its timestamp is signed with an algorithm that does not count');
  }
  const contentType = attribute(signer, oids.contentType, ObjectIdentifier);
  if (contentType.getValue() !== oids.timestampInfo) refuse('its timestamp is signed as something else');
  const digest = attribute(signer, oids.messageDigest, OctetString);
  if (!createHash(hash).update(content).digest().equals(digest.valueBlock.valueHexView)) {
    refuse('its timestamp was changed after it was signed');
  }
  const certificate = signingCertificate(attribute(signer, oids.signingCertificate, Sequence), certificates);
  const signed = Buffer.from(signer.signedAttrs!.encodedValue);
  // They are signed under the tag of a SET, and carried under [0] (RFC 5652, section 5.4).
  signed[0] = 0x31;
  if (!verify(hash, signed, certificate.key, signer.signature.valueBlock.valueHexView)) {
    refuse('the signature of its timestamp does not verify');
  }
  return certificate;
}

/** The one value of a signed attribute. */
function attribute<T>(signer: SignerInfo, type: string, form: new (...parameters: never[]) => T): T {
  const found = (signer.signedAttrs?.attributes ?? []).filter((one) => one.type === type);
  const values: unknown[] = found[0]?.values ?? [];
  const [value] = values;
  if (found.length !== 1 || values.length !== 1 || !(value instanceof form)) {
    return refuse(`its timestamp lacks the signed attribute ${type}, or has it in another form`);
  }
  return value;
}

/**
 * Finds the certificate that the signer named by its hash. SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF SEQUENCE {
 * hashAlgorithm DEFAULT sha256, certHash OCTET STRING, issuerSerial OPTIONAL }, … } (RFC 5035).
 */
function signingCertificate(attributeValue: Sequence, certificates: readonly Certificate[]): Certificate {
  const list = attributeValue.valueBlock.value[0];
  const first = list instanceof Sequence ? list.valueBlock.value[0] : undefined;
  const parts = first instanceof Sequence ? first.valueBlock.value : [];
  const [algorithm] = parts;
  let hash: Hash | undefined = 'sha256';
  if (algorithm instanceof Sequence) {
    const id = algorithm.valueBlock.value[0];
    hash = id instanceof ObjectIdentifier ? hashes.get(id.getValue()) : undefined;
  }
  const expected = algorithm instanceof Sequence ? parts[1] : algorithm;
  if (hash === undefined || !(expected instanceof OctetString)) {
    return refuse('its timestamp does not say whose certificate signed it');
  }
  const bytes = expected.valueBlock.valueHexView;
  const found = certificates.find(({ der }) => createHash(hash).update(der).digest().equals(bytes));
  return found ?? refuse('its timestamp does not carry the certificate that signed it');
}

/** Finds the way from a certificate to a trusted root. */
function chainOf(
  leaf: Certificate,
  carried: readonly Certificate[],
  roots: readonly Certificate[],
): readonly Certificate[] {
  const chain = [leaf];
  while (chain.length < longestChain) {
    const last = chain.at(-1)!;
    if (roots.some((root) => isSame(root, last))) return chain;
    if (isSelfSigned(last)) break;
    // trusted ones first: a root may come along that is not trusted, with the name and key of one that is
    const issuer = [...roots, ...carried].find((candidate) => isIssuedBy(last, candidate));
    if (issuer === undefined || chain.includes(issuer)) break;
    chain.push(issuer);
  }
  return refuse(`its timestamp is by ${leaf.name}, an authority that is not trusted`);
}

/** Milliseconds by which the time may be wrong, rounded up. */
function accuracyOf({ accuracy, policy }: TSTInfo): number {
  const { seconds = 0, millis = 0, micros = 0 } = accuracy ?? {};
  if (seconds === 0 && millis === 0 && micros === 0) return policy === oids.baselinePolicy ? 1000 : 0;
  if (![seconds, millis, micros].every((part) => Number.isSafeInteger(part) && part >= 0)) {
    return refuse('the accuracy of its timestamp cannot be read');
  }
  return seconds * 1000 + millis + Math.ceil(micros / 1000);
}
