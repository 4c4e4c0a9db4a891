import { fromBER, type GeneralizedTime, type Sequence } from 'asn1js';
import { AlgorithmIdentifier, Extension } from 'pkijs';
import { WharfingerError } from '../../errors.ts';
import { readExtension } from './certificate.ts';
import { derTags, readDer, valuesIn, type Der } from './der.ts';
import { pemBlocks } from './trust-store.ts';

/** A certificate revocation list (RFC 5280, section 5) that was read. */
export interface RevocationList {
  readonly issuerBytes: Buffer;
  readonly thisUpdate: Date;
  /** absent: it never says when it ends, and so is never current */
  readonly nextUpdate: Date | undefined;
  /** which certificates of its issuer it speaks of */
  readonly scope: 'all' | 'users' | 'authorities' | 'some';
  /** what it says of the certificate with this serial number (hex); undefined: nothing */
  entry(serial: string): RevokedEntry | undefined;
  /** what is signed, and how */
  readonly body: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

interface RevokedEntry {
  readonly revokedAt: Date;
  /** since when the key must be taken for lost, where the list says so */
  readonly invalidSince: Date | undefined;
}

type Fail = (what: string) => never;

const oids = {
  issuingPoint: '2.5.29.28',
  deltaIndicator: '2.5.29.27',
  invalidityDate: '2.5.29.24',
} as const;

/** Extensions of entries, as their DER has them: 2.5.29.21, 2.5.29.24, 2.5.29.29. */
const entryOids = { reason: '551d15', invalidityDate: '551d18', certificateIssuer: '551d1d' } as const;

/** Larger lists are none that anybody keeps. */
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

/**
 * CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signature }, TBSCertList ::= SEQUENCE { version, signature,
 * issuer, thisUpdate, nextUpdate OPTIONAL, revokedCertificates OPTIONAL, [0] crlExtensions OPTIONAL }
 */
function parseList(bytes: Buffer, fail: Fail): RevocationList {
  const whole = readDer(bytes, 0, bytes.length, fail);
  if (whole.tag !== derTags.sequence) fail('it is no list');
  if (whole.end !== bytes.length) fail('it has something after its end');
  const [body, algorithm, signature] = exactly(3, [...valuesIn(bytes, whole, fail)], fail);
  if (body!.tag !== derTags.sequence) fail('it is no list');
  const parts = [...valuesIn(bytes, body!, fail)];
  if (parts[0]?.tag !== derTags.integer || bytes[parts[0].start] !== 1) fail('it is not of version 2');
  const [own, issuer, thisUpdate, ...rest] = parts.slice(1);
  if (own === undefined || issuer === undefined || thisUpdate === undefined) return fail('it ends too early');
  if (!slice(bytes, own).equals(slice(bytes, algorithm!))) fail('it names two signature algorithms');
  const nextUpdate = isTime(rest[0]) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === derTags.sequence ? rest.shift() : undefined;
  const extensions = rest[0]?.tag === 0xa0 ? rest.shift() : undefined;
  if (rest.length > 0) fail('it has parts that it cannot have');
  if (revoked !== undefined) checkEntries(bytes, revoked, fail);
  if (signature!.tag !== derTags.bits || bytes[signature!.start] !== 0) fail('its signature cannot be read');
  return {
    issuerBytes: slice(bytes, issuer),
    thisUpdate: timeOf(bytes, thisUpdate, fail),
    nextUpdate: nextUpdate && timeOf(bytes, nextUpdate, fail),
    scope: extensions === undefined ? 'all' : checkExtensions(bytes, extensions, fail),
    entry: (serial) => revoked && findEntry(bytes, revoked, serial, fail),
    body: slice(bytes, body!),
    algorithm: parsed(slice(bytes, algorithm!), (schema) => new AlgorithmIdentifier({ schema }), fail),
    signature: bytes.subarray(signature!.start + 1, signature!.end),
  };
}

/** Looks at extensions of the whole list; which certificates it speaks of. */
function checkExtensions(bytes: Buffer, explicit: Der, fail: Fail): RevocationList['scope'] {
  let scope: RevocationList['scope'] = 'all';
  const [list] = exactly(1, [...valuesIn(bytes, explicit, fail)], fail);
  for (const one of valuesIn(bytes, list!, fail)) {
    const { extnID, critical, extnValue } = parsed(
      slice(bytes, one),
      (schema) => new Extension({ schema }),
      fail,
    );
    if (extnID === oids.deltaIndicator) fail('it is a delta to another list; give the whole list');
    if (extnID === oids.issuingPoint) scope = scopeOf(extnValue.valueBlock.valueHexView, fail);
    else if (critical) fail(`it has the critical extension ${extnID}, which is not understood here`);
  }
  return scope;
}

/** A list with an entry that cannot be understood says nothing that counts, of any certificate. */
function checkEntries(bytes: Buffer, revoked: Der, fail: Fail): void {
  for (const entry of valuesIn(bytes, revoked, fail)) {
    const parts = [...valuesIn(bytes, entry, fail)];
    if (parts[0]?.tag !== derTags.integer || !isTime(parts[1]) || parts.length > 3)
      fail('it has an entry that is none');
    const [, , extensions] = parts;
    if (extensions === undefined) continue;
    for (const extension of valuesIn(bytes, extensions, fail)) {
      const [id, critical] = valuesIn(bytes, extension, fail);
      if (id?.tag !== derTags.oid) return fail('it has an entry that cannot be read');
      const type = bytes.toString('hex', id.start, id.end);
      if (type === entryOids.certificateIssuer)
        fail('it speaks of certificates of other authorities (indirect)');
      const isCritical = critical?.tag === derTags.boolean && bytes[critical.start] !== 0;
      if (isCritical && type !== entryOids.reason && type !== entryOids.invalidityDate) {
        fail('an entry has a critical extension that is not understood here');
      }
    }
  }
}

function findEntry(bytes: Buffer, revoked: Der, serial: string, fail: Fail): RevokedEntry | undefined {
  for (const entry of valuesIn(bytes, revoked, fail)) {
    const number = readDer(bytes, entry.start, entry.end, fail);
    if (serialOf(bytes.subarray(number.start, number.end)) !== serial) continue;
    const [, date, extensions] = valuesIn(bytes, entry, fail);
    return {
      revokedAt: timeOf(bytes, date!, fail),
      invalidSince: extensions && invalidityDate(bytes, extensions, fail),
    };
  }
  return undefined;
}

function invalidityDate(bytes: Buffer, extensions: Der, fail: Fail): Date | undefined {
  for (const one of valuesIn(bytes, extensions, fail)) {
    const { extnID, extnValue } = parsed(slice(bytes, one), (schema) => new Extension({ schema }), fail);
    if (extnID !== oids.invalidityDate) continue;
    return readExtension(
      extnValue.valueBlock.valueHexView,
      (schema) => (schema as GeneralizedTime).toDate(),
      fail,
    );
  }
  return undefined;
}

function isTime(value: Der | undefined): boolean {
  return value?.tag === 0x17 || value?.tag === 0x18;
}

function timeOf(bytes: Buffer, value: Der, fail: Fail): Date {
  const time = parsed(slice(bytes, value), (schema) => (schema as GeneralizedTime).toDate(), fail);
  return Number.isNaN(time.getTime()) ? fail('it has a time that is none') : time;
}

function parsed<T>(bytes: Buffer, read: (schema: ReturnType<typeof fromBER>['result']) => T, fail: Fail): T {
  try {
    return read(fromBER(bytes).result);
  } catch (error) {
    return fail(`it cannot be read (${(error as Error).message})`);
  }
}

function exactly<T>(count: number, values: readonly T[], fail: Fail): readonly T[] {
  return values.length === count ? values : fail('it has not the parts of a list');
}

function slice(bytes: Buffer, { at, end }: Der): Buffer {
  return bytes.subarray(at, end);
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

/** Serial numbers are compared as numbers: leading zeros do not count. */
export function serialOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(?:00)+(?=..)/, '');
}
