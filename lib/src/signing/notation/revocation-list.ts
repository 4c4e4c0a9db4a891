import { verify, constants } from 'node:crypto';
import { fromBER, type GeneralizedTime, type Sequence } from 'asn1js';
import { CertificateRevocationList, type RevokedCertificate } from 'pkijs';
import { WharfingerError } from '../../errors.ts';
import { isPss, isSelfSigned, readExtension, signatureHash, type Certificate } from './certificate.ts';
import { isAuthority, maySignLists } from './certificate-chain.ts';
import { pemBlocks } from './trust-store.ts';

/** A certificate revocation list (RFC 5280, section 5) that was read. */
export interface RevocationList {
  readonly issuerBytes: Buffer;
  readonly thisUpdate: Date;
  /** absent: it never says when it ends, and so is never current */
  readonly nextUpdate: Date | undefined;
  /** which certificates of its issuer it speaks of */
  readonly scope: 'all' | 'users' | 'authorities' | 'some';
  /** by serial number, hex */
  readonly revoked: ReadonlyMap<string, RevokedEntry>;
  readonly parsed: CertificateRevocationList;
}

interface RevokedEntry {
  readonly revokedAt: Date;
  /** since when the key must be taken for lost, where the list says so */
  readonly invalidSince: Date | undefined;
}

const oids = {
  issuingPoint: '2.5.29.28',
  deltaIndicator: '2.5.29.27',
  invalidityDate: '2.5.29.24',
  reason: '2.5.29.21',
  certificateIssuer: '2.5.29.29',
  points: '2.5.29.31',
  authorityAccess: '1.3.6.1.5.5.7.1.1',
} as const;

/** Entries of all lists of one trust set; more are a way to exhaust memory. */
const mostBytes = 32 * 1024 * 1024;

/**
 * Reads certificate revocation lists.
 * @param texts PEM, `X509 CRL`, one or more blocks each
 * @throws WharfingerError CERTIFICATE_INVALID
 */
export function parseRevocationLists(texts: readonly string[]): RevocationList[] {
  return texts.flatMap((text, at) => {
    const fail = (what: string): never => {
      throw new WharfingerError('CERTIFICATE_INVALID', {
        what: `certificate revocation list ${at + 1}: ${what}`,
        remedy: 'give the list in PEM as its authority publishes it: openssl crl -inform DER -in list.crl',
      });
    };
    if (text.length > mostBytes) fail(`it is larger than ${mostBytes} bytes`);
    return pemBlocks(text, 'X509 CRL', fail).map((der) => parseList(der, fail));
  });
}

function parseList(der: Buffer, fail: (what: string) => never): RevocationList {
  let parsed: CertificateRevocationList;
  try {
    if (fromBER(der).offset !== der.length) return fail('it has something after its end');
    parsed = CertificateRevocationList.fromBER(der);
  } catch (error) {
    return fail(`it cannot be read (${(error as Error).message})`);
  }
  let scope: RevocationList['scope'] = 'all';
  for (const { extnID, critical, extnValue } of parsed.crlExtensions?.extensions ?? []) {
    if (extnID === oids.deltaIndicator) fail('it is a delta to another list; give the whole list');
    if (extnID === oids.issuingPoint) scope = scopeOf(extnValue.valueBlock.valueHexView, fail);
    else if (critical) fail(`it has the critical extension ${extnID}, which is not understood here`);
  }
  const revoked = new Map<string, RevokedEntry>();
  for (const entry of parsed.revokedCertificates ?? []) {
    revoked.set(serialOf(entry.userCertificate.valueBlock.valueHexView), readEntry(entry, fail));
  }
  return {
    issuerBytes: Buffer.from(parsed.issuer.valueBeforeDecode),
    thisUpdate: parsed.thisUpdate.value,
    nextUpdate: parsed.nextUpdate?.value,
    scope,
    revoked,
    parsed,
  };
}

/** IssuingDistributionPoint: its members are told apart by their tags. */
function scopeOf(value: Uint8Array, fail: (what: string) => never): RevocationList['scope'] {
  const tags = readExtension(
    value,
    (schema) => (schema as Sequence).valueBlock.value.map(({ idBlock }) => idBlock.tagNumber),
    fail,
  );
  // [0] is where it is published
  const restrictions = tags.filter((tag) => tag !== 0);
  if (restrictions.length === 0) return 'all';
  if (restrictions.length > 1) return 'some';
  if (restrictions[0] === 4) fail('it speaks of certificates of other authorities (indirect)');
  return restrictions[0] === 1 ? 'users' : restrictions[0] === 2 ? 'authorities' : 'some';
}

