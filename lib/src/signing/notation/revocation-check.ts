import { constants, verify } from 'node:crypto';
import { isPss, isSelfSigned, signatureHash, type Certificate } from './certificate.ts';
import { isAuthority, maySignLists } from './certificate-chain.ts';
import { serialOf, type RevocationList } from './revocation-list.ts';

/** Extensions by which a certificate says where its revocation is published. */
const oids = { points: '2.5.29.31', authorityAccess: '1.3.6.1.5.5.7.1.1' } as const;

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
  for (const list of genuine) {
    const entry = list.entry(serial);
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

function isListOf({ issuerBytes, body, algorithm, signature }: RevocationList, issuer: Certificate): boolean {
  if (!issuerBytes.equals(issuer.subjectBytes) || !isAuthority(issuer) || !maySignLists(issuer)) return false;
  const hash = signatureHash(algorithm);
  if (hash === undefined) return false;
  const key = isPss(algorithm)
    ? {
        key: issuer.key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_AUTO,
      }
    : issuer.key;
  return verify(hash === 'none' ? null : hash, body, key, signature);
}

/** True if a certificate names an OCSP responder (RFC 5280, section 4.2.2.1). What cannot be read may name one. */
function hasResponder(value: Uint8Array | undefined): boolean {
  return value !== undefined && Buffer.from(value).includes(ocspOid);
}

/** 1.3.6.1.5.5.7.48.1 in DER */
const ocspOid = Buffer.from('06082b06010505073001', 'hex');
