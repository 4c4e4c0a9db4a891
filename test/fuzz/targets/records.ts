import {
  parseGrantRequest,
  readGrantPayload,
  grantPayload,
  signGrant,
  type GrantRequest,
} from '@wharfinger/lib/assess/grant-request';
import { grantsFor } from '@wharfinger/lib/assess/grants';
import type { GrantRule, Judgement } from '@wharfinger/lib/assess/judgement-document';
import { parseJudgement, serialiseJudgement } from '@wharfinger/lib/assess/judgement';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { openJudgement, signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { openReceipt, signReceipt } from '@wharfinger/lib/assess/receipt';
import { layout } from '@wharfinger/lib/custody/custody.fixtures';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { emptyMemory, parseMemory, remember, serialiseMemory } from '@wharfinger/lib/signing/channels/memory';
import { openSnapshot, signSnapshot, type Snapshot } from '@wharfinger/lib/signing/channels/snapshot';
import { newKey } from '@wharfinger/lib/signing/evidence.fixtures';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { refuse } from '@wharfinger/lib/signing/refusal';
import {
  openRevocationList,
  signRevocationList,
  type RevocationList,
} from '@wharfinger/lib/signing/revocation-list';
import { statementType } from '@wharfinger/lib/signing/statement';
import { WharfingerError } from '@wharfinger/lib/errors';
import { nothing, type Claims, type Target } from '../target.ts';

const now = new Date('2026-03-04T12:00:00Z');
const [registry, second, alice, bob, stranger] = [
  newKey(),
  newKey('ed25519'),
  newKey(),
  newKey('rsa'),
  newKey(),
];
const registryKeys = [registry, second].map(({ publicPem }, index) => ({
  name: `registry ${index}`,
  pem: publicPem,
}));
const keys = registryKeys.map((key) => parsePublicKey(key));
const digests = ['first', 'second'].map((text) => digestOf(text));

const list = (version: number, entries: RevocationList['entries']): RevocationList => ({
  version,
  issuedAt: `2026-03-0${version}T00:00:00.000Z`,
  expires: '2026-04-01T00:00:00.000Z',
  entries,
});
const revoked = { keyId: alice.id, revokedAt: '2026-03-01T00:00:00.000Z', reason: 'a stolen laptop' };
const lists = [
  signRevocationList(list(1, []), registry),
  signRevocationList(list(2, [revoked]), registry),
  signRevocationList(
    list(3, [revoked, { ...revoked, keyId: bob.id, compromisedSince: '2026-02-01T00:00:00.000Z' }]),
    second,
  ),
];

const snapshot = (version: number, tags: ReadonlyArray<readonly [string, number]>): Snapshot => ({
  registry: 'reg.acme',
  repository: 'team/app',
  version,
  issuedAt: '2026-03-04T11:58:00.000Z',
  expires: '2026-03-04T12:08:00.000Z',
  tags: new Map(tags.map(([tag, which]) => [tag, digests[which]!])),
  revocations: 3,
});
const snapshots = [
  signSnapshot(snapshot(1, []), registry),
  signSnapshot(snapshot(2, [['1.4', 0]]), second),
  signSnapshot(
    snapshot(3, [
      ['1.4', 1],
      ['latest', 1],
    ]),
    registry,
  ),
];

const tagName = { registry: 'reg.acme', repository: 'team/app', tag: '1.4' };
const memory = serialiseMemory(
  remember(emptyMemory, tagName, {
    channel: { counter: 4, digest: digests[0]! },
    snapshot: { version: 2, revocations: 1 },
  }),
);

const request: GrantRequest = {
  id: 'outage-1',
  scope: { repositories: ['pay/*'] },
  purposes: ['pull', 'deploy'],
  reason: 'the feed of advisories is broken',
  requestedBy: 'dave',
  from: '2026-03-04T10:00:00Z',
  until: '2026-03-04T16:00:00Z',
};
const requests = [
  request,
  {
    ...request,
    id: 'outage-2',
    scope: { repositories: ['pay/app'] },
    digest: digests[0]!,
    until: '2026-03-04T13:00:00Z',
  },
];
const rule: GrantRule = {
  scope: {},
  approvers: [alice, bob].map(({ publicPem }, index) => ({ name: ['alice', 'bob'][index]!, pem: publicPem })),
  needed: 2,
  maxHours: 8,
};
const grants = requests.map((one) => JSON.stringify([alice, bob].map((key) => signGrant(one, key))));

function readGrants(bytes: Uint8Array): Claims {
  const sets = parseStrictJson(bytes, refuse);
  if (!Array.isArray(sets) || !sets.every((text) => typeof text === 'string')) return [];
  const repository = {
    name: 'pay/app',
    namespace: 'pay',
    class: 'internal',
    stage: 'production',
    externalFacing: false,
    official: false,
  } as const;
  return grantsFor([sets], [rule], [], repository, now).grants;
}

/** A judgement with something of everything, and small enough to be read often. */
function judgement(version: number): Judgement {
  return makeJudgement({
    version,
    repositories: [makeRule('pay/**')],
    trust: [
      makeTrust('pay/**', {
        name: 'alice',
        pem: alice.publicPem,
        validTo: '2027-01-01T00:00:00Z',
        purposes: ['release'],
      }),
    ],
    revocations: {
      version: 3,
      issuedAt: '2026-03-01T00:00:00Z',
      expires: '2036-01-01T00:00:00Z',
      entries: [revoked],
    },
    grantRules: [rule],
    grants: [JSON.parse(grants[0]!) as string[]],
    holds: [
      {
        repository: 'pay/app',
        digest: digests[1]!,
        reason: 'being examined',
        by: 'eve',
        at: '2026-03-01T00:00:00Z',
      },
    ],
    custody: [{ pattern: 'pay/**', layout }],
  });
}
const judgements = [1, 2].map((version) =>
  signJudgement(judgement(version), version === 1 ? registry : second),
);

const receipts = digests.map((manifest, index) => {
  const about = { repository: 'pay/app', purpose: 'pull', at: `2026-03-0${index + 1}T00:00:00.000Z` };
  const statement = {
    _type: statementType,
    subject: [{ digest: { sha256: manifest.slice(7) } }],
    predicateType: predicateTypes.verdict,
    predicate: {
      registry: 'reg.acme',
      ...about,
      verdict: { ...about, digest: manifest, outcome: ['allow', 'deny'][index], reasons: [] },
      judgement: { digest: digests[0], version: 1 },
      advisories: null,
      evidence: { manifest, layers: [], facts: digests[1], carriers: [], ancestors: [] },
    },
  };
  return signReceipt(JSON.stringify(statement), index === 0 ? registry : second);
});

const bytesOf = (text: string): Buffer => Buffer.from(text);

/** What is read must be written and read again as the same: two readers could see two documents else. */
function stable(written: string, again: (bytes: Uint8Array) => string): undefined {
  const second = again(bytesOf(written));
  if (second !== written) throw new Error(`read again it is another document:\n${written}\n${second}`);
  return undefined;
}

/** Documents that registries and publishers sign, and what is remembered of them. */
export const recordTargets: readonly Target[] = [
  {
    name: 'revocation list',
    refuses: ['SIGNATURE_INVALID'],
    genuine: lists.map(bytesOf),
    material: [bytesOf(signRevocationList(list(4, []), stranger))],
    read: (bytes) => [openRevocationList(bytes, keys, now)],
  },
  {
    name: 'snapshot of a repository',
    refuses: ['SIGNATURE_INVALID'],
    genuine: snapshots,
    material: [signSnapshot(snapshot(9, []), stranger)],
    read: (bytes) => [openSnapshot(bytes, keys)],
  },
  {
    name: 'memory of tags',
    refuses: ['SIGNATURE_INVALID'],
    genuine: [bytesOf(memory)],
    read: (bytes) =>
      stable(serialiseMemory(parseMemory(bytes)), (again) => serialiseMemory(parseMemory(again))),
  },
  {
    name: 'break-glass grant, signed by two',
    refuses: ['SIGNATURE_INVALID'],
    genuine: grants.map(bytesOf),
    material: [
      bytesOf(JSON.stringify([alice, stranger].map((key) => signGrant({ ...request, id: 'other' }, key)))),
    ],
    read: readGrants,
  },
  {
    name: 'break-glass grant, whoever signed it',
    refuses: ['GRANT_INVALID'],
    genuine: requests.map((one) => grantPayload(one)),
    read: (bytes) => nothing(readGrantPayload(bytes)),
  },
  {
    name: 'request of a grant',
    refuses: ['GRANT_INVALID'],
    genuine: requests.map((one) => grantPayload(one)),
    read(bytes) {
      const value = parseStrictJson(bytes, (what) => {
        throw new WharfingerError('GRANT_INVALID', { what });
      });
      return nothing(grantPayload(parseGrantRequest(value)));
    },
  },
  {
    name: 'judgement, signed',
    refuses: ['JUDGEMENT_INVALID', 'JUDGEMENT_UNTRUSTED'],
    genuine: judgements.map(bytesOf),
    material: [bytesOf(signJudgement(judgement(7), stranger))],
    read: (bytes) => {
      const opened = openJudgement(bytes, { registryKeys, now });
      return [{ digest: opened.digest, keyId: opened.keyId }];
    },
  },
  {
    name: 'judgement, whoever signed it',
    refuses: ['JUDGEMENT_INVALID'],
    genuine: [1, 2].map((version) => bytesOf(serialiseJudgement(judgement(version)))),
    read: (bytes) =>
      stable(serialiseJudgement(parseJudgement(bytes)), (again) => serialiseJudgement(parseJudgement(again))),
  },
  {
    name: 'receipt of a verdict',
    refuses: ['RECEIPT_INVALID'],
    genuine: receipts.map(bytesOf),
    read: (bytes) => [openReceipt(bytes, registryKeys)],
  },
];
