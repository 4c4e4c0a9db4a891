import { decode, encode, Tagged } from 'cborg';
import { describe, expect, it, test } from 'vitest';
import { signNotationBytes } from './algorithms.ts';
import { signatureStructure } from './cose.ts';
import { envelope, image, leaf, verify } from './setting.fixtures.ts';

const payloadType = 'application/vnd.cncf.notary.payload.v1+json';
const scheme = 'io.cncf.notary.signingScheme';
const time = 'io.cncf.notary.signingTime';
const authentic = 'io.cncf.notary.authenticSigningTime';
const expiry = 'io.cncf.notary.expiry';

const usual = {
  alg: 'ES256',
  crit: [scheme],
  cty: payloadType,
  [scheme]: 'notary.x509',
  [time]: '2026-01-02T03:04:05Z',
};
const payload = JSON.stringify({ targetArtifact: image });

interface Jws {
  /** the protected header, as fields or as text */
  readonly header?: object | string;
  readonly payload?: string;
  readonly unsigned?: object;
  readonly over?: object;
  readonly edit?: (text: string) => string;
}

/** A JWS envelope that is right but for what is given, and signed whatever it says. */
function jws({
  header = usual,
  payload: content = payload,
  unsigned = {},
  over = {},
  edit = (text) => text,
}: Jws = {}) {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const parts = [text, content].map((part) => Buffer.from(part).toString('base64url'));
  const signature = signNotationBytes('ES256', leaf.key, Buffer.from(parts.join('.')));
  const bytes = Buffer.from(
    edit(
      JSON.stringify({
        payload: parts[1],
        protected: parts[0],
        header: { x5c: leaf.chain.map((der) => der.toString('base64')), ...unsigned },
        signature: signature.toString('base64url'),
        ...over,
      }),
    ),
  );
  return { mediaType: 'application/jose+json', bytes };
}

/** The same in COSE. */
function cose(
  change: {
    header?: ReadonlyArray<readonly [unknown, unknown]>;
    headerBytes?: Uint8Array;
    unsigned?: ReadonlyArray<readonly [unknown, unknown]>;
    tag?: number;
    payload?: unknown;
    edit?: (bytes: Uint8Array) => Uint8Array;
  } = {},
) {
  const header = new Map<unknown, unknown>([
    [1, -7],
    [2, [scheme]],
    [3, payloadType],
    [scheme, 'notary.x509'],
    [time, new Tagged(1, 1_767_323_045)],
    ...(change.header ?? []),
  ]);
  for (const [key, value] of change.header ?? []) if (value === null) header.delete(key);
  const bytes = change.headerBytes ?? encode(header);
  const content = Buffer.from(payload);
  const signature = signNotationBytes('ES256', leaf.key, signatureStructure(bytes, content));
  const unsigned = new Map<unknown, unknown>([[33, leaf.chain], ...(change.unsigned ?? [])]);
  const parts = [bytes, unsigned, 'payload' in change ? change.payload : content, signature];
  const whole = encode(
    change.tag === undefined
      ? new Tagged(18, parts)
      : change.tag === 0
        ? parts
        : new Tagged(change.tag, parts),
  );
  return { mediaType: 'application/cose', bytes: change.edit?.(whole) ?? whole };
}

const without = (name: string): object =>
  Object.fromEntries(Object.entries(usual).filter(([key]) => key !== name));

test.each([
  ['JWS', jws()],
  ['COSE', cose()],
])('a %s envelope by hand is as good as any', (_, signature) => {
  expect(verify(signature).target).toEqual(image);
});

