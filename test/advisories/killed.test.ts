import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { testDatabases, type TestDatabase } from '../../server/src/db/testing/databases.ts';
import { openDatabase } from '../../server/src/db/open.ts';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { generationAt } from '../../server/src/stores/advisory-generation.ts';
import { matchVersions } from '../../server/src/stores/findings.ts';
import { ensureVersions } from '../../server/src/stores/packages.ts';
import { lacksPath } from '../requirements.ts';
import { daysOf, linesOf, versionsIn } from './streams.ts';

const kills = Number(process.env['WHARFINGER_TEST_CRASHES'] ?? 15);
const script = join(import.meta.dirname, 'updating-process.ts');
const streams = [
  { name: 'go', file: 'go-2025-08-21_2026-08-21.jsonl.gz' },
  { name: 'almalinux', file: 'almalinux-2026-02-21_2026-08-21.jsonl.gz' },
  { name: 'bitnami', file: 'bitnami-2026-06-01_2026-08-05.jsonl.gz' },
];

/** All that is found, in order, and which advisories there are. */
async function stateOf(db: Db): Promise<object> {
  const findings = await db
    .selectFrom('findings')
    .innerJoin('advisories', 'advisories.key', 'findings.advisory_key')
    .innerJoin('pkg_versions', 'pkg_versions.id', 'findings.version_id')
    .innerJoin('pkg_names', 'pkg_names.id', 'pkg_versions.name_id')
    .select([
      'advisories.id as advisory',
      'pkg_versions.ecosystem',
      'pkg_names.name',
      'pkg_versions.version',
      'fixed_in',
      'undecided',
      'severity',
    ])
    .execute();
  const advisories = await db.selectFrom('advisories').select(['id', 'head', 'affected']).execute();
  return {
    generation: await generationAt(db, new Date('2100-01-01')),
    findings: findings.map((row) => JSON.stringify(row)).sort(),
    advisories: advisories.map((row) => JSON.stringify(row)).sort(),
  };
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA')).each(testDatabases)(
  `updates on $name that are killed ${kills} times`,
  (kind) => {
    it('end as a fresh import does', { timeout: 900_000 }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'killed-'));
      const replayed = streams.map(({ name, file }) => ({ name, days: daysOf(file) }));
      const versions = replayed.flatMap(({ days }) => versionsIn(days.at(-1)!.records.values()));
      const chosen = versions.filter((_, at) => at % 7 === 0);
      const [opened, fresh] = [await kind.open(), await kind.open()];
      for (const { db } of [opened, fresh])
        await transact(db, async (trx) => {
          const { added } = await ensureVersions(trx, chosen);
          await matchVersions(trx, added);
        });
      const files = replayed.map(({ name }) => join(folder, `${name}.jsonl`));
      // the days of all of them in as many steps as there are kills
      const dates = [...new Set(replayed.flatMap(({ days }) => days.map(({ date }) => date)))].sort();
      const steps = Array.from(
        { length: kills },
        (_, at) => dates[Math.floor(((at + 1) * dates.length) / kills) - 1]!,
      );
      const write = (date: string): string[] =>
        replayed.flatMap(({ days }, at) => {
          const day = days.findLast((one) => one.date <= date);
          if (!day) return [];
          writeFileSync(files[at]!, linesOf(day.records.values()));
          return [files[at]!];
        });
      // SQLite belongs to one process at a time
      if (kind.kind === 'sqlite') await opened.db.destroy();
      let killed = 0;
      let longest = 2500;
      for (const date of steps) {
        const present = write(date);
        const child = spawn(process.execPath, [script, opened.where, folder, ...present], {
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        const ended = once(child, 'exit');
        const begun = performance.now();
        await Promise.race([ended, pause(randomInt(100, longest))]);
        if (child.exitCode === null && child.kill('SIGKILL')) killed += 1;
        // so fast a machine is to be killed earlier
        else longest = Math.max(200, Math.floor((performance.now() - begun) * 0.8));
        await ended;
      }
      expect(killed).toBeGreaterThan(kills / 3);
      await finish(opened, folder, write(dates.at(-1)!));
      await finish(fresh, folder, files, kind.kind === 'sqlite');
      const [after, clean] = [await stateIn(opened), await stateIn(fresh)];
      expect(after).toEqual(clean);
      expect((after as { findings: unknown[] }).findings.length).toBeGreaterThan(200);
      for (const database of [opened, fresh]) await database.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function stateIn(database: TestDatabase): Promise<object> {
      if (kind.kind === 'postgres') return stateOf(database.db);
      const again = await openDatabase(database.where);
      try {
        return await stateOf(again.db);
      } finally {
        await again.close();
      }
    }
  },
);

/** Takes all of it in, without a kill. */
async function finish(
  database: TestDatabase,
  folder: string,
  files: readonly string[],
  isOpen = false,
): Promise<void> {
  if (isOpen) await database.db.destroy();
  const child = spawn(process.execPath, [script, database.where, folder, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  const results = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { error?: string });
  expect(results).toHaveLength(files.length);
  expect(results.flatMap(({ error }) => error ?? [])).toEqual([]);
}
