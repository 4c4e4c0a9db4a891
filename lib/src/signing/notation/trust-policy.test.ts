import { Extension } from 'pkijs';
import { describe, expect, it, test } from 'vitest';
import { leafWith, root } from './setting.fixtures.ts';
import { readNotationTrust } from './notation-trust.ts';
import { parseTrustPolicy, signersOf } from './trust-policy.ts';

const statement = {
  name: 'acme',
  registryScopes: ['reg.example.com:5000/team/app', 'reg.example.com:5000/team/web'],
  signatureVerification: { level: 'strict' },
  trustStores: ['ca:acme', 'tsa:time'],
  trustedIdentities: ['x509.subject: C=US, ST=WA, O=Acme'],
};
const rest = { ...statement, name: 'rest', registryScopes: ['*'], trustedIdentities: ['*'] };

function parse(...trustPolicies: object[]) {
  return parseTrustPolicy(Buffer.from(JSON.stringify({ version: '1.0', trustPolicies })));
}

it('names whose signatures count for a repository: the statement for it, else the one for all', () => {
  const policy = parse(rest, statement);
  const [app] = signersOf(policy, 'reg.example.com:5000/team/app');
  expect(app).toEqual({
    name: 'acme',
    notation: {
      trustStores: statement.trustStores,
      trustedIdentities: statement.trustedIdentities,
      level: 'strict',
    },
  });
  expect(signersOf(policy, 'reg.example.com:5000/team/app/more').map(({ name }) => name)).toEqual(['rest']);
  expect(signersOf(parse(statement), 'reg.example.com:5000/other')).toEqual([]);
});

it('that skips verification trusts nobody', () => {
  const skip = { name: 'skip', registryScopes: ['a/b'], signatureVerification: { level: 'skip' } };
  expect(signersOf(parse(rest, skip), 'a/b')).toEqual([]);
});

it('keeps levels, overrides and when timestamps are asked for', () => {
  const signatureVerification = {
    level: 'permissive',
    override: { expiry: 'enforce', revocation: 'skip' },
    verifyTimestamp: 'afterCertExpiry',
  };
  expect(signersOf(parse({ ...rest, signatureVerification }), 'a/b')[0]?.notation).toMatchObject(
    signatureVerification,
  );
});

describe('what is wrong with it is named', () => {
  test.each<[object, RegExp]>([
    [{ ...statement, name: '' }, /statement 1: it has no name/],
    [{ ...statement, trustedIdentites: [] }, /"acme": it has the unknown field "trustedIdentites"/],
    [{ ...statement, trustStores: 'ca:acme' }, /trustStores is not a list of texts/],
    [{ ...statement, trustedIdentities: ['x509.subject CN=a'] }, /is neither "x509\.subject: …" nor \*/],
    [{ ...statement, trustedIdentities: ['x509.subject: O=a,O=b'] }, /the attribute O stands twice/],
    [{ ...statement, registryScopes: ['REG/App'] }, /registry scope "REG\/App"/],
  ])('%j', (wrong, reason) => {
    expect(() => parse(wrong)).toThrow(reason);
  });

  it('all of it at once', () => {
    const wrong = {
      ...statement,
      name: 'b',
      trustStores: [],
      trustedIdentities: [],
      signatureVerification: { level: 'x' },
    };
    expect(() => parse(rest, rest, wrong)).toThrow(
      /level "x".*names no trust stores.*no trusted identity.*name "rest" stands twice.*scope "\*" stands in several/,
    );
  });

  test.each<[string, RegExp]>([
    ['', /not valid JSON/],
    ['[]', /not a JSON object/],
    ['{"version":"1.0","version":"1.0","trustPolicies":[]}', /"version" stands twice/],
    ['{"version":"2.0","trustPolicies":[]}', /version is "2\.0".*at least one statement/],
    ['{"version":"1.0","trustPolicies":[1]}', /statement 1: it is not an object/],
  ])('in the file %s', (text, reason) => {
    expect(() => parseTrustPolicy(Buffer.from(text))).toThrow(reason);
  });
});

describe('trust by certificates is refused', () => {
  // the constraints of an authority, but no ASN.1
  const odd = leafWith({
    purposes: [],
    more: [
      new Extension({ extnID: '2.5.29.19', critical: true, extnValue: new Uint8Array([0x30, 0x05]).buffer }),
    ],
  }).pem;
  const read = (trustStores: string[], stores: Record<string, string>, trustedIdentities = ['*']) =>
    readNotationTrust(
      { name: 'acme', notation: { trustStores, trustedIdentities } },
      { trustStores: stores, certificateRevocations: [] },
    );

  test.each<[string, () => unknown, RegExp]>([
    ['in a store that there is not', () => read(['ca:acme'], {}), /there is no trust store "ca:acme"/],
    [
      'in one that only looks like one',
      () => read(['ca:toString', 'constructor'], {}),
      /no trust store "ca:toString".*"constructor" is no name/,
    ],
    ['in nothing but timestamps', () => read(['tsa:t'], { 'tsa:t': root.pem }), /no trust store of type ca/],
    [
      'in an authority whose extensions cannot be read',
      () => read(['ca:a'], { 'ca:a': odd }),
      /ca:a.*cannot be read/,
    ],
    ['in a store of nothing', () => read(['ca:a'], { 'ca:a': '' }), /no PEM block CERTIFICATE/],
    [
      'in a store that is cut off',
      () => read(['ca:a'], { 'ca:a': root.pem + root.pem.slice(0, 100) }),
      /blocks is damaged/,
    ],
    ['in nobody', () => read(['ca:a'], { 'ca:a': root.pem }, []), /no trusted identity is named/],
  ])('%s', (_, made, reason) => {
    expect(made).toThrow(reason);
  });
});
