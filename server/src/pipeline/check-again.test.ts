import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { askForChecksAgain, checkAgain, checkAgainJob } from './check-again.ts';
import { jobFor } from './image-jobs.ts';

const at = new Date(1000);
const digest = (name: string) => digestOf(Buffer.from(name));

/** Images with inventories of these formats, in both repositories; undefined: none was made yet. */
async function fill(db: Db, formats: Readonly<Record<string, number | undefined>>): Promise<void> {
  const bytes = new Uint8Array(1);
  const rest = { media_type: '', kind: 'manifest' as const, size: 1, pushed_at: 0, bytes };
  const none = { pushed_by: null, subject: null, referrer: null, missing: null };
  for (const name of ['team/one', 'team/two']) {
    const { id } = await db
      .insertInto('repositories')
      .values({ name, created_at: 0 })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const image of Object.keys(formats)) {
      const row = { repository_id: id, digest: digest(image), ...rest, ...none };
      await db.insertInto('manifests').values(row).execute();
    }
  }
  for (const [image, format] of Object.entries(formats)) {
    if (format === undefined) continue;
    const row = { digest: digest(image), format, complete: 1, inventory: bytes, made_at: 0 };
    await db.insertInto('images').values(row).execute();
  }
}

describe.each(testDatabases)('inventories in the form of another version, on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  test('are made anew wherever their images are, once, behind what is pushed', async () => {
    const { db } = opened;
    const parts = { db, now: () => at };
    await fill(db, {
      earlier: inventoryFormat - 1,
      later: inventoryFormat + 1,
      now: inventoryFormat,
      none: undefined,
    });
    const pushed = jobFor('check', { repository: 'team/two', digest: digest('later') });
    await enqueue(db, [pushed], at);
    const jobs = async (of: string) =>
      db
        .selectFrom('jobs')
        .select(['key', 'priority', 'payload'])
        .where('kind', '=', of)
        .orderBy('key')
        .execute();

    await askForChecksAgain(parts);
    for (let before = ''; ;) {
      const [step] = await jobs(checkAgainJob);
      if (step!.payload === before) break;
      before = step!.payload;
      await checkAgain(parts, { payload: JSON.parse(before) as unknown });
    }
    const found = (await jobs('check')).map(({ key, priority }) => [
      key,
      priority === 5 ? 'waits' : 'is first',
    ]);
    const key = (repository: string, name: string) => `${repository}@${digest(name)}`;
    expect(found).toEqual(
      [
        [key('team/one', 'earlier'), 'waits'],
        [key('team/one', 'later'), 'waits'],
        [key('team/two', 'earlier'), 'waits'],
        [key('team/two', 'later'), 'is first'],
      ].sort(([left], [right]) => (left! < right! ? -1 : 1)),
    );

    await db.deleteFrom('jobs').execute();
    await askForChecksAgain(parts);
    expect(await jobs(checkAgainJob)).toEqual([]);
  });
});