describe('a JWS envelope is refused', () => {
  test.each<[string, Jws, RegExp]>([
    ['without an algorithm', { header: without('alg') }, /alg is not a string/],
    ['with the algorithm none', { header: { ...usual, alg: 'none' } }, /claims the algorithm "none"/],
    [
      'with HS256, the key of which would be public',
      { header: { ...usual, alg: 'HS256' } },
      /claims the algorithm "HS256"/,
    ],
    [
      'with the algorithm of another kind of key',
      { header: { ...usual, alg: 'PS256' } },
      /claims the algorithm "PS256"/,
    ],
    ['with a number for an algorithm', { header: { ...usual, alg: -7 } }, /alg is not a string/],
    [
      'of other content',
      { header: { ...usual, cty: 'application/json' } },
      /signs content of type "application\/json"/,
    ],
    ['without crit', { header: without('crit') }, /no list of critical headers/],
    ['with an empty crit', { header: { ...usual, crit: [] } }, /no list of critical headers/],
    [
      'whose crit lacks the scheme',
      { header: { ...usual, crit: [time] } },
      /signingScheme is not marked critical/,
    ],
    [
      'whose crit names something unknown',
      { header: { ...usual, crit: [scheme, 'b64'], b64: false } },
      /"b64" is critical, and not understood/,
    ],
    [
      'whose crit names alg',
      { header: { ...usual, crit: [scheme, 'alg'] } },
      /"alg" is critical, and not understood/,
    ],
    ['whose crit names something twice', { header: { ...usual, crit: [scheme, scheme] } }, /twice/],
    [
      'whose crit names what is not there',
      { header: { ...usual, crit: [scheme, expiry] } },
      /expiry is marked critical, but it is not there/,
    ],
    [
      'whose expiry is not critical',
      { header: { ...usual, [expiry]: '2036-01-02T03:04:05Z' } },
      /expiry is not marked critical/,
    ],
    [
      'of an unknown scheme',
      { header: { ...usual, [scheme]: 'notary.x509.v2' } },
      /signing scheme is "notary.x509.v2"/,
    ],
    ['without a time', { header: without(time) }, /no header io\.cncf\.notary\.signingTime/],
    [
      'with a time of the other scheme',
      { header: { ...usual, crit: [scheme, authentic], [authentic]: usual[time] } },
      /does not have/,
    ],
    ['with a time that is a number', { header: { ...usual, [time]: 1_767_323_045 } }, /no time in the form/],
    [
      'with a day that is none',
      { header: { ...usual, [time]: '2026-02-30T00:00:00Z' } },
      /no time in the form/,
    ],
    [
      'that wants a plugin',
      { header: { ...usual, 'io.cncf.notary.verificationPlugin': 'x' } },
      /verified by a plugin/,
    ],
    [
      'that critically wants a plugin',
      {
        header: {
          ...usual,
          crit: [scheme, 'io.cncf.notary.verificationPlugin'],
          'io.cncf.notary.verificationPlugin': 'x',
        },
      },
      /critical, and not understood/,
    ],
    ['with an unsigned algorithm', { unsigned: { alg: 'ES256' } }, /"alg" stands outside of what is signed/],
    [
      'with an unsigned expiry',
      { unsigned: { [expiry]: '2036-01-02T03:04:05Z' } },
      /stands outside of what is signed/,
    ],
    [
      'with an unsigned time',
      { unsigned: { [time.toUpperCase()]: 'x' } },
      /stands outside of what is signed/,
    ],
    [
      'with an unsigned header that is signed too',
      { header: { ...usual, kid: 'a' }, unsigned: { kid: 'b' } },
      /"kid" stands outside/,
    ],
    ['without certificates', { unsigned: { x5c: [] } }, /carries no certificates/],
    ['with a certificate in base64url', { unsigned: { x5c: ['_-8='] } }, /x5c\[0\] is not valid base64/],
    ['with several signatures', { over: { signatures: [] } }, /list of signatures/],
    ['with an unknown field', { over: { more: 1 } }, /unknown field "more"/],
    [
      'with padding in base64url',
      { edit: (text) => text.replace(/"signature":"([^"]+)"/, '"signature":"$1="') },
      /signature is not valid base64url/,
    ],
    [
      'with a field twice',
      { edit: (text) => text.replace('{"payload"', '{"payload":"e30","payload"') },
      /"payload" stands twice/,
    ],
    [
      'with a protected header twice',
      { header: JSON.stringify(usual).replace('{', '{"alg":"PS256",') },
      /"alg" stands twice/,
    ],
    [
      'with the digest twice',
      { payload: payload.replace('"digest"', '"digest":"sha256:00","digest"') },
      /"digest" stands twice/,
    ],
    [
      'with more in its payload',
      { payload: payload.replace('}}', '},"a":1}') },
      /the payload has the unknown field "a"/,
    ],
    [
      'with a target in other case',
      { payload: payload.replace('}}', ',"Digest":"x"}}') },
      /targetArtifact has the unknown field "Digest"/,
    ],
    [
      'with a size that is none',
      { payload: payload.replace('"size":8', '"size":8.5') },
      /no number of bytes/,
    ],
    [
      'with a digest of another algorithm',
      { payload: payload.replace('sha256:', 'md5:') },
      /no sha256 or sha512/,
    ],
    ['in compact form', { edit: () => 'a.b.c' }, /not valid JSON/],
  ])('%s', (_, made, reason) => {
    expect(() => verify(jws(made), { level: 'audit' })).toThrow(reason);
  });
});

