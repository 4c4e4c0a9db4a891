import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import type { RepositoryFacts } from '../routines/facts.ts';
import { signEnvelope } from '../signing/dsse.ts';
import type { Revocation, TrustedKey } from '../signing/evidence.ts';
import { parsePrivateKey, type SigningKey } from '../signing/private-keys.ts';
import {
  grantPayload,
  parseGrantRequest,
  readGrantPayload,
  signGrant,
  type GrantRequest,
} from './grant-request.ts';
import { grantsFor } from './grants.ts';
import { makeJudgement } from './judgement.fixtures.ts';
import { rulesFor } from './rules-for.ts';
import type { GrantRule } from './judgement-document.ts';

function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}
const [alice, bob, carol, stranger] = [makeKey(), makeKey(), makeKey(), makeKey()] as const;
const approver = (name: string, key: SigningKey, more: Partial<TrustedKey> = {}): TrustedKey => ({
  name,
  pem: key.publicPem,
  ...more,
});
const rule: GrantRule = {
  scope: {},
  approvers: [approver('alice', alice), approver('bob', bob), approver('carol', carol)],
  needed: 2,
  maxHours: 8,
};
const request: GrantRequest = {
  id: 'outage-1',
  scope: { repositories: ['pay/*'] },
  purposes: ['pull', 'deploy'],
  reason: 'the feed of advisories is broken',
  requestedBy: 'dave',
  from: '2026-03-04T10:00:00Z',
  until: '2026-03-04T16:00:00Z',
};
const repository: RepositoryFacts = {
  name: 'pay/app',
  namespace: 'pay',
  class: 'internal',
  stage: 'production',
  externalFacing: false,
  official: false,
};
const now = new Date('2026-03-04T12:00:00Z');
const signed = (keys: readonly SigningKey[], of: GrantRequest = request): string[] =>
  keys.map((key) => signGrant(of, key));
const check = (
  sets: readonly string[][],
  rules: readonly GrantRule[] = [rule],
  revocations: readonly Revocation[] = [],
  at = now,
) => grantsFor(sets, rules, revocations, repository, at);
const refusal = (...given: Parameters<typeof check>) => {
  const { grants, refused } = check(...given);
  expect(grants).toEqual([]);
  return refused[0]?.reason;
};

describe('a grant', () => {
  test('counts when enough approvers signed it, and names them', () => {
    expect(check([signed([bob, alice])])).toEqual({
      grants: [{ ...request, approvedBy: ['alice', 'bob'] }],
      refused: [],
    });
  });

  test.each([
    ['too few', [alice]],
    ['one twice', [alice, alice]],
    ['one of them a stranger', [alice, stranger]],
  ])('does not count with %s', (_, keys) => {
    expect(refusal([signed(keys)])).toBe(
      'signed by alice, and 2 different approvers with different keys must sign',
    );
  });

  test('counts one principal with two keys once, and one key under two names once', () => {
    const twoKeys = [approver('alice', alice), approver('alice-2', bob, { principal: 'alice' })];
    expect(refusal([signed([alice, bob])], [{ ...rule, approvers: twoKeys }])).toContain('signed by alice,');
    const twoNames = [approver('alice', alice), approver('bob', alice)];
    expect(refusal([signed([alice, alice])], [{ ...rule, approvers: twoNames }])).toContain(
      'signed by alice or bob,',
    );
  });

  test('counts those who share a key once: nobody can tell that they are two', () => {
    const shared = [
      approver('bob', bob),
      approver('alice-2', bob, { principal: 'alice' }),
      approver('alice', alice),
    ];
    for (const approvers of [shared, shared.toReversed()])
      expect(refusal([signed([alice, bob])], [{ ...rule, approvers }])).toContain('signed by alice or bob,');
    expect(
      check([signed([alice, bob, carol])], [{ ...rule, approvers: [...shared, approver('carol', carol)] }]),
    ).toMatchObject({
      grants: [{ approvedBy: ['alice or bob', 'carol'] }],
    });
  });

  test('does not count by a revoked key, whenever it was revoked', () => {
    const revocation = {
      keyId: bob.id,
      revokedAt: '2026-03-04T11:59:00Z',
      compromisedSince: '2026-03-04T11:59:00Z',
      reason: 'lost',
    };
    expect(refusal([signed([alice, bob])], [rule], [revocation])).toContain('signed by alice,');
  });

  test('does not count by a key that is not valid now, and tells when that changes', () => {
    const approvers = [approver('alice', alice), approver('bob', bob, { validFrom: '2026-03-04T13:00:00Z' })];
    const early = check([signed([alice, bob])], [{ ...rule, approvers }]);
    expect(early).toMatchObject({ grants: [], validUntil: '2026-03-04T13:00:00.000Z' });
    const at = new Date(early.validUntil!);
    expect(check([signed([alice, bob])], [{ ...rule, approvers }], [], at).grants).toHaveLength(1);
    const pinned = [approver('alice', alice), approver('bob', bob, { algorithm: 'ed25519' })];
    expect(refusal([signed([alice, bob])], [{ ...rule, approvers: pinned }])).toContain('signed by alice,');
  });

  test('is not for more hours than the rule allows', () => {
    expect(refusal([signed([alice, bob])], [{ ...rule, maxHours: 5 }])).toBe(
      'it is for 6 hours, and here for at most 5',
    );
  });

  test('counts by the approvers of the most specific rule only', () => {
    const own = {
      ...rule,
      scope: { repositories: ['pay/**'] },
      approvers: [approver('carol', carol)],
      needed: 1,
    };
    expect(refusal([signed([alice, bob])], [rule, own])).toContain('signed by nobody who may');
    expect(check([signed([carol])], [rule, own]).grants).toHaveLength(1);
    expect(refusal([signed([alice, bob])], [])).toBe('nobody may break the glass here');
    const elsewhere = { ...rule, scope: { stages: ['test'] } } as const;
    expect(refusal([signed([alice, bob])], [elsewhere])).toBe('nobody may break the glass here');
  });

  test('is passed over where it is for other repositories, or over', () => {
    const other = { ...request, scope: { repositories: ['web/*'] } };
    expect(check([signed([alice, bob], other)])).toEqual({ grants: [], refused: [] });
    expect(check([signed([alice, bob])], [rule], [], new Date(request.until))).toEqual({
      grants: [],
      refused: [],
    });
  });

  test('must be one grant, signed as such, byte for byte', () => {
    const longer = { ...request, until: '2026-03-04T17:00:00Z' };
    expect(refusal([[...signed([alice]), ...signed([bob], longer)]])).toContain('signed different grants');
    const wrap = (type: string, payload: Buffer) =>
      [alice, bob].map((key) => JSON.stringify(signEnvelope(type, payload, key.algorithm, key.key)));
    expect(refusal([wrap(payloadTypes.judgement, grantPayload(request))])).toContain('not a grant');
    expect(refusal([wrap(payloadTypes.grant, Buffer.from(JSON.stringify(request)))])).toContain('RFC 8785');
    expect(refusal([[]])).toContain('it has no signature');
    expect(refusal([['{']])).toContain('it is not valid JSON');
    const changed = signed([alice, bob]).map((text) => {
      const envelope = JSON.parse(text) as { payload: string };
      const payload = Buffer.from(envelope.payload, 'base64').toString().replace('pay/*', 'pay/**');
      return JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') });
    });
    expect(refusal([changed])).toContain('signed by nobody who may');
  });

  test('with half of a character, of which there is no canonical form, is refused and hides no other', () => {
    const payload = grantPayload(request)
      .toString()
      .replace('broken', String.raw`\ud800`);
    const odd = [alice, bob].map(({ algorithm, key }) =>
      JSON.stringify(signEnvelope(payloadTypes.grant, Buffer.from(payload), algorithm, key)),
    );
    const { grants, refused } = check([odd, signed([alice, bob])]);
    expect(grants).toHaveLength(1);
    expect(refused).toEqual([{ reason: expect.stringContaining('half of a character') }]);
  });

  test('that cannot be read hides no other', () => {
    const { grants, refused } = check([['{'], signed([alice, bob])]);
    expect([grants.length, refused.length]).toEqual([1, 1]);
  });
});

