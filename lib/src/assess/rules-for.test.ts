import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeJudgement, makeRule, makeTrust } from './judgement.fixtures.ts';
import { rulesFor } from './rules-for.ts';

const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
const now = new Date('2026-06-01T00:00:00Z');

const judgement = makeJudgement({
  repositories: [
    makeRule('team/**', { gate: 'hold', namespace: 'team', department: 'web' }),
    makeRule('team/web/*', { class: 'public', externalFacing: true }),
    makeRule('library/**', { official: true }),
  ],
  trust: [
    makeTrust('team/web/shop', { name: 'release', pem }),
    makeTrust('team/stamps', { name: 'stamp', pem, purposes: ['stamp'] }),
  ],
});

function effectsIn(repository: string): Record<string, string> {
  return Object.fromEntries(
    rulesFor(judgement, repository, 'pull', now).bindings.map(({ routine, effect }) => [
      routine.name,
      effect,
    ]),
  );
}

describe('rulesFor', () => {
  test('gives a repository the rule and the signers of its most specific patterns', () => {
    expect(effectsIn('team/api')).toMatchObject({
      'no-fixable-vulnerabilities': 'hold',
      'maximum-age': 'warn',
    });
    expect(effectsIn('team/web/shop')).toMatchObject({ signed: 'warn', 'not-malicious': 'hold' });
    expect(effectsIn('library/node')).toMatchObject({ signed: 'hold' });
    const { trust, repository } = rulesFor(judgement, 'team/web/shop', 'pull', now);
    expect(trust.signers.map((signer) => signer.name)).toEqual(['release']);
    expect(repository).toMatchObject({ name: 'team/web/shop', class: 'public', externalFacing: true });
    expect(rulesFor(judgement, 'team/api', 'pull', now).repository.department).toBe('web');
  });

  test('only warns where no rule matches', () => {
    expect(effectsIn('elsewhere')).toMatchObject({ 'no-fixable-vulnerabilities': 'warn' });
    expect(rulesFor(judgement, 'elsewhere', 'pull', now)).toMatchObject({
      gate: 'warn',
      trust: { signers: [] },
    });
  });

  test('demands no signature where nobody may release', () => {
    expect(effectsIn('team/api')).not.toHaveProperty('signed');
    expect(effectsIn('team/stamps')).not.toHaveProperty('signed');
  });

  test('knows the registry by its key, and trusts it with nothing but what its probes found', () => {
    const known = { ...judgement, registryKey: pem };
    const { trust, signers } = rulesFor(known, 'team/api', 'pull', now);
    expect(trust.signers).toEqual([{ name: 'test', pem, purposes: ['probe'] }]);
    expect(signers).toEqual([]);
    expect(rulesFor(known, 'library/node', 'pull', now).bindings).toEqual(
      rulesFor(judgement, 'library/node', 'pull', now).bindings,
    );
    expect(rulesFor(known, 'team/api', 'pull', now)).not.toHaveProperty('validUntil');
  });

  test('lets no signature count while the revocation list is out of date', () => {
    const expires = judgement.revocations.expires;
    const before = rulesFor(judgement, 'team/web/shop', 'pull', new Date(Date.parse(expires) - 1));
    expect(before).toMatchObject({ listUntil: expires });
    const after = rulesFor(judgement, 'team/web/shop', 'pull', new Date(expires));
    expect(after.trust.signers).toEqual([]);
    expect(after.signers).toHaveLength(1);
    expect(after.noneCounts).toContain(expires);
    expect(after.bindings.map(({ routine }) => routine.name)).toContain('signed');
  });
});
