import { generateKeyPairSync } from 'node:crypto';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPolicy } from '../access/policy.ts';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { policyVersion } from '../stores/policy-version.ts';
import { latestRevocationList } from '../stores/revocations.ts';
import { recordsInForce } from '../stores/policy-record-rows.ts';
import { changePolicy } from './change-policy.ts';
import { readDocument } from './documents.ts';
import { endExpired } from './end-expired.ts';
import { openPolicy, type PolicyInForce } from './policy-in-force.ts';
import { renewRevocations, revokeKey } from './revoke.ts';

const builtIn = loadStandardCollection();
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
const key: SigningKey = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
const day = 24 * 3_600_000;

describe.each(testDatabases)('the policy in force, on $name', (kind) => {
  let opened: TestDatabase;
  let config: LoadedConfig;
  let now: Date;
  beforeEach(async () => {
    opened = await kind.open();
    config = await loadConfig({});
    now = new Date(Date.UTC(2026, 0, 1));
  });
  afterEach(() => opened.close());

  /** What one process has of the database. */
  async function openProcess(own = config) {
    const changes: string[] = [];
    const { db } = opened;
    const inForce: PolicyInForce = await openPolicy({
      db,
      config: own,
      builtIn,
      build: (wanted, records) => createPolicy(wanted, builtIn, records),
      onChange: ({ digest }) => changes.push(digest),
    });
    return { db, inForce, now: () => now, memory: createVerdictMemory(), key, changes };
  }
  type Process = Awaited<ReturnType<typeof openProcess>>;

  const publisher = (parts: Process, name: string) =>
    changePolicy(parts, 'ann', (change) => change.add('publisher', readDocument('publisher', { name })));
  async function trust(parts: Process): Promise<void> {
    await publisher(parts, 'acme');
    await changePolicy(parts, 'ann', async (change) => {
      await change.add('key', readDocument('key', { name: 'k', publisher: 'acme', pem }));
      await change.add('trust', readDocument('trust', { repositories: 'a/**', publishers: ['acme'] }));
    });
  }
  const trustedIn = (parts: Process) =>
    parts.inForce
      .current()
      .rulesFor('a/b', 'pull', now)
      .signers.map(({ name }) => name);

  test('is that of another process as soon as one asks', async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    await trust(one);
    expect([trustedIn(one), trustedIn(other)]).toEqual([['k'], []]);
    const fresh = await other.inForce.fresh();
    expect(fresh.version).toBe(await policyVersion(opened.db));
    expect(trustedIn(other)).toEqual(['k']);
    expect(other.changes).toHaveLength(1);
    await other.inForce.fresh();
    expect(other.changes).toHaveLength(1);
  });

  test('takes changes of several processes at once, one after the other, each checked against the others', async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    await publisher(one, 'acme');
    const names = Array.from({ length: 6 }, (_, at) => `p${at}`);
    const adding = names.map((name, at) => publisher(at % 2 ? one : other, name));
    const ending = changePolicy(one, 'ann', (change) => change.end('publisher', 'acme', 'left'));
    const keyed = changePolicy(other, 'bob', (change) =>
      change.add('key', readDocument('key', { name: 'k', publisher: 'acme', pem })),
    );
    const [ended, added] = await Promise.allSettled([ending, keyed]);
    await Promise.all(adding);
    // one of the two would leave a key without its publisher
    expect([ended.status, added.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    const inForce = await recordsInForce(opened.db);
    expect(inForce.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test('leaves nothing of a change that does not fit, not even its number', async () => {
    const one = await openProcess();
    const before = await policyVersion(opened.db);
    const change = changePolicy(one, 'ann', async (act) => {
      await act.add('publisher', readDocument('publisher', { name: 'acme' }));
      await act.add('trust', readDocument('trust', { repositories: 'a/**', publishers: ['acme', 'none'] }));
    });
    await expect(change).rejects.toThrow('there is no publisher none');
    expect(await policyVersion(opened.db)).toBe(before);
    expect(await recordsInForce(opened.db)).toEqual([]);
  });

  test('counts a changed configuration once, and refuses one that does not fit', async () => {
    const one = await openProcess();
    await trust(one);
    const before = await policyVersion(opened.db);
    await one.inForce.configure(config);
    expect(await policyVersion(opened.db)).toBe(before);
    const rule = { pattern: 'b/**', signers: [{ name: 'other', pem }], formats: ['cosign-v3' as const] };
    await one.inForce.configure({ ...config, trust: [rule] });
    expect(await policyVersion(opened.db)).toBe(before + 1);
    const clash = { ...config, trust: [{ ...rule, pattern: 'a/**' }] };
    await expect(one.inForce.configure(clash)).rejects.toThrow(
      'trust for a/** stands in the configuration and in a record',
    );
    expect(await policyVersion(opened.db)).toBe(before + 1);
    await expect(openProcess(clash)).rejects.toThrow('stands in the configuration and in a record');
  });

  test('keeps its digest when a key of it is revoked, and changes it for what is noted nowhere', async () => {
    const one = await openProcess();
    await renewRevocations(one);
    await trust(one);
    const { digest } = one.inForce.current();
    const trustDigest = one.inForce.current().trustDigest('a/b', now);
    const { keyId } = await revokeKey(one, 'ann', { key: 'k', reason: 'lost' });
    const revoked = one.inForce.current();
    expect(revoked.rulesFor('a/b', 'pull', now).trust.revocations).toMatchObject([{ keyId, reason: 'lost' }]);
    expect([revoked.digest, revoked.trustDigest('a/b', now)]).toEqual([digest, trustDigest]);
    await revokeKey(one, 'ann', { key: 'f'.repeat(64), reason: 'an authority' });
    expect(one.inForce.current().digest).not.toBe(digest);
    expect(one.inForce.current().trustDigest('a/b', now)).not.toBe(trustDigest);
  });

  test('changes its digest when a key is revoked that approves grants', async () => {
    const one = await openProcess();
    await renewRevocations(one);
    await trust(one);
    const second = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    await changePolicy(one, 'ann', async (change) => {
      await change.add(
        'key',
        readDocument('key', { name: 'l', publisher: 'acme', principal: 'l', pem: second }),
      );
      const rule = { name: 'r', approvers: ['k', 'l'], needed: 2, maxHours: 4 };
      await change.add('grant-rule', readDocument('grant-rule', rule));
    });
    const { digest } = one.inForce.current();
    await revokeKey(one, 'ann', { key: 'k', reason: 'lost' });
    expect(one.inForce.current().digest).not.toBe(digest);
  });

  test('has a list of revoked keys that is issued anew every day, and by one process only', async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    const issued = async () => (await latestRevocationList(opened.db))?.version;
    expect(await Promise.all([renewRevocations(one), renewRevocations(other)])).toContain(true);
    expect(await issued()).toBe(1);
    now = new Date(now.getTime() + day - 1);
    expect(await renewRevocations(one)).toBe(false);
    now = new Date(now.getTime() + 1);
    expect((await Promise.all([renewRevocations(one), renewRevocations(other)])).toSorted()).toEqual([
      false,
      true,
    ]);
    expect(await issued()).toBe(2);
  });

  test('ends waivers that are over by itself', async () => {
    const one = await openProcess();
    const waiver = (id: string, days: number) =>
      readDocument('waiver', {
        id,
        routine: 'maximum-age',
        scope: { repositories: ['a/b'] },
        owner: 'ann',
        reason: 'a rebuild',
        from: '2025-12-01T00:00:00Z',
        expires: new Date(now.getTime() + days * day).toISOString(),
      });
    await changePolicy(one, 'ann', async (change) => {
      await change.add('waiver', waiver('short', 1));
      await change.add('waiver', waiver('long', 3));
    });
    const left = async () => (await recordsInForce(opened.db)).map(({ name }) => name);
    await endExpired(one);
    expect(await left()).toEqual(['short', 'long']);
    now = new Date(now.getTime() + day);
    await endExpired(one);
    expect(await left()).toEqual(['long']);
  });
});
