import { isWharfingerError } from '@wharfinger/lib/errors';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from './open.ts';
import type { Db } from './schema.ts';

let folder: string;
let database: Database;
let db: Db;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-sqlite-'));
  database = await openDatabase(folder);
  ({ db } = database);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await database.close();
  await rm(folder, { recursive: true });
});

async function add(trx: Db, name: string): Promise<void> {
  await trx.insertInto('repositories').values({ name, created_at: 0 }).execute();
}

async function names(from: Db = db): Promise<string[]> {
  const rows = await from.selectFrom('repositories').select('name').orderBy('name').execute();
  return rows.map((row) => row.name);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return isWharfingerError(error) ? error.code : String(error);
  }
  return 'no failure';
}

/** A turn that others wait behind, so that they all join one group. */
async function blocker(): Promise<{ end: () => Promise<void> }> {
  // A group ends after some time too, which a busy machine takes.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  const begun = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<void>();
  const done = db.transaction().execute(async () => {
    begun.resolve();
    await hold.promise;
  });
  await begun.promise;
  return {
    end: async () => {
      hold.resolve();
      await done;
    },
  };
}

describe('transactions', () => {
  test('are seen by others when they are committed, and by themselves at once', async () => {
    await db.transaction().execute(async (trx) => {
      await add(trx, 'a');
      expect(await names(trx)).toEqual(['a']);
      expect(await names()).toEqual([]);
    });
    expect(await names()).toEqual(['a']);
  });

  test('leave nothing behind when they are rolled back, whatever others of the group do', async () => {
    const turn = await blocker();
    const works = Array.from({ length: 20 }, (_, n) =>
      db.transaction().execute(async (trx) => {
        await add(trx, `r${n}`);
        if (n % 2 === 1) throw new Error('odd');
      }),
    );
    const settled = Promise.allSettled(works);
    await turn.end();
    const fulfilled = (await settled).map((one) => one.status === 'fulfilled');
    expect(fulfilled).toEqual(works.map((_, n) => n % 2 === 0));
    expect(await names()).toEqual(works.flatMap((_, n) => (n % 2 === 0 ? [`r${n}`] : [])).toSorted());
  });

  test('fail all together where the COMMIT of their group fails, and the next group works', async () => {
    const turn = await blocker();
    const good = add(db, 'good');
    const alsoGood = db.transaction().execute((trx) => add(trx, 'also good'));
    const bad = db.transaction().execute(async (trx) => {
      // A constraint that is checked at the COMMIT: the one way to make a COMMIT fail at will.
      await sql`pragma defer_foreign_keys = on`.execute(trx);
      await sql`insert into tags (repository_id, name, digest) values (99, 't', 'd')`.execute(trx);
    });
    // What another member wrote is its reason to fail: it must not say so, for that was never durable.
    const misled = db.transaction().execute(async (trx) => {
      if ((await names(trx)).includes('good')) throw new Error('good is there already');
    });
    const settled = Promise.allSettled([good, alsoGood, bad, misled]);
    await turn.end();
    for (const one of await settled) {
      expect(String((one as PromiseRejectedResult).reason)).toContain('SQLITE_CONSTRAINT_FOREIGNKEY');
    }
    expect(await names()).toEqual([]);
    await add(db, 'next');
    expect(await names()).toEqual(['next']);
  });

  test('fail all together where SQLite itself ends the group, and nothing slips out after that', async () => {
    await add(db, 'there');
    const turn = await blocker();
    const good = add(db, 'good');
    const bad = db.transaction().execute(async (trx) => {
      // As a disk that is full may do to any statement: all of the physical transaction is undone on the spot.
      const statement = sql`insert or rollback into repositories (name, created_at) values ('there', 0)`;
      await expect(statement.execute(trx)).rejects.toThrow('SQLITE_CONSTRAINT');
      await expect(add(trx, 'slips out')).rejects.toThrow('SQLITE_CONSTRAINT');
    });
    const after = add(db, 'after');
    const settled = Promise.allSettled([good, bad, after]);
    await turn.end();
    expect((await settled).map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await names()).toEqual(['there']);
    await add(db, 'next');
    expect(await names()).toEqual(['next', 'there']);
  });

  test('go on after a statement that failed', async () => {
    await db.transaction().execute(async (trx) => {
      await add(trx, 'a');
      await expect(add(trx, 'a')).rejects.toThrow('SQLITE_CONSTRAINT_UNIQUE');
      await add(trx, 'b');
    });
    await expect(add(db, 'a')).rejects.toThrow('SQLITE_CONSTRAINT_UNIQUE');
    expect(await names()).toEqual(['a', 'b']);
  });

  test('that find no room say so, leave nothing half, and work again when there is room', async () => {
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
    await sql.raw(`pragma max_page_count = ${rows[0]!.page_count + 20}`).execute(db);
    const large = db.transaction().execute(async (trx) => {
      await add(trx, 'small');
      for (let n = 0; n < 50; n += 1) await add(trx, `${n}${'x'.repeat(10_000)}`);
    });
    expect(await codeOf(large)).toBe('STORAGE_FULL');
    expect(await names()).toEqual([]);
    await sql`pragma max_page_count = 100000`.execute(db);
    await add(db, 'again');
    expect(await names()).toEqual(['again']);
  });
});

test('bytes come back as they were, also small ones that lie in a pool', async () => {
  await add(db, 'a');
  const sizes = [0, 1, 100, 4095, 100_000];
  const written = sizes.map((size) => Buffer.from(`#${size}#`.repeat(size).slice(0, size)));
  for (const [n, bytes] of written.entries()) {
    const row = { digest: `d${n}`, format: 1, made_at: 0, inventory: bytes };
    await db.insertInto('layer_inventories').values(row).execute();
  }
  const rows = await db.selectFrom('layer_inventories').select('inventory').orderBy('digest').execute();
  expect(rows.map((row) => Buffer.from(row.inventory))).toEqual(written);
  expect(rows.map((row) => row.inventory.buffer.byteLength)).toEqual(sizes);
});

test('the log is synced at each commit, and foreign keys hold', async () => {
  const settings = await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(db);
  expect(settings.rows).toEqual([{ foreign_keys: 1 }]);
  const journal = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(db);
  expect(journal.rows).toEqual([{ journal_mode: 'wal' }]);
  const sync = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
  expect(sync.rows).toEqual([{ synchronous: 2 }]);
});

describe('the data folder', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  const script = join(import.meta.dirname, 'testing', 'writing-process.ts');

  test('belongs to one opener', async () => {
    expect(await codeOf(openDatabase(folder))).toBe('DATA_IN_USE');
    child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr!.on('data', (data: Buffer) => (text += data.toString()));
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    expect(text).toContain('another process uses this data folder');
    await add(db, 'still ours');
    expect(await names()).toEqual(['still ours']);
  });

  test('is free, and has all that was acknowledged, after its process was killed', async () => {
    await database.close();
    child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      acknowledged.push(line);
      if (acknowledged.length === 500) child.kill('SIGKILL');
    }
    // its output ends before its lock does
    await gone;
    database = await openDatabase(folder);
    const present = new Set(await names(database.db));
    expect(acknowledged.length).toBeGreaterThanOrEqual(500);
    expect(acknowledged.filter((name) => !present.has(name))).toEqual([]);
  });
});
