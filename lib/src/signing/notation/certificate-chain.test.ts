import { generateKeyPairSync } from 'node:crypto';
import { Null } from 'asn1js';
import { describe, expect, it, test } from 'vitest';
import { extension, issue, oids, usageBits } from './authority.fixtures.ts';
import {
  day,
  envelope,
  from,
  hour,
  leaf,
  leafWith,
  middle,
  reasonOf,
  root,
  stampRoot,
  verify,
} from './setting.fixtures.ts';

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
