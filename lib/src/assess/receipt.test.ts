import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parsePrivateKey } from '../signing/private-keys.ts';
import { canonical } from './judgement.ts';
import { openReceipt, signReceipt } from './receipt.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
const keys = [{ name: 'registry', pem: key.publicPem }];
const hex = (digit: string): string => digit.repeat(64);
const at = '2026-01-01T00:00:00.000Z';

const verdict = {
  digest: `sha256:${hex('a')}`,
  repository: 'team/app',
  purpose: 'deploy',
  outcome: 'allow',
  at,
};
const predicate = {
  registry: 'reg.acme',
  repository: 'team/app',
  purpose: 'deploy',
  at,
  verdict,
  judgement: { digest: `sha256:${hex('b')}`, version: 3 },
  advisories: null,
  evidence: {
    manifest: verdict.digest,
    layers: [],
    facts: `sha256:${hex('c')}`,
    carriers: [],
    ancestors: [],
  },
};
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256: hex('a') } }],
  predicateType: 'https://wharfinger.dev/attestation/verdict/v1',
  predicate,
};

const open = (said: object | string) => {
  const text = typeof said === 'string' ? said : canonical(said);
  return openReceipt(Buffer.from(signReceipt(text, key)), keys);
};

describe('a signed receipt', () => {
  test('is opened as it was signed', () => {
    expect(open(statement)).toMatchObject({ predicate, statement: canonical(statement), keyId: key.id });
  });

  test.each<readonly [string, object | string, string]>([
    ['two subjects', { ...statement, subject: [...statement.subject, ...statement.subject] }, '2 subjects'],
    ['no type', { ...statement, _type: 'x' }, 'not an in-toto statement'],
    ['a predicate of another type', { ...statement, predicateType: 'x' }, 'not about a verdict'],
    ['one key twice', canonical(statement).replace('{', '{"_type":"x",'), 'twice'],
    ['no version', { ...statement, predicate: { ...predicate, judgement: { digest: 'x' } } }, 'lacks'],
    ...(
      [
        ['another subject', { subject: [{ digest: { sha256: hex('d') } }] }],
        [
          'other evidence',
          { predicate: { ...predicate, evidence: { ...predicate.evidence, manifest: 'x' } } },
        ],
        ['the verdict of another image', { digest: `sha256:${hex('d')}` }],
        ['the verdict of another repository', { repository: 'team/other' }],
        ['a verdict for another purpose', { purpose: 'pull' }],
        ['a verdict of another time', { at: '2025-01-01T00:00:00.000Z' }],
      ] as const
    ).map(([what, change]): [string, object, string] => [
      what,
      'subject' in change || 'predicate' in change
        ? { ...statement, ...change }
        : { ...statement, predicate: { ...predicate, verdict: { ...verdict, ...change } } },
      'is about another',
    ]),
  ])('is refused with %s', (_, said, why) => {
    expect(() => open(said)).toThrow(why);
  });
});
