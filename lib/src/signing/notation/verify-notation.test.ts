import { generateKeyPairSync } from 'node:crypto';
import { BmpString, Null } from 'asn1js';
import { describe, expect, it, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import {
  extension,
  issue,
  keyKinds,
  newKey,
  oids,
  revocationList,
  stamp,
  usageBits,
} from './authority.fixtures.ts';
import {
  day,
  envelope,
  envelopeTypes,
  from,
  hour,
  image,
  leaf,
  leafWith,
  middle,
  now,
  root,
  stampLeaf,
  stampRoot,
  trust,
  verify,
} from './setting.fixtures.ts';
import type { TrustOptions } from './setting.fixtures.ts';
import { verifyNotation } from './verify-notation.ts';

type Signature = ReturnType<typeof envelope>;

/** Why it does not count. */
function reasonOf(signature: Signature, options: TrustOptions = {}, at: Date = now): string {
  try {
    verify(signature, options, at);
  } catch (error) {
    if (isWharfingerError(error, 'SIGNATURE_INVALID')) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

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

describe('a chain is refused', () => {
  const reason = (by: typeof leaf): string => reasonOf(envelope(undefined, { by }), { level: 'audit' });
  const below = (request: object) => {
    const authority = issue({ subject: [['CN', 'Middle']], ca: true, issuer: root, ...request });
    return leafWith({ issuer: authority });
  };

  test.each<[string, () => typeof leaf, RegExp]>([
    ['whose leaf is an authority', () => leafWith({ ca: true, usage: 0x84 }), /that of an authority \(CA\)/],
    ['whose leaf has no extended key usage', () => leafWith({ purposes: [] }), /lacks codeSigning/],
    ['whose leaf is for TLS', () => leafWith({ purposes: [oids.serverAuth] }), /lacks codeSigning/],
    [
      'whose leaf is for TLS too',
      () => leafWith({ purposes: [oids.codeSigning, oids.serverAuth] }),
      /more than codeSigning/,
    ],
    [
      'whose leaf is for anything',
      () => leafWith({ purposes: [oids.codeSigning, '2.5.29.37.0'] }),
      /more than codeSigning/,
    ],
    ['whose leaf has no key usage', () => leafWith({ usage: false }), /has no key usage/],
    ['whose leaf has key usage uncritical', () => leafWith({ usageCritical: false }), /is not critical/],
    ['whose leaf encrypts', () => leafWith({ usage: 0xa0 }), /more than digital signature/],
    ['whose leaf does not sign', () => leafWith({ usage: 0x40 }), /lacks digital signature/],
    [
      'whose leaf has an unknown critical extension',
      () => leafWith({ more: [extension('1.2.3.4', true, new Null())] }),
      /critical extension 1\.2\.3\.4/,
    ],
    [
      'whose leaf has an extension twice',
      () => leafWith({ more: [extension('2.5.29.15', true, new Null())] }),
      /extension 2\.5\.29\.15 twice/,
    ],
    [
      'whose leaf has an RSA key of another length',
      () => leafWith({ key: generateKeyPairSync('rsa', { modulusLength: 2560 }).privateKey }),
      /RSA key of 2560 bits/,
    ],
    [
      'whose leaf is on another curve',
      () => leafWith({ key: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey }),
      /curve secp256k1/,
    ],
    [
      'whose authority is none',
      () => below({ ca: false, usage: usageBits.certSign, purposes: [] }),
      /is no authority \(CA\)/,
    ],
    [
      'whose authority is one uncritically',
      () => below({ constraintsCritical: false }),
      /basic constraints of CN=Middle are not critical/,
    ],
    [
      'whose authority may not sign certificates',
      () => below({ usage: usageBits.crlSign }),
      /lacks the signing of certificates/,
    ],
    [
      'whose authority is for TLS',
      () => below({ purposes: [oids.serverAuth] }),
      /may not issue certificates for codeSigning/,
    ],
    [
      'longer than an authority allows',
      () => leafWith({ issuer: issue({ subject: [['CN', 'Too low']], ca: true, issuer: middle }) }),
      /more than it allows \(path length\)/,
    ],
    [
      'that lacks its root',
      () => ({ ...leaf, chain: leaf.chain.slice(0, 2) }),
      /does not end with a self-signed root/,
    ],
    [
      'in another order',
      () => ({ ...leaf, chain: [leaf.der, root.der, middle.der] }),
      /was not issued by the next|self-signed, but not the last/,
    ],
    [
      'that begins with another',
      () => ({ ...leaf, chain: [middle.der, root.der] }),
      /that of an authority|claims the algorithm/,
    ],
    [
      'with a root after the root',
      () => ({ ...leaf, chain: [...leaf.chain, root.der] }),
      /self-signed, but not the last/,
    ],
    [
      'that leads elsewhere',
      () => ({ ...leaf, chain: [leaf.der, stampRoot.der] }),
      /was not issued by the next/,
    ],
    ['of too many', () => ({ ...leaf, chain: Array.from({ length: 11 }, () => leaf.der) }), /longer than 10/],
    [
      'with bytes after a certificate',
      () => ({ ...leaf, chain: [Buffer.concat([leaf.der, Buffer.of(0)]), ...middle.chain] }),
      /certificate 1 of its chain: it/,
    ],
    [
      'with something else in it',
      () => ({ ...leaf, chain: [Buffer.from('no certificate')] }),
      /cannot be read/,
    ],
  ])('%s', (_, make, expected) => {
    expect(reason(make())).toMatch(expected);
  });

  it('which is not valid yet, or not any more, unless the level only asks to be told', () => {
    const early = envelope(undefined, { by: leafWith({ notBefore: from(hour), notAfter: from(day) }) });
    const late = envelope(undefined, { by: leafWith({ notAfter: from(-60_000) }) });
    expect(reasonOf(early)).toMatch(/is valid from/);
    expect(reasonOf(late)).toMatch(/was valid until/);
    expect(verify(late, { level: 'permissive' }).logged.map(({ check }) => check)).toEqual([
      'authenticTimestamp',
    ]);
  });
});

describe('revocation', () => {
  const points = extension('2.5.29.31', false, new Null());
  const named = leafWith({ more: [points] });

  it('of the leaf or of an authority, by a list of its issuer, is the end of its signatures', () => {
    const ofLeaf = revocationList({ issuer: middle, revoked: [leaf] });
    const ofMiddle = revocationList({ issuer: root, revoked: [middle] });
    expect(reasonOf(envelope(), { lists: [ofLeaf] })).toMatch(
      /CN=release.* was revoked by CN=Acme Signing Authority/,
    );
    expect(reasonOf(envelope(), { lists: [ofMiddle] })).toMatch(
      /CN=Acme Signing Authority was revoked by CN=Acme Root/,
    );
    expect(verify(envelope(), { lists: [ofLeaf], level: 'permissive' }).logged).toHaveLength(1);
    expect(verify(envelope(), { lists: [ofLeaf], override: { revocation: 'skip' } }).logged).toEqual([]);
    expect(
      verify(envelope(), { lists: [revocationList({ issuer: middle, revoked: [named] })] }),
    ).toBeDefined();
  });

  it('by somebody else says nothing', () => {
    const forged = revocationList({ issuer: middle, revoked: [leaf], signer: newKey('p256') });
    const other = revocationList({ issuer: stampRoot, revoked: [leaf] });
    const notAllowed = issue({
      subject: [['CN', 'No lists']],
      ca: true,
      usage: usageBits.certSign,
      issuer: root,
    });
    const below = leafWith({ issuer: notAllowed });
    expect(verify(envelope(), { lists: [forged, other] })).toBeDefined();
    expect(reasonOf(envelope(undefined, { by: named }), { lists: [forged] })).toMatch(
      /is revoked is not known/,
    );
    const lists = [revocationList({ issuer: notAllowed, revoked: [below] })];
    expect(verify(envelope(undefined, { by: below }), { lists })).toBeDefined();
  });

  it('by a list that is out of date is not denied by it', () => {
    const stale = revocationList({ issuer: middle, nextUpdate: from(-60_000) });
    const early = revocationList({ issuer: middle, thisUpdate: from(60_000) });
    const current = revocationList({ issuer: middle });
    expect(reasonOf(envelope(), { lists: [stale] })).toMatch(
      /list of CN=Acme Signing Authority is out of date/,
    );
    expect(reasonOf(envelope(), { lists: [early] })).toMatch(/is out of date/);
    expect(verify(envelope(), { lists: [stale, current] })).toBeDefined();
    const old = revocationList({ issuer: middle, revoked: [leaf], nextUpdate: from(-60_000) });
    expect(reasonOf(envelope(), { lists: [old, current] })).toMatch(/was revoked/);
  });

  it('is asked for where a certificate says that it is published', () => {
    const signed = envelope(undefined, { by: named });
    expect(reasonOf(signed)).toMatch(/no revocation list of CN=Acme Signing Authority is here/);
    expect(verify(signed, { lists: [revocationList({ issuer: middle })] })).toBeDefined();
    expect(verify(signed, { override: { revocation: 'log' } }).logged).toHaveLength(1);
  });

  it('does not reach back before the key was lost, where a trusted timestamp tells the time', () => {
    const lists = [revocationList({ issuer: middle, revoked: [leaf], invalidSince: from(-10 * 60_000) })];
    const at = (time: Date) =>
      envelope(undefined, { timestamp: (bytes) => stamp(bytes, { authority: stampLeaf, at: time }) });
    const trustStores = ['ca:acme', 'tsa:time'];
    expect(verify(at(from(-20 * 60_000)), { trustStores, lists })).toBeDefined();
    expect(reasonOf(at(from(-5 * 60_000)), { trustStores, lists })).toMatch(/was revoked/);
    expect(reasonOf(at(from(-20 * 60_000)), { lists })).toMatch(/was revoked/);
    const authority = envelope(undefined, {
      scheme: 'notary.x509.signingAuthority',
      signingTime: from(-20 * 60_000),
    });
    const stores = { 'signingAuthority:acme': root.pem };
    expect(reasonOf(authority, { trustStores: ['signingAuthority:acme'], stores, lists })).toMatch(
      /was revoked/,
    );
  });

  it('by a list of which only a part is here is refused with the trust', () => {
    const delta = revocationList({ issuer: middle, extensions: [extension('2.5.29.27', true, new Null())] });
    const unknown = revocationList({ issuer: middle, extensions: [extension('1.2.3', true, new Null())] });
    expect(() => trust({ lists: [delta] })).toThrow(/it is a delta/);
    expect(() => trust({ lists: [unknown] })).toThrow(/critical extension 1\.2\.3/);
    expect(() => trust({ lists: ['no list'] })).toThrow(/no PEM block X509 CRL/);
    expect(() => trust({ lists: [root.pem] })).toThrow(/PEM block CERTIFICATE, not X509 CRL/);
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
