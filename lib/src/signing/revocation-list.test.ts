import { generateKeyPairSync } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import { signEnvelope } from './dsse.ts';
import { parsePublicKey } from './keys.ts';
import { parsePrivateKey } from './private-keys.ts';
import { newerList, openRevocationList, signRevocationList, type RevocationList } from './revocation-list.ts';

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }), undefined);
}

const key = newKey();
const trusted = [parsePublicKey({ name: 'registry', pem: key.publicPem })];
const now = new Date('2026-06-02T00:00:00Z');
const list: RevocationList = {
  version: 3,
  issuedAt: '2026-06-01T00:00:00.000Z',
  expires: '2026-06-08T00:00:00.000Z',
  entries: [
    {
      keyId: 'a'.repeat(64),
      compromisedSince: '2026-05-01T00:00:00.000Z',
      revokedAt: '2026-05-02T00:00:00.000Z',
      reason: 'the laptop was stolen',
    },
    { keyId: 'b'.repeat(64), revokedAt: '2026-05-02T00:00:00.000Z', reason: 'left' },
  ],
};

function sealed(
  document: object,
  type: string = payloadTypes.revocations,
  text: string = canonicalize(document)!,
): Buffer {
  const payload = Buffer.from(text);
  return Buffer.from(JSON.stringify(signEnvelope(type, payload, key.algorithm, key.key)));
}

const open = (bytes: Uint8Array, at = now) => openRevocationList(bytes, trusted, at);

describe('a revocation list', () => {
  it('is read as it was signed', () => {
    expect(open(Buffer.from(signRevocationList(list, key)))).toEqual(list);
  });

  it.each([
    ['by another key', Buffer.from(signRevocationList(list, newKey())), /no key that may revoke/],
    ['as something else', sealed(list, payloadTypes.judgement), /not a revocation list/],
    ['without a version', sealed({ ...list, version: undefined }), /version is not a whole number/],
    ['with a version below one', sealed({ ...list, version: 0 }), /counted from 1/],
    ['with half a version', sealed({ ...list, version: 1.5 }), /version is not a whole number/],
    ['with an unknown field', sealed({ ...list, but: [] }), /unknown field "but"/],
    ['that ends before it begins', sealed({ ...list, expires: list.issuedAt }), /expires is not after/],
    [
      'with a key id in upper case',
      sealed({ ...list, entries: [{ ...list.entries[1], keyId: 'B'.repeat(64) }] }),
      /64 hex/,
    ],
    [
      'with a time that is none',
      sealed({ ...list, entries: [{ ...list.entries[0], compromisedSince: 'May' }] }),
      /entries\[0\]\.compromisedSince is not a time/,
    ],
    ['in another spelling', sealed(list, undefined, JSON.stringify(list, null, 1)), /RFC 8785/],
    ['of nothing', Buffer.from('{}'), /no list of signatures/],
  ])('signed %s is refused', (_, bytes, reason) => {
    expect(() => open(bytes)).toThrow(reason);
  });

  it('is refused once it has expired, and before it was issued', () => {
    const bytes = Buffer.from(signRevocationList(list, key));
    expect(() => open(bytes, new Date(list.expires))).toThrow(/expired at 2026-06-08/);
    expect(() => open(bytes, new Date('2026-05-31T00:00:00Z'))).toThrow(/still to come/);
  });

  it('is refused with any bit of its payload changed', () => {
    const envelope = JSON.parse(signRevocationList(list, key)) as { payload: string };
    const payload = Buffer.from(envelope.payload, 'base64');
    for (let at = 0; at < payload.length; at += 1) {
      const changed = Buffer.from(payload);
      changed[at]! ^= 1;
      const bytes = Buffer.from(JSON.stringify({ ...envelope, payload: changed.toString('base64') }));
      expect(() => open(bytes)).toThrow(/no key that may revoke/);
    }
  });
});

describe('of two revocation lists', () => {
  it('the later counts, and an older one is refused', () => {
    const later = { ...list, version: 4 };
    expect(newerList(undefined, list)).toBe(list);
    expect(newerList(list, later)).toBe(later);
    expect(newerList(list, { ...list })).toBe(list);
    expect(() => newerList(later, list)).toThrow(/is version 3, and version 4 was seen before/);
  });

  it('of one version neither counts for the other', () => {
    expect(() => newerList(list, { ...list, entries: [] })).toThrow(/two revocation lists of version 3/);
  });
});
