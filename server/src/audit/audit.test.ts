import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { createAuditBuffer } from './buffer.ts';
import { canonicalBytes, type AuditEntry } from './entry.ts';
import { queryAudit, type AuditFilter } from './query.ts';
import { recordAll, recordAudit } from './record.ts';

const moment = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

function entry(seconds: number, rest: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: moment(seconds),
    actor: 'alice',
    address: '192.0.2.7',
    client: 'docker/28',
    action: 'pull',
    repository: 'team/app',
    digest: `sha256:${'a'.repeat(64)}`,
    tag: null,
    outcome: 'done',
    ...rest,
  };
}

test('the canonical bytes of an entry do not depend on the order of keys', () => {
  const detail = { b: [1, { z: 'é', y: undefined }], a: null };
  const text = Buffer.from(canonicalBytes(entry(0, { detail }))).toString();
  expect(text).toBe(
    `[1,1767225600000,"alice","192.0.2.7","docker/28","pull","team/app","sha256:${'a'.repeat(64)}",null,"done",` +
      `{"a":null,"b":[1,{"z":"é"}]}]`,
  );
  const { at, ...others } = entry(0, { detail: { a: null, b: [1, { z: 'é' }] } });
  expect(Buffer.from(canonicalBytes({ ...others, at })).toString()).toBe(text);
});

describe.each(testDatabases)('the audit log on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  async function all(filter: AuditFilter = {}, limit = 1000): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    for (let after: string | undefined; ;) {
      const page = await queryAudit(opened.db, filter, { limit, ...(after === undefined ? {} : { after }) });
      found.push(...page.entries);
      if (page.next === undefined) return found;
      after = page.next;
    }
  }

  test('gives back what was recorded, byte for byte', async () => {
    const given = entry(1, { detail: { b: 1, a: ['x'] }, actor: null, tag: 'v1' });
    await recordAudit(opened.db, given);
    const [read] = await all();
    expect(read).toMatchObject(given);
    expect(canonicalBytes(read!)).toEqual(canonicalBytes(given));
  });

  test('has no entry of what was rolled back', async () => {
    const failing = transact(opened.db, async (trx) => {
      await recordAudit(trx, entry(1));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await all()).toEqual([]);
  });

  test('is append-only', async () => {
    await recordAudit(opened.db, entry(1));
    const { db } = opened;
    await expect(db.updateTable('audit').set({ actor: 'mallory' }).execute()).rejects.toThrow('append-only');
    await expect(db.deleteFrom('audit').execute()).rejects.toThrow('append-only');
    await expect(sql`delete from audit where id = 1`.execute(db)).rejects.toThrow('append-only');
    expect(await all()).toMatchObject([{ actor: 'alice' }]);
  });

  test('is read page by page, newest first, also where times are equal', async () => {
    const entries = Array.from({ length: 25 }, (_, n) => entry(Math.floor(n / 10), { tag: `t${n}` }));
    await recordAll(opened.db, entries);
    const newestFirst = entries.map((one) => one.tag).toReversed();
    for (const limit of [1, 4, 10, 25, 1000]) {
      expect((await all({}, limit)).map((one) => one.tag)).toEqual(newestFirst);
    }
    const first = await queryAudit(opened.db, {}, { limit: 5 });
    await recordAudit(opened.db, entry(99, { tag: 'late' }));
    const second = await queryAudit(opened.db, {}, { limit: 5, after: first.next! });
    expect(second.entries.map((one) => one.tag)).toEqual(newestFirst.slice(5, 10));
  });

  test('is filtered by each of its fields', async () => {
    const other = entry(5, {
      actor: 'bob',
      action: 'push',
      repository: 'other',
      digest: `sha256:${'b'.repeat(64)}`,
      tag: 'v2',
      outcome: 'denied',
    });
    await recordAll(opened.db, [entry(1), other, entry(9)]);
    for (const field of ['actor', 'action', 'repository', 'digest', 'tag', 'outcome'] as const) {
      expect(await all({ [field]: other[field] })).toMatchObject([other]);
      expect(await all({ [field]: 'none' })).toEqual([]);
    }
    expect(await all({ since: moment(5), until: moment(9) })).toMatchObject([other]);
    expect(await all({ actor: 'alice', since: moment(2) })).toHaveLength(1);
  });

  test('takes what a client says of itself, whatever it is', async () => {
    await recordAudit(opened.db, entry(1, { client: `a\0b\ud800${'x'.repeat(5000)}` }));
    const [read] = await all();
    expect(read?.client).toBe(`ab\ufffd${'x'.repeat(996)}`);
  });

  describe('buffered', () => {
    const quiet = { now: () => moment(100), delayMs: 2 ** 30 };

    test('has all entries in order when the buffer stops', async () => {
      const errors: unknown[] = [];
      const buffer = createAuditBuffer({ ...quiet, db: opened.db, onError: (error) => errors.push(error) });
      const entries = Array.from({ length: 5000 }, (_, n) => entry(n, { tag: `t${n}` }));
      for (const one of entries) buffer.add(one);
      await buffer.stop();
      expect((await all()).map((one) => one.tag)).toEqual(entries.map((one) => one.tag).toReversed());
      expect(errors).toEqual([]);
    });

    test('writes by itself after a while', async () => {
      const buffer = createAuditBuffer({ ...quiet, db: opened.db, onError: () => {}, delayMs: 1 });
      buffer.add(entry(1));
      while ((await all()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await buffer.stop();
      expect(await all()).toHaveLength(1);
    });

    test('tells how many did not fit', async () => {
      const buffer = createAuditBuffer({ ...quiet, db: opened.db, onError: () => {}, capacity: 3 });
      for (let n = 0; n < 10; n += 1) buffer.add(entry(n));
      await buffer.flush();
      const [loss, ...kept] = await all();
      expect(loss).toMatchObject({
        action: 'audit.lost',
        detail: { count: 7, since: moment(3).toISOString() },
      });
      expect(kept).toHaveLength(3);
      await buffer.stop();
      expect(await all()).toHaveLength(4);
    });

    test('keeps entries that could not be written, and says so', async () => {
      const errors: unknown[] = [];
      const buffer = createAuditBuffer({ ...quiet, db: opened.db, onError: (error) => errors.push(error) });
      const bad = { ...entry(1), outcome: null as unknown as string };
      buffer.add(bad);
      await expect(buffer.flush()).rejects.toThrow(/null/i);
      expect(errors).toHaveLength(1);
      Object.assign(bad, { outcome: 'done' });
      await buffer.stop();
      expect(await all()).toHaveLength(1);
    });
  });
});
