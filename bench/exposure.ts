/**
 * `node bench/exposure.ts`: which images have what, over a fleet of many. Fills a database with a fleet through the stores, then
 * measures: 500 advisories that are new, and the list of images that they touch; searches of every kind; a start. See README.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { openDatabase, type Database } from '../server/src/db/open.ts';
import { transact } from '../server/src/db/transaction.ts';
import type { Question } from '../server/src/exposure/question.ts';
import { createSearch } from '../server/src/exposure/search.ts';
import { createLayerFiles } from '../server/src/inspection/layer-files.ts';
import { importAdvisories } from '../server/src/stores/advisories.ts';
import { recomputeFindings, versionsWithFindings } from '../server/src/stores/findings.ts';
import { imagesWithVersions, placesOfImages } from '../server/src/stores/images.ts';
import { digestOf, type Digest } from '../lib/src/oci/digest.ts';
import { advisoriesAbout } from './fleet/advisories.ts';
import { languagePackages, randomOf } from './fleet/contents.ts';
import { makeFleet } from './fleet/fleet.ts';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '100000' },
    packages: { type: 'string', default: '300' },
    bases: { type: 'string', default: '400' },
    questions: { type: 'string', default: '200' },
    /** a database of an earlier run, or postgres://…; one that is empty is filled, and none of these is removed */
    database: { type: 'string' },
  },
});
const shape = {
  images: Number(options.images),
  packages: Number(options.packages),
  bases: Number(options.bases),
};
const where = options.database ?? mkdtempSync(join(tmpdir(), 'wharfinger-exposure-'));
const rows: Array<readonly [string, string]> = [];
const row = (name: string, value: string): void => {
  rows.push([name, value]);
  console.log(`${name.padEnd(64)} ${value}`);
};
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

interface Timed<T> {
  readonly value: T;
  /** milliseconds */
  readonly took: number;
  /** milliseconds of processors, in all threads of this process: where others are busy too, this one tells */
  readonly busy: number;
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(used);
  return { value, took: performance.now() - begun, busy: (user + system) / 1000 };
}

const both = ({ took, busy }: Timed<unknown>): string => `${ms(took)} (processors ${ms(busy)})`;

let database = await openDatabase(where);
try {
  if ((await count(database, 'images')) === 0) await load();
  await describeSize();
  await changeAdvisories();
  await ask();
  await start();
} finally {
  await database.close();
  if (options.database === undefined) rmSync(where, { recursive: true });
}

async function count({ db }: Database, table: 'images' | 'packages' | 'group_packages' | 'image_groups') {
  const found = await db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return found.count;
}

async function load(): Promise<void> {
  const { took } = await timed(() =>
    makeFleet(database.db, shape, {
      onProgress: (made) => process.stderr.write(made % 10_000 === 0 ? `${made} images\n` : ''),
    }),
  );
  row('filling, images a second', String(Math.round((shape.images / took) * 1000)));
}

async function describeSize(): Promise<void> {
  const images = await count(database, 'images');
  const members = await count(database, 'group_packages');
  const groups = await count(database, 'image_groups');
  row('images', images.toLocaleString('en'));
  row('different packages', (await count(database, 'packages')).toLocaleString('en'));
  row('rows that say who has what, an image', ((members + groups) / images).toFixed(1));
  if (database.kind === 'postgres') {
    const { rows: sizes } = await sql<{
      size: number;
    }>`select pg_database_size(current_database()) as size`.execute(database.db);
    row('database', `${Math.round(sizes[0]!.size / 1e6)} MB`);
    return;
  }
  row('database', `${Math.round(statSync(join(where, 'wharfinger.db')).size / 1e6)} MB`);
}

/** 500 advisories come, and then all change: each time the images that are to be judged again are listed. */
async function changeAdvisories(): Promise<void> {
  const run = Date.now() % 1000;
  for (const [name, edition] of [
    ['500 new advisories', run],
    ['500 changed advisories', run + 1],
  ] as const) {
    const matched = await timed(() =>
      transact(database.db, async (trx) => {
        const result = await importAdvisories(trx, advisoriesAbout(500, edition % 3), new Date());
        return [
          ...(await recomputeFindings(trx, result.touchedNames)),
          ...(await versionsWithFindings(trx, result.reweighed)),
        ];
      }),
    );
    const versions = matched.value;
    row(`${name}: import and matching (${versions.length} package versions)`, both(matched));
    const images = await timed(() => imagesWithVersions(database.db, versions));
    row(`${name}: keys of ${images.value.length.toLocaleString('en')} images`, both(images));
    const places = await timed(() => placesOfImages(database.db, images.value));
    row(`${name}: their ${places.value.length.toLocaleString('en')} places`, both(places));
  }
}

