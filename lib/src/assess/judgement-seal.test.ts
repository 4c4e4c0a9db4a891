import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signEnvelope } from '../signing/dsse.ts';
import { parsePrivateKey, type SigningKey } from '../signing/private-keys.ts';
import { makeJudgement } from './judgement.fixtures.ts';
import { openJudgement, signJudgement, type OpenJudgementOptions } from './judgement-seal.ts';
import { digestOfJudgement, serialiseJudgement } from './judgement.ts';

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

const [ours, theirs] = [newKey(), newKey()];
const judgement = makeJudgement({ version: 5 });
const options: OpenJudgementOptions = {
  registryKeys: [
    { name: 'theirs', pem: theirs.publicPem },
    { name: 'registry', pem: ours.publicPem },
  ],
  now: new Date('2026-06-01T00:00:00Z'),
};

function open(text: string, changes: Partial<OpenJudgementOptions> = {}): unknown {
  try {
    return openJudgement(Buffer.from(text), { ...options, ...changes });
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a signed judgement', () => {
  const sealed = signJudgement(judgement, ours);

  test('is opened with the key of the registry that signed it', () => {
    expect(open(sealed)).toEqual({ judgement, digest: digestOfJudgement(judgement), keyId: ours.id });
    expect(open(sealed, { registry: 'test', seenVersion: 5 })).toMatchObject({ keyId: ours.id });
  });

  test.each<[string, Partial<OpenJudgementOptions>, string]>([
    [
      'of a key that is not trusted',
      { registryKeys: [options.registryKeys[0]!] },
      'none of the trusted keys',
    ],
    ['without any key', { registryKeys: [] }, 'no key of a registry is trusted'],
    ['that expired', { now: new Date(judgement.expires) }, 'it expired at 2036'],
    ['that is still to come', { now: new Date('2025-12-01T00:00:00Z') }, 'still to come'],
    ['older than was seen', { seenVersion: 6 }, 'version 6 was seen before'],
    ['of another registry', { registry: 'acme' }, 'of the registry test, not of acme'],
  ])('is refused: %s', (_, changes, expected) => {
    expect(open(sealed, changes)).toContain(expected);
  });

  test('is refused where one byte of the signed document is another', () => {
    const envelope = JSON.parse(sealed) as { payload: string };
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
    for (const [from, to] of [
      ['"version":5', '"version":6'],
      ['2036-01-01', '2037-01-01'],
      ['"format":2', '"format":3'],
      ['"registry":"test"', '"registry":"best"'],
    ] as const) {
      const changed = Buffer.from(payload.replace(from, to)).toString('base64');
      expect(changed).not.toBe(envelope.payload);
      expect(open(JSON.stringify({ ...envelope, payload: changed }))).toContain('none of the trusted keys');
    }
  });

  test('is refused with another type, signature, or number of signatures', () => {
    const envelope = JSON.parse(sealed) as { signatures: Array<{ sig: string }> };
    const changed = (fields: object): unknown => open(JSON.stringify({ ...envelope, ...fields }));
    expect(changed({ payloadType: 'application/vnd.in-toto+json' })).toContain('a signed document of type');
    expect(changed({ signatures: [] })).toContain('0 signatures');
    expect(changed({ signatures: [...envelope.signatures, ...envelope.signatures] })).toContain(
      '2 signatures',
    );
    expect(changed({ more: 1 })).toContain('unknown field');
    const sig = Buffer.from(envelope.signatures[0]!.sig, 'base64');
    sig[sig.length - 1]! ^= 1;
    expect(changed({ signatures: [{ sig: sig.toString('base64') }] })).toContain('none of the trusted keys');
  });

  test('is refused where it is signed in another spelling, which would have another digest', () => {
    const pretty = JSON.stringify(JSON.parse(serialiseJudgement(judgement)), undefined, 2);
    const envelope = signEnvelope(
      'application/vnd.wharfinger.judgement.v2+json',
      Buffer.from(pretty),
      ours.algorithm,
      ours.key,
    );
    expect(open(JSON.stringify(envelope))).toContain('not in the form of RFC 8785');
  });
});

describe('a judgement that nobody signed', () => {
  const plain = JSON.stringify(JSON.parse(serialiseJudgement(judgement)), undefined, 2);

  test('is refused, unless one is meant', () => {
    expect(open(plain)).toContain('nobody signed it');
    expect(open(plain, { unsigned: true })).toEqual({ judgement, digest: digestOfJudgement(judgement) });
  });

  test('is not the same as one of another signer, which stays refused', () => {
    const sealed = signJudgement(judgement, theirs);
    const trusted = [options.registryKeys[1]!];
    expect(open(sealed, { unsigned: true, registryKeys: trusted })).toContain('none of the trusted keys');
    expect(open(sealed, { unsigned: true, registryKeys: [] })).toEqual({
      judgement,
      digest: digestOfJudgement(judgement),
    });
  });

  test('expires as well', () => {
    expect(open(plain, { unsigned: true, now: new Date(judgement.expires) })).toContain('it expired');
  });
});