describe('a request', () => {
  test('comes back from what is signed', () => {
    expect(readGrantPayload(grantPayload(request))).toEqual(request);
  });

  test.each([
    [{ scope: {} }, 'scope must be one repository'],
    [{ scope: { repositories: ['a', 'b'] } }, 'scope must be one repository'],
    [{ scope: { repositories: ['a'], stages: ['test'] } }, 'scope must be one repository'],
    [{ purposes: [] }, 'purposes must name at least one'],
    [{ until: request.from }, 'until must be after'],
    [{ until: '2027-03-04T10:00:00Z' }, 'until is more than 744 hours after'],
    [{ from: 'now' }, 'from must be a time'],
    [{ reason: ' ' }, 'reason must be a text'],
    [{ approvedBy: ['alice'] }, 'approvedBy is not known'],
    [{ digest: 'latest' }, 'digest must be a digest'],
    [{ id: 'A b' }, 'id must be lower-case'],
  ])('names what is wrong with it: %j', (fields, says) => {
    expect(() => parseGrantRequest({ ...request, ...fields })).toThrow(says);
  });
});

describe('the rules of a judgement', () => {
  const judgement = makeJudgement({ grantRules: [rule], grants: [signed([alice, bob]), signed([alice])] });
  const grantsAt = (repositoryName: string, at: Date) =>
    rulesFor(judgement, repositoryName, 'pull', at).exceptions.grants;

  test('have the grants that enough approvers signed', () => {
    expect(grantsAt('pay/app', now)).toMatchObject([{ id: 'outage-1', approvedBy: ['alice', 'bob'] }]);
    expect(grantsAt('web/app', now)).toEqual([]);
  });

  test('have none while nobody can tell who is revoked', () => {
    const { expires } = judgement.revocations;
    const at = new Date(Date.parse(expires));
    const later = {
      ...request,
      from: new Date(at.getTime() - 3_600_000).toISOString(),
      until: new Date(at.getTime() + 3_600_000).toISOString(),
    };
    const late = { ...judgement, grants: [signed([alice, bob], later)] };
    const before = rulesFor(late, 'pay/app', 'pull', new Date(at.getTime() - 1));
    expect([before.exceptions.grants.length, before.listUntil]).toEqual([1, expires]);
    expect(rulesFor(late, 'pay/app', 'pull', at).exceptions.grants).toEqual([]);
  });
});