describe('a COSE envelope is refused', () => {
  const changed = (from: string, to: string) => (bytes: Uint8Array) =>
    Buffer.from(Buffer.from(bytes).toString('hex').replace(from, to), 'hex');

  test.each<[string, Parameters<typeof cose>[0], RegExp]>([
    ['without its tag', { tag: 0 }, /not tagged as COSE_Sign1/],
    ['with the tag of COSE_Sign', { tag: 98 }, /not the CBOR that it should be/],
    ['tagged as a time', { tag: 1 }, /not tagged as COSE_Sign1/],
    ['without an algorithm', { header: [[1, null]] }, /names no algorithm/],
    ['with an algorithm as text', { header: [[1, 'ES256']] }, /names no algorithm/],
    ['with a MAC', { header: [[1, 5]] }, /claims the algorithm 5/],
    ['with the algorithm of another kind of key', { header: [[1, -37]] }, /claims the algorithm -37/],
    ['without crit', { header: [[2, null]] }, /no list of critical headers/],
    [
      'whose crit names something unknown',
      {
        header: [
          [2, [scheme, 99]],
          [99, 1],
        ],
      },
      /99 is critical, and not understood/,
    ],
    ['whose crit lacks the scheme', { header: [[2, [time]]] }, /signingScheme is not marked critical/],
    [
      'whose expiry is not critical',
      { header: [[expiry, new Tagged(1, 2_000_000_000)]] },
      /expiry is not marked critical/,
    ],
    ['with a time without its tag', { header: [[time, 1_767_323_045]] }, /no time in the form/],
    ['with a time in fractions', { header: [[time, new Tagged(1, 1.5)]] }, /no time in the form/],
    ['of other content', { header: [[3, 0]] }, /signs content of type 0/],
    ['with an unsigned algorithm', { unsigned: [[1, -7]] }, /header 1 stands outside of what is signed/],
    [
      'with an unsigned scheme',
      { unsigned: [[scheme, 'notary.x509.signingAuthority']] },
      /stands outside of what is signed/,
    ],
    [
      'with an unsigned header that is signed too',
      { header: [[99, 1]], unsigned: [[99, 2]] },
      /header 99 stands outside/,
    ],
    ['with a single certificate that is no list', { unsigned: [[33, leaf.der]] }, /no list of certificates/],
    ['with its payload elsewhere', { payload: null }, /not the CBOR|no byte string/],
    [
      'with a header twice',
      { headerBytes: Buffer.from('a201260126', 'hex') },
      /not the CBOR that it should be/,
    ],
    [
      'with a header of indefinite length',
      { headerBytes: Buffer.from('bf0126ff', 'hex') },
      /not the CBOR that it should be/,
    ],
    [
      'with a number in more bytes than it needs',
      { headerBytes: Buffer.from('a118011826', 'hex') },
      /not the CBOR that it should be/,
    ],
    [
      'with something after its end',
      { edit: (bytes) => Buffer.concat([bytes, Buffer.of(0)]) },
      /not the CBOR that it should be/,
    ],
    [
      'with an unsigned header twice',
      { edit: changed('a11821', 'a2182140') },
      /not the CBOR that it should be|no list|not a list/,
    ],
    ['nested without end', { edit: () => Buffer.alloc(1_000_000, 0x81) }, /not the CBOR that it should be/],
  ])('%s', (_, made, reason) => {
    expect(() => verify(cose(made), { level: 'audit' })).toThrow(reason);
  });
});

it('is read as what its media type says', () => {
  const { bytes } = envelope('application/cose');
  expect(() => verify({ mediaType: 'application/jose+json', bytes })).toThrow(/cannot be read/);
  expect(() => verify({ mediaType: 'text/plain', bytes })).toThrow(/"text\/plain" is no envelope/);
  expect(decode(bytes, { tags: Tagged.preserve(18, 1), useMaps: true })).toBeInstanceOf(Tagged);
});
