import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { factsFromFragment } from '../routines/fact-fragment.ts';
import { judgeApartFromList, judgeFacts, underList } from './judge-facts.ts';
import type { Judgement } from './judgement-document.ts';
import { makeJudgement, makeRule, makeTrust } from './judgement.fixtures.ts';
import { rulesFor } from './rules-for.ts';

const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
const at = new Date('2026-06-01T00:00:00Z');
const facts = factsFromFragment({ image: { repository: 'team/app' } });

function judgementUntil(expires: string, trusted = true): Judgement {
  return makeJudgement({
    repositories: [makeRule('**', { gate: 'hold' })],
    trust: trusted ? [makeTrust('**', { name: 'release', pem })] : [],
    revocations: { version: 1, issuedAt: '2026-01-01T00:00:00Z', expires, entries: [] },
  });
}
const rulesOf = (expires: string, trusted = true) =>
  rulesFor(judgementUntil(expires, trusted), 'team/app', 'pull', at);
const early = rulesOf('2026-06-03T00:00:00Z');
const late = rulesOf('2026-06-09T00:00:00+00:00');

test.each([
  ['nothing', undefined],
  ['evidence before both lists', '2026-06-02T00:00:00.000Z'],
  ['evidence between them', '2026-06-05T00:00:00.000Z'],
  ['evidence after both', '2027-06-05T00:00:00.000Z'],
])(
  'a verdict that is kept is, under a list that was renewed, what is judged by that list: %s ends',
  (_, validUntil) => {
    const known = { facts, ...(validUntil !== undefined && { validUntil }) };
    const kept = judgeApartFromList(known, early, 'pull', at);
    expect(JSON.stringify(underList(kept, late))).toBe(JSON.stringify(judgeFacts(known, late, 'pull', at)));
    expect(JSON.stringify(underList(kept, early))).toBe(JSON.stringify(judgeFacts(known, early, 'pull', at)));
  },
);

test('a verdict holds no longer than the list where somebody could be revoked, and only there', () => {
  expect(judgeFacts({ facts }, early, 'pull', at).validUntil).toBe('2026-06-03T00:00:00.000Z');
  const nobody = judgeFacts({ facts }, rulesOf('2026-06-03T00:00:00Z', false), 'pull', at);
  expect(nobody.validUntil).not.toBe('2026-06-03T00:00:00.000Z');
});
