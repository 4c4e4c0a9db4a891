import { parseStrictJson } from '../../oci/strict-json.ts';
import { refuse } from '../refusal.ts';
import { base64Of, objectOf, onlyKeys, stringOf } from '../strict-fields.ts';
import type { Envelope } from './envelope.ts';
import { checkProtectedHeaders, headers, refuseShadows } from './protected-headers.ts';

export const jwsType = 'application/jose+json';

const time = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a JWS envelope (RFC 7515, flattened JSON serialization; the Notary Project's signature-envelope-jws). Nothing in it
 * is verified yet.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseJws(bytes: Uint8Array): Envelope {
  const fields = objectOf(readJson(bytes, 'the envelope'), 'the envelope');
  if ('signatures' in fields) refuse('the envelope has a list of signatures; exactly one counts');
  onlyKeys(fields, ['payload', 'protected', 'header', 'signature'], 'the envelope');
  const protectedText = stringOf(fields['protected'], 'protected');
  const payloadText = stringOf(fields['payload'], 'payload');
  const payload = base64UrlOf(payloadText, 'payload');
  const signedFields = objectOf(
    readJson(base64UrlOf(protectedText, 'protected'), 'the protected header'),
    'the protected header',
  );
  const unsigned = objectOf(fields['header'], 'header');
  refuseShadows(Object.keys(unsigned), (name) => Object.hasOwn(signedFields, name));
  const { x5c, [headers.timestamp]: timestamp } = unsigned;
  if (!Array.isArray(x5c) || x5c.length === 0) refuse('it carries no certificates (x5c)');
  return {
    algorithm: stringOf(signedFields['alg'], 'alg'),
    ...checkProtectedHeaders({
      contentType: signedFields['cty'],
      critical: signedFields['crit'],
      named: new Map(Object.entries(signedFields)),
      time: readTime,
    }),
    payload,
    signed: Buffer.from(`${protectedText}.${payloadText}`, 'ascii'),
    signature: base64UrlOf(stringOf(fields['signature'], 'signature'), 'signature'),
    chain: (x5c as unknown[]).map((entry, index) => base64Of(entry, `x5c[${index}]`)),
    timestamp: timestamp === undefined ? undefined : base64Of(timestamp, headers.timestamp),
  };
}

function readJson(bytes: Uint8Array, where: string): unknown {
  return parseStrictJson(bytes, (what) => refuse(`${where} cannot be read: ${what}`));
}

/** base64url without padding in its one canonical spelling (RFC 7515, section 2), not empty. */
function base64UrlOf(text: string, where: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length === 0 || bytes.toString('base64url') !== text) refuse(`${where} is not valid base64url`);
  return bytes;
}

/** RFC 3339 in whole seconds. */
function readTime(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined;
  const day = time.exec(value)?.[1];
  if (day === undefined || !isDay(day)) return undefined;
  const read = new Date(value);
  return Number.isNaN(read.getTime()) ? undefined : read;
}

/** Date reads a 30 February as 2 March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
