import { Integer, Null, Primitive, Sequence } from 'asn1js';
import { assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { extension, issue, newKey, pem, revocationList, stamp, usageBits } from './authority.fixtures.ts';
import {
  envelope,
  from,
  leaf,
  leafWith,
  middle,
  now,
  reasonOf,
  root,
  stampLeaf,
  stampRoot,
  trust,
  verify,
} from './setting.fixtures.ts';
import { verifyNotation } from './verify-notation.ts';

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

  it('by a long list is found in it', () => {
    const others = Array.from({ length: 2000 }, (_, serial) => ({
      parsed: { serialNumber: new Integer({ value: serial }) },
    }));
    const without = trust({ lists: [revocationList({ issuer: middle, revoked: others })] });
    const having = trust({ lists: [revocationList({ issuer: middle, revoked: [...others, leaf] })] });
    expect(verifyNotation(envelope(), without, now)).toBeDefined();
    expect(() => verifyNotation(envelope(), having, now)).toThrow(/was revoked/);
  });

  it('by a list for users only says nothing of authorities', () => {
    const scoped = (issuer: typeof root, tag: number) =>
      revocationList({
        issuer,
        extensions: [extension('2.5.29.28', true, new Sequence({ value: [flag(tag)] }))],
      });
    const signed = envelope(undefined, { by: named });
    expect(verify(signed, { lists: [scoped(middle, 1)] })).toBeDefined();
    expect(reasonOf(signed, { lists: [scoped(middle, 2)] })).toMatch(/is revoked is not known/);
    expect(reasonOf(signed, { lists: [scoped(middle, 3)] })).toMatch(/is revoked is not known/);
  });

  it('by a list that was changed is not looked at', () => {
    const der = Buffer.from(
      revocationList({ issuer: middle, revoked: [leaf] }).replace(/-----.*-----|\s/g, ''),
      'base64',
    );
    const holds = property(nat(der.length - 1), integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(der);
      changed[at]! ^= flip;
      try {
        verify(envelope(undefined, { by: named }), { lists: [pem('X509 CRL', changed)] });
        return false;
      } catch (error) {
        if (isWharfingerError(error, 'SIGNATURE_INVALID') || isWharfingerError(error, 'CERTIFICATE_INVALID'))
          return true;
        throw error;
      }
    });
    expect(() => assert(holds, { numRuns: 500 })).not.toThrow();
  });

  it('by a list of which only a part is here is refused with the trust', () => {
    const delta = revocationList({ issuer: middle, extensions: [extension('2.5.29.27', true, new Null())] });
    const unknown = revocationList({ issuer: middle, extensions: [extension('1.2.3', true, new Null())] });
    expect(() => trust({ lists: [delta] })).toThrow(/it is a delta/);
    expect(() => trust({ lists: [unknown] })).toThrow(/critical extension 1\.2\.3/);
    const other = extension('2.5.29.28', true, new Sequence({ value: [flag(4)] }));
    const indirect = revocationList({ issuer: middle, extensions: [other] });
    expect(() => trust({ lists: [indirect] })).toThrow(/certificates of other authorities/);
    expect(() => trust({ lists: ['no list'] })).toThrow(/no PEM block X509 CRL/);
    expect(() => trust({ lists: [root.pem] })).toThrow(/PEM block CERTIFICATE, not X509 CRL/);
  });
});

/** A restriction of a list, by its number in IssuingDistributionPoint: true. */
function flag(tagNumber: number): Primitive {
  return new Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: new Uint8Array([0xff]).buffer });
}
