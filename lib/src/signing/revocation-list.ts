import canonicalize from 'canonicalize';
import { parseStrictJson } from '../oci/strict-json.ts';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import { counterOf, timeOf } from './channels/fields.ts';
import { envelopeSigner, parseEnvelope, signEnvelope } from './dsse.ts';
import type { Revocation } from './evidence.ts';
import type { PublicKey } from './keys.ts';
import type { SigningKey } from './private-keys.ts';
import { refuse } from './refusal.ts';
import { objectOf, onlyKeys, stringOf } from './strict-fields.ts';

/** A signed, versioned, expiring list of who does not count any more. */
export interface RevocationList {
  readonly version: number;
  /** RFC 3339 */
  readonly issuedAt: string;
  /** RFC 3339 */
  readonly expires: string;
  readonly entries: readonly Revocation[];
}

const mostEntries = 100_000;
const maxBytes = 64 * 1024 * 1024;
const longestReason = 1000;

/** Clocks of two machines may differ by as much. */
const clockSkewMs = 5 * 60_000;

/** The list as a DSSE envelope (JSON text) over its RFC 8785 form. */
export function signRevocationList(list: RevocationList, key: SigningKey): string {
  const payload = Buffer.from(canonicalize(list)!);
  return JSON.stringify(signEnvelope(payloadTypes.revocations, payload, key.algorithm, key.key));
}

/**
 * Verifies a list and reads it.
 *
 * @param keys of those who may revoke: the registry's
 * @throws WharfingerError SIGNATURE_INVALID with the reason: signed by nobody known, not such a list, out of date, from the future
 */
export function openRevocationList(bytes: Uint8Array, keys: readonly PublicKey[], now: Date): RevocationList {
  if (bytes.length > maxBytes) refuse(`the revocation list is larger than ${maxBytes} bytes`);
  const { payloadType, payload, ...rest } = parseEnvelope(readJson(bytes));
  if (payloadType !== payloadTypes.revocations)
    refuse(`the envelope carries ${JSON.stringify(payloadType.slice(0, 200))}, not a revocation list`);
  if (!envelopeSigner({ payloadType, payload, ...rest }, keys))
    refuse('no key that may revoke signed the revocation list');
  const value = readJson(payload);
  // two spellings of one list would be two lists of one version
  if (canonicalize(value) !== payload.toString('utf8'))
    refuse('the revocation list is not in the form of RFC 8785');
  const list = readList(value);
  if (Date.parse(list.expires) <= now.getTime()) refuse(`the revocation list expired at ${list.expires}`);
  if (Date.parse(list.issuedAt) > now.getTime() + clockSkewMs)
    refuse(`the revocation list was issued at ${list.issuedAt}, which is still to come`);
  return list;
}

/**
 * Which of two lists counts: the one offered, if it is the later one.
 *
 * @param seen the last one that was taken; undefined: none was
 * @throws WharfingerError SIGNATURE_INVALID where an older list is offered than was seen, or another of the same version
 */
export function newerList(seen: RevocationList | undefined, offered: RevocationList): RevocationList {
  if (seen === undefined || offered.version > seen.version) return offered;
  if (offered.version < seen.version)
    refuse(`the revocation list is version ${offered.version}, and version ${seen.version} was seen before`);
  if (canonicalize(offered) !== canonicalize(seen))
    refuse(`there are two revocation lists of version ${seen.version}`);
  return seen;
}

function readJson(bytes: Uint8Array): unknown {
  return parseStrictJson(bytes, (what) => refuse(`the revocation list cannot be read: ${what}`));
}

function readList(value: unknown): RevocationList {
  const fields = objectOf(value, 'the revocation list');
  onlyKeys(fields, ['version', 'issuedAt', 'expires', 'entries'], 'the revocation list');
  const { entries } = fields;
  if (!Array.isArray(entries)) return refuse('entries is not a list');
  if (entries.length > mostEntries) refuse(`entries has more than ${mostEntries} entries`);
  const version = counterOf(fields['version'], 'version');
  if (version === 0) refuse('version is 0: lists are counted from 1');
  const issuedAt = timeOf(fields['issuedAt'], 'issuedAt');
  const expires = timeOf(fields['expires'], 'expires');
  if (Date.parse(expires) <= Date.parse(issuedAt)) refuse('expires is not after issuedAt');
  return { version, issuedAt, expires, entries: entries.map(readEntry) };
}

function readEntry(value: unknown, at: number): Revocation {
  const where = `entries[${at}]`;
  const fields = objectOf(value, where);
  onlyKeys(fields, ['keyId', 'compromisedSince', 'revokedAt', 'reason'], where);
  const keyId = stringOf(fields['keyId'], `${where}.keyId`);
  if (!/^[0-9a-f]{64}$/.test(keyId)) refuse(`${where}.keyId is not 64 hex digits in lower case`);
  const since = fields['compromisedSince'];
  const reason = stringOf(fields['reason'], `${where}.reason`);
  if (reason.length > longestReason) refuse(`${where}.reason is longer than ${longestReason} characters`);
  return {
    keyId,
    ...(since === undefined ? {} : { compromisedSince: timeOf(since, `${where}.compromisedSince`) }),
    revokedAt: timeOf(fields['revokedAt'], `${where}.revokedAt`),
    reason,
  };
}