function readEntry(entry: RevokedCertificate, fail: (what: string) => never): RevokedEntry {
  let invalidSince: Date | undefined;
  for (const { extnID, critical, extnValue } of entry.crlEntryExtensions?.extensions ?? []) {
    const value = extnValue.valueBlock.valueHexView;
    if (extnID === oids.invalidityDate) {
      invalidSince = readExtension(value, (schema) => (schema as GeneralizedTime).toDate(), fail);
    } else if (extnID === oids.certificateIssuer) {
      fail('it speaks of certificates of other authorities (indirect)');
    } else if (critical && extnID !== oids.reason) {
      fail(`an entry has the critical extension ${extnID}, which is not understood here`);
    }
  }
  return { revokedAt: entry.revocationDate.value, invalidSince };
}

/** What time decided, and when it will decide otherwise. */
export interface TimedCheck {
  readonly now: Date;
  readonly changesAt: (time: Date) => void;
}

/**
 * Looks up the certificates of a chain, all but its root, in revocation lists. A list counts where the issuer itself signed it.
 * A certificate that says where its revocation is published needs a current list; so does one whose issuer has a list here at all.
 * @param signedAt when it was signed, where that is known by a trusted time
 * @returns undefined: none is revoked; else why it cannot be relied on
 */
export function whyRevoked(
  chain: readonly Certificate[],
  lists: readonly RevocationList[],
  signedAt: Date | undefined,
  timed: TimedCheck,
): string | undefined {
  for (const [at, certificate] of chain.entries()) {
    const issuer = chain[at + 1] ?? certificate;
    if (issuer === certificate && isSelfSigned(certificate)) continue;
    const why = whyOneRevoked(certificate, issuer, lists, signedAt, timed);
    if (why !== undefined) return why;
  }
  return undefined;
}

function whyOneRevoked(
  certificate: Certificate,
  issuer: Certificate,
  lists: readonly RevocationList[],
  signedAt: Date | undefined,
  { now, changesAt }: TimedCheck,
): string | undefined {
  const { name } = certificate;
  const genuine = lists.filter((list) => isListOf(list, issuer));
  const serial = serialOf(certificate.serial);
  for (const { revoked } of genuine) {
    const entry = revoked.get(serial);
    if (entry === undefined) continue;
    const { invalidSince, revokedAt } = entry;
    if (signedAt !== undefined && invalidSince !== undefined && signedAt.getTime() < invalidSince.getTime()) {
      continue;
    }
    return `the certificate ${name} was revoked by ${issuer.name} at ${revokedAt.toISOString()}`;
  }
  const own = isAuthority(certificate) ? 'authorities' : 'users';
  const covering = genuine.filter(({ scope }) => scope === 'all' || scope === own);
  for (const { thisUpdate, nextUpdate } of covering) {
    changesAt(thisUpdate);
    if (nextUpdate === undefined) continue;
    changesAt(nextUpdate);
    if (thisUpdate.getTime() <= now.getTime() && now.getTime() < nextUpdate.getTime()) return undefined;
  }
  if (covering.length > 0) return `the revocation list of ${issuer.name} is out of date; get a current one`;
  const { extensions } = certificate;
  if (extensions.has(oids.points) || hasResponder(extensions.get(oids.authorityAccess)?.value)) {
    return `whether the certificate ${name} is revoked is not known: no revocation list of ${issuer.name} is here`;
  }
  return undefined;
}

function isListOf({ issuerBytes, parsed }: RevocationList, issuer: Certificate): boolean {
  if (!issuerBytes.equals(issuer.subjectBytes) || !isAuthority(issuer) || !maySignLists(issuer)) return false;
  const { signature, signatureAlgorithm, signatureValue, tbsView } = parsed;
  const hash = signatureHash(signatureAlgorithm);
  if (hash === undefined || signature.algorithmId !== signatureAlgorithm.algorithmId) return false;
  const key = isPss(signatureAlgorithm)
    ? {
        key: issuer.key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_AUTO,
      }
    : issuer.key;
  return verify(hash === 'none' ? null : hash, tbsView, key, signatureValue.valueBlock.valueHexView);
}

/** True if a certificate names an OCSP responder (RFC 5280, section 4.2.2.1). What cannot be read may name one. */
function hasResponder(value: Uint8Array | undefined): boolean {
  return value !== undefined && Buffer.from(value).includes(ocspOid);
}

/** 1.3.6.1.5.5.7.48.1 in DER */
const ocspOid = Buffer.from('06082b06010505073001', 'hex');

/** Serial numbers are compared as numbers: leading zeros do not count. */
function serialOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(?:00)+(?=..)/, '');
}
