import { BmpString } from 'asn1js';
import { describe, expect, it, test } from 'vitest';
import { issue, keyKinds, newKey, oids, revocationList, stamp, usageBits } from './authority.fixtures.ts';
import {
  day,
  envelope,
  envelopeTypes,
  from,
  hour,
  image,
  leafWith,
  middle,
  now,
  reasonOf,
  root,
  stampLeaf,
  stampRoot,
  trust,
  verify,
  type TrustOptions,
} from './setting.fixtures.ts';
import { verifyNotation } from './verify-notation.ts';

describe.each(envelopeTypes)('an envelope %s', (type) => {
  test.each(keyKinds)('by a key %s verifies, and says by whom', (kind) => {
    const by = leafWith({ kind });
    const found = verify(envelope(type, { by }));
    expect(found).toMatchObject({
      target: image,
      subject: 'CN=release,O=Acme,ST=WA,C=US',
      signedAt: undefined,
      logged: [],
    });
    expect(found.thumbprints).toHaveLength(3);
    expect(found.keyId).toMatch(/^[0-9a-f]{64}$/);
    expect(found.vouchedBy).toHaveLength(2);
  });

  test.each(['annotations', 'expiry'])('with %s verifies', (what) => {
    const target = what === 'annotations' ? { ...image, annotations: { team: 'a' } } : image;
    const found = verify(envelope(type, { target, ...(what === 'expiry' ? { expiry: from(hour) } : {}) }));
    expect(found.target).toEqual(target);
    expect(found.expiry).toEqual(what === 'expiry' ? from(hour) : undefined);
  });

  it('by a self-signed certificate that is its own root verifies', () => {
    const own = issue({ subject: [['CN', 'alone']] });
    const stores = { 'ca:acme': own.pem };
    expect(verify(envelope(type, { by: own }), { stores }).subject).toBe('CN=alone');
    expect(reasonOf(envelope(type, { by: own }))).toMatch(/CN=alone is not trusted/);
  });

  it('is trusted by an authority in the middle as well', () => {
    expect(verify(envelope(type), { stores: { 'ca:acme': middle.pem } }).target).toEqual(image);
  });

  it('claims no algorithm but that of its key', () => {
    const rsa = leafWith({ kind: 'rsa2048' });
    expect(reasonOf(envelope(type, { algorithm: 'ES384' }))).toMatch(
      /claims the algorithm.*is one for ES256/,
    );
    const longer = envelope(type, { by: rsa, algorithm: 'PS512' });
    expect(reasonOf(longer)).toMatch(/claims the algorithm.*is one for PS256/);
  });

  it('that another key signed is refused', () => {
    expect(reasonOf(envelope(type, { key: newKey('p256') }))).toMatch(/did not sign it/);
  });

  it('that expired is refused, and at a lower level told of', () => {
    const expired = envelope(type, { signingTime: from(-2 * hour), expiry: from(-hour) });
    expect(reasonOf(expired)).toMatch(/it expired at/);
    expect(verify(expired, { level: 'permissive' }).logged).toEqual([
      { check: 'expiry', reason: expect.stringMatching(/it expired at/) },
    ]);
    expect(reasonOf(expired, { level: 'permissive', override: { expiry: 'enforce' } })).toMatch(/expired/);
    expect(verify(expired, { override: { expiry: 'log' } }).logged).toHaveLength(1);
  });

  it('that expires before it is signed is refused at any level', () => {
    const absurd = envelope(type, { signingTime: from(0), expiry: from(-hour) });
    expect(reasonOf(absurd, { level: 'audit' })).toMatch(/before it was signed/);
  });

  it('of a signing authority needs a store of that kind, and its own time decides', () => {
    const past = leafWith({ notBefore: from(-9 * day), notAfter: from(-day) });
    const signed = (at: Date) =>
      envelope(type, { by: past, scheme: 'notary.x509.signingAuthority', signingTime: at });
    const options = { trustStores: ['signingAuthority:acme'], stores: { 'signingAuthority:acme': root.pem } };
    expect(verify(signed(from(-2 * day)), options).signedAt).toBeUndefined();
    expect(reasonOf(signed(from(-hour)), options)).toMatch(/was valid until/);
    expect(reasonOf(signed(from(-2 * day)))).toMatch(/in a trust store of type signingAuthority/);
    expect(reasonOf(envelope(type), options)).toMatch(/in a trust store of type ca/);
  });

  it('with a timestamp counts after its certificate has expired', () => {
    const past = leafWith({ notBefore: from(-9 * day), notAfter: from(-day) });
    const bare = envelope(type, { by: past });
    const options = { trustStores: ['ca:acme', 'tsa:time'] };
    expect(reasonOf(bare)).toMatch(/was valid until.*before now/);
    expect(reasonOf(bare, options)).toMatch(/has no timestamp/);
    const stamped = (at: Date, more = {}) =>
      envelope(type, { by: past, timestamp: (bytes) => stamp(bytes, { authority: stampLeaf, at, ...more }) });
    expect(verify(stamped(from(-2 * day)), options).signedAt).toEqual(from(-2 * day));
    expect(verify(stamped(from(-2 * day), { accuracySeconds: 60 }), options).signedAt).toEqual(
      from(-2 * day + 60_000),
    );
    expect(reasonOf(stamped(from(-day), { accuracySeconds: 60 }), options)).toMatch(/was valid until/);
    expect(reasonOf(stamped(from(-hour)), options)).toMatch(/was valid until/);
    expect(reasonOf(stamped(from(-10 * day)), options)).toMatch(/is valid from/);
    expect(reasonOf(stamped(from(-2 * day)))).toMatch(/was valid until.*before now/);
    expect(reasonOf(stamped(from(-2 * day), { imprint: Buffer.alloc(32) }), options)).toMatch(
      /of another signature/,
    );
  });

  it('has its timestamp looked at only when it is needed, where the policy says so', () => {
    const options: TrustOptions = {
      trustStores: ['ca:acme', 'tsa:time'],
      verifyTimestamp: 'afterCertExpiry',
    };
    expect(verify(envelope(type), options).signedAt).toBeUndefined();
    expect(reasonOf(envelope(type, { by: leafWith({ notAfter: from(-60_000) }) }), options)).toMatch(
      /no timestamp/,
    );
  });

  it('does not count with the timestamp of a stranger', () => {
    const options = { trustStores: ['ca:acme', 'tsa:time'] };
    const twin = issue({ subject: [['CN', 'Time Root']], ca: true });
    const by = (request: object) =>
      issue({
        subject: [['CN', 'Time']],
        purposes: [oids.timeStamping],
        purposesCritical: true,
        issuer: stampRoot,
        ...request,
      });
    const reason = (authority: ReturnType<typeof by>): string =>
      reasonOf(envelope(type, { timestamp: (bytes) => stamp(bytes, { authority, at: now }) }), options);
    expect(reason(by({ issuer: twin }))).toMatch(/an authority that is not trusted/);
    expect(reason(by({ purposesCritical: false }))).toMatch(/extended key usage of CN=Time is not critical/);
    expect(reason(by({ purposes: [oids.timeStamping, oids.codeSigning] }))).toMatch(/more than timeStamping/);
    expect(reason(by({ purposes: [oids.codeSigning] }))).toMatch(/lacks timeStamping/);
    expect(reason(by({ notAfter: from(-30 * 60_000) }))).toMatch(/CN=Time was valid until/);
    expect(reason(by({ key: stampLeaf.key, usage: usageBits.keyEncipherment }))).toMatch(
      /lacks digital signature/,
    );
  });

  it('does not count once the authority of its timestamp is revoked', () => {
    const stamped = envelope(type, { timestamp: (bytes) => stamp(bytes, { authority: stampLeaf, at: now }) });
    const options = { trustStores: ['ca:acme', 'tsa:time'] };
    const list = revocationList({ issuer: stampRoot, revoked: [stampLeaf] });
    expect(verify(stamped, options).signedAt).toBeDefined();
    expect(reasonOf(stamped, { ...options, lists: [list] })).toMatch(/CN=Time was revoked/);
  });
});