async function ask(): Promise<void> {
  const verdict = { outcome: 'allow', decided: true, at: '' } as never;
  const search = createSearch(database.db, createLayerFiles(), async () => verdict);
  const everything = { visible: () => true, seesPulls: true };
  // Who may pull little waits longest: all that was found is looked through.
  const little = { visible: (name: string) => name.startsWith('team-49/'), seesPulls: false };
  const digests = await database.db.selectFrom('images').select('digest').orderBy('id').limit(300).execute();
  const random = randomOf(7);
  const pick = (most: number): number => Math.floor(random() * most);
  const kinds: ReadonlyArray<readonly [string, () => Question]> = [
    [
      'a package of languages',
      () => ({ kind: 'package', name: `package-${Math.floor(languagePackages * random() ** 3)}` }),
    ],
    [
      'a package of a distribution, below a version',
      () => ({ kind: 'package', name: `lib${pick(90)}`, version: '<1.2-9' }),
    ],
    ['a package URL', () => ({ kind: 'purl', purl: `pkg:npm/package-${pick(2000)}@1.${pick(4)}.0` })],
    ['a vulnerability', () => ({ kind: 'vulnerability', id: `CVE-2026-${10_000 + pick(500)}` })],
    ['a licence that most images have', () => ({ kind: 'licence', licence: 'MIT' })],
    [
      'a layer of a base',
      () => ({
        kind: 'layer',
        digest: digestOf(`content base ${pick(8)} ${pick(50)} ${Math.round(shape.packages * 0.3)}`),
      }),
    ],
    ['images upon a base', () => ({ kind: 'base', digest: digests[pick(digests.length)]!.digest as Digest })],
  ];
  for (const [name, make] of kinds) {
    for (const [who, viewer] of [
      ['by who sees all', everything],
      ['by who sees a fiftieth', little],
    ] as const) {
      const visible = name === 'images upon a base' ? everything.visible : viewer.visible;
      const took: number[] = [];
      const busy: number[] = [];
      for (let asked = 0; asked < Number(options.questions); asked += 1) {
        const question = make();
        const page = { limit: 100 };
        const one = await timed(() => search.exposure(question, page, { ...viewer, visible }));
        took.push(one.took);
        busy.push(one.busy);
      }
      const at = (values: number[], share: number): string =>
        ms(values.toSorted((left, right) => left - right)[Math.floor((values.length - 1) * share)]!);
      row(
        `exposure to ${name}, 100 places, ${who}: p50, p99`,
        `${at(took, 0.5)}, ${at(took, 0.99)} (processors ${at(busy, 0.5)}, ${at(busy, 0.99)})`,
      );
    }
  }
}

/** A whole server over the database, and one over nothing: until it serves, and what it takes then. */
async function start(): Promise<void> {
  if (database.kind === 'postgres' || !existsSync('/proc/self/status')) return;
  await database.close();
  const empty = mkdtempSync(join(tmpdir(), 'wharfinger-exposure-'));
  await startOver('nothing', empty);
  await startOver('the fleet', where);
  rmSync(empty, { recursive: true });
  database = await openDatabase(where);
}

async function startOver(what: string, folder: string): Promise<void> {
  const begun = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, '../server/src/main.ts')], {
    env: {
      ...process.env,
      WHARFINGER_DATA: folder,
      WHARFINGER_LISTEN: '127.0.0.1:0',
      WHARFINGER_ADMIN_PASSWORD: 'bench-bench',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const part of child.stdout) {
    said += String(part);
    if (said.includes('wharfinger serves')) break;
  }
  row(`start over ${what}, until it serves`, ms(performance.now() - begun));
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  row(
    `start over ${what}, memory then`,
    `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000)} MB`,
  );
  child.kill('SIGTERM');
  await once(child, 'exit');
}