describe('who signs', () => {
  const options = (...trustedIdentities: string[]): TrustOptions => ({
    trustedIdentities: trustedIdentities.map((name) => `x509.subject: ${name}`),
  });
  const by = (...subject: Array<[string, string]>) => envelope(undefined, { by: leafWith({ subject }) });

  it('must have all attributes of one trusted identity, in whatever order', () => {
    for (const name of ['C=US, ST=WA, O=Acme', 'CN=release,O=Acme,S=WA,C=US', 'c=US,st=WA,o=Acme,cn=release'])
      expect(verify(envelope(), options(name)).subject).toContain('O=Acme');
    expect(verify(envelope(), options('C=DE,ST=BE,O=Acme', 'C=US,ST=WA,O=Acme')).subject).toContain('O=Acme');
    for (const name of ['C=US,ST=WA,O=Acme,CN=other', 'C=US,ST=WA,O=acme', 'C=US,ST=WA,O=Acme,OU=x'])
      expect(reasonOf(envelope(), options(name))).toMatch(
        /is no trusted identity: it has not all attributes/,
      );
  });

  it('is not taken for another who looks alike', () => {
    const trusted = options('C=US,ST=WA,O=Acme,CN=good');
    expect(verify(by(['C', 'US'], ['ST', 'WA'], ['O', 'Acme'], ['CN', 'good']), trusted)).toBeDefined();
    const alike: Array<Array<[string, string]>> = [
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Evil'],
        ['CN', 'good'],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Evil'],
        ['CN', 'good,O=Acme'],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Acme,CN=good'],
      ],
      [
        ['CN', 'good\\, O=Acme'],
        ['O', 'Evil'],
        ['C', 'US'],
        ['ST', 'WA'],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Acme'],
        ['CN', 'good '],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Acme'],
        ['CN', 'good\0evil'],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Acme'],
        ['CN', 'gооd'],
      ],
      [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Ａcme'],
        ['CN', 'good'],
      ],
    ];
    for (const subject of alike)
      expect(reasonOf(by(...subject), trusted)).toMatch(/it has not all attributes/);
    const twice = by(['C', 'US'], ['ST', 'WA'], ['O', 'Evil'], ['O', 'Acme'], ['CN', 'good']);
    expect(reasonOf(twice, trusted)).toMatch(/it has the attribute O twice/);
    const merged = leafWith({
      subject: [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', 'Acme'],
        ['CN', 'good'],
      ],
      multiValued: true,
    });
    expect(reasonOf(envelope(undefined, { by: merged }), trusted)).toMatch(/a relative name of several/);
  });

  it('may have a comma in a name, escaped in the policy', () => {
    const signed = by(['C', 'US'], ['ST', 'WA'], ['O', 'Acme, Inc. é']);
    for (const name of ['Acme\\, Inc. é', 'Acme\\2C Inc. \\C3\\A9'])
      expect(verify(signed, options(`C=US,ST=WA,O=${name}`))).toBeDefined();
  });

  it('is not compared where a value has an encoding that cannot be', () => {
    const odd = leafWith({
      subject: [
        ['C', 'US'],
        ['ST', 'WA'],
        ['O', new BmpString({ value: 'Acme' })],
      ],
    });
    expect(reasonOf(envelope(undefined, { by: odd }), options('C=US,ST=WA,O=Acme'))).toMatch(
      /not all attributes/,
    );
  });

  it('counts for nothing unless a trust store knows him, whatever the level', () => {
    const stranger = issue({ subject: [['CN', 'Acme Root']], ca: true });
    const alike = issue({ subject: [['CN', 'release']], issuer: stranger });
    for (const level of ['strict', 'permissive', 'audit'] as const)
      expect(reasonOf(envelope(undefined, { by: alike }), { level })).toMatch(/CN=Acme Root is not trusted/);
  });
});

it('tells when the outcome may be another', () => {
  const times: number[] = [];
  const expiry = from(hour);
  const by = leafWith({ notAfter: from(2 * hour) });
  const nextUpdate = from(3 * hour);
  const lists = [revocationList({ issuer: middle, nextUpdate })];
  verifyNotation(envelope(undefined, { by, expiry }), trust({ lists }), now, (time) =>
    times.push(time.getTime()),
  );
  expect(times).toEqual(
    expect.arrayContaining([expiry.getTime(), from(2 * hour).getTime() + 1, nextUpdate.getTime()]),
  );
});
