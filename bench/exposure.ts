/**
 * `node bench/exposure.ts`: which images have what, over a fleet of many. 500 advisories that are new, then changed, and the list of
 * images that they touch; searches of every kind; a start. See README.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Db } from '../server/src/db/schema.ts';
import { transact } from '../server/src/db/transaction.ts';
import { createSearch } from '../server/src/exposure/search.ts';
import { invalidateImages } from '../server/src/pipeline/follow.ts';
import { createLastVerdicts, type LastVerdict } from '../server/src/pipeline/last-verdicts.ts';
import { importAdvisories } from '../server/src/stores/advisories.ts';
import { recomputeFindings, versionsWithFindings } from '../server/src/stores/findings.ts';
import { noteChanges } from '../server/src/stores/image-changes.ts';
import { imagesWithVersions, placesOfImages } from '../server/src/stores/images.ts';
import { advisoriesAbout } from './fleet/advisories.ts';
import { writeFleet } from './fleet/bulk-fleet.ts';
import { writeLayerFiles } from './fleet/layer-files.ts';
import { openFleet } from './fleet/parts.ts';
import { questionsAbout, viewers } from './fleet/questions.ts';
import { usageOf } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '100000' },
    packages: { type: 'string', default: '300' },
    bases: { type: 'string', default: '400' },
    questions: { type: 'string', default: '200' },
    /** a fleet that `fleet/fill.ts` made: it is as before in the end. Absent: one is made, without verdicts */
    database: { type: 'string' },
    /** keep that fleet in a server of PostgreSQL instead, in a database that is empty */
    postgres: { type: 'string' },
  },
});
const shape = {
  images: Number(options.images),
  packages: Number(options.packages),
  bases: Number(options.bases),
};
const folder = options.database ?? mkdtempSync(join(tmpdir(), 'wharfinger-exposure-'));
const row = (name: string, value: string): void => console.log(`${name.padEnd(72)} ${value}`);
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

/** Ends a transaction, of which nothing is to stay. */
class Undo extends Error {}

const { parts, close } = await openFleet(
  folder,
  options.postgres === undefined ? {} : { database: options.postgres },
);
const { db } = parts;
try {
  if (options.database === undefined) await load();
  await describeSize();
  await changeAdvisories();
  await ask();
  await close();
  if (options.postgres === undefined) await overCopies();
} finally {
  if (options.database === undefined) rmSync(folder, { recursive: true });
}
row('load of the machine in the last minute', loadavg()[0]!.toFixed(1));

async function count(table: 'images' | 'packages' | 'group_packages' | 'image_groups' | 'verdicts') {
  const found = await db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return found.count;
}

async function load(): Promise<void> {
  const filled = await timed(async () => {
    await transact(db, (trx) => importAdvisories(trx, advisoriesAbout(2000, 0), new Date()));
    await writeFleet(db, shape);
    await writeLayerFiles(db, shape);
  });
  row('filling', `${both(filled)}, ${ms(filled.busy / shape.images)} an image`);
}

async function describeSize(): Promise<void> {
  const images = await count('images');
  const members = await count('group_packages');
  const groups = await count('image_groups');
  row('images', images.toLocaleString('en'));
  row('verdicts', (await count('verdicts')).toLocaleString('en'));
  row('different packages', (await count('packages')).toLocaleString('en'));
  row('rows that say who has what, an image', ((members + groups) / images).toFixed(1));
  if (options.postgres === undefined)
    row('database', `${Math.round(statSync(join(folder, 'wharfinger.db')).size / 1e6)} MB`);
}

/** 500 advisories come, and then all change: each time the images that are to be judged again are listed, and asked to be. */
async function changeAdvisories(): Promise<void> {
  const undone = transact(db, async (trx) => {
    for (const [name, edition] of [
      ['500 new advisories', 0],
      ['500 changed advisories', 1],
    ] as const)
      await changeOnce(trx, name, edition);
    throw new Undo();
  });
  await undone.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
}

async function changeOnce(trx: Db, name: string, edition: number): Promise<void> {
  const matched = await timed(async () => {
    const result = await importAdvisories(trx, advisoriesAbout(500, edition), new Date());
    return [
      ...(await recomputeFindings(trx, result.touchedNames)),
      ...(await versionsWithFindings(trx, result.reweighed)),
    ];
  });
  const versions = matched.value;
  row(`${name}: import and matching (${versions.length} package versions)`, both(matched));
  const images = await timed(() => imagesWithVersions(trx, versions));
  row(`${name}: keys of ${images.value.length.toLocaleString('en')} images`, both(images));
  const places = await timed(() => placesOfImages(trx, images.value));
  row(`${name}: their ${places.value.length.toLocaleString('en')} places`, both(places));
  const invalidated = await timed(() =>
    invalidateImages(trx, parts.memory, images.value, new Date(), 'advisories'),
  );
  row(`${name}: no verdict of them stands, and all are asked for`, both(invalidated));
}

/** The first page of answers, and the second where there is one. Verdicts are told as they are kept, as if they all stood; in a fleet without any, one is. */
async function ask(): Promise<void> {
  const kept = createLastVerdicts(parts);
  const none: LastVerdict = { outcome: 'allow', decided: true, at: '', stands: true };
  const search = createSearch(db, parts.layerFiles, {
    ...kept,
    of: async (places) =>
      (await kept.of(places)).map((one) => (one === undefined ? one : { ...(one ?? none), stands: true })),
  });
  for (const [kind, make] of await questionsAbout(db, shape.packages)) {
    for (const [who, viewer] of viewers) {
      const pages: readonly Timed<unknown>[][] = [[], []];
      for (let asked = 0; asked < Number(options.questions); asked += 1) {
        const question = make();
        const first = await timed(() => search.exposure(question, { limit: 100 }, viewer));
        pages[0]!.push(first);
        const { next: last } = first.value;
        if (last === undefined) continue;
        pages[1]!.push(await timed(() => search.exposure(question, { limit: 100, last }, viewer)));
      }
      for (const [index, page] of ['first 100', 'next 100'].entries())
        if (pages[index]!.length > 0)
          rowOfMany(`exposure to ${kind}, ${page}, who sees ${who}`, pages[index]!);
    }
  }
}

function rowOfMany(name: string, times: readonly Timed<unknown>[]): void {
  const at = (of: 'took' | 'busy', share: number): string => {
    const sorted = times.map((one) => one[of]).sort((left, right) => left - right);
    return ms(sorted[Math.floor((sorted.length - 1) * share)]!);
  };
  row(
    `${name}: p50, p99`,
    `${at('took', 0.5)}, ${at('took', 0.99)} (processors ${at('busy', 0.5)}, ${at('busy', 0.99)})`,
  );
}

/** What the same answers take, in a copy of the fleet, when none of the verdicts of the page stands: news has just come. */
async function askStale(own: string): Promise<void> {
  const copy = await openFleet(own, { blobs: join(folder, 'blobs') });
  try {
    const search = createSearch(copy.parts.db, copy.parts.layerFiles, createLastVerdicts(copy.parts));
    const [, viewer] = viewers[0]!;
    for (const [kind, make] of (await questionsAbout(copy.parts.db, shape.packages)).slice(0, 5)) {
      const times: Timed<unknown>[] = [];
      let [places, stale] = [0, 0];
      for (let asked = 0; asked < Number(options.questions) / 4; asked += 1) {
        const question = make();
        const { images: found } = await search.find(question, { limit: 100 }, viewer);
        await transact(copy.parts.db, (trx) => noteChanges(trx, found, 'advisories'));
        const one = await timed(() => search.exposure(question, { limit: 100 }, viewer));
        times.push(one);
        places += found.length;
        stale += one.value.images.filter(({ verdict }) => verdict?.stale).length;
      }
      rowOfMany(`exposure to ${kind} where no verdict stands`, times);
      row(`… places, and of these still stale in the answer`, `${places}, ${stale}`);
    }
  } finally {
    await copy.close();
  }
}

/** A copy of the fleet: questions with stale verdicts, and a whole server; and a server over nothing. */
async function overCopies(): Promise<void> {
  const [own, empty] = ['fleet', 'empty'].map(() => mkdtempSync(join(tmpdir(), 'wharfinger-exposure-')));
  try {
    for (const file of ['wharfinger.db', 'registry-key.pem'])
      copyFileSync(join(folder, file), join(own!, file));
    if (options.database !== undefined) await askStale(own!);
    if (!existsSync('/proc/self/status')) return;
    await startOver('nothing', empty!);
    await startOver('the fleet', own!);
  } finally {
    for (const one of [own!, empty!]) rmSync(one, { recursive: true });
  }
}

async function startOver(what: string, own: string): Promise<void> {
  const compiled = join(import.meta.dirname, '../server/dist/main.js');
  const program = existsSync(compiled) ? compiled : join(import.meta.dirname, '../server/src/main.ts');
  const begun = performance.now();
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      WHARFINGER_DATA: own,
      WHARFINGER_LISTEN: '127.0.0.1:0',
      WHARFINGER_ADMIN_PASSWORD: 'bench-bench',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let said = '';
  const serves = Promise.withResolvers<void>();
  child.stdout.on('data', (part) => {
    said += String(part);
    if (said.includes('wharfinger serves')) serves.resolve();
  });
  await Promise.race([serves.promise, ended]);
  if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
  const took = performance.now() - begun;
  const used = usageOf(child.pid!)?.cpu ?? Number.NaN;
  row(
    `start over ${what}, until it serves (${program === compiled ? 'compiled' : 'sources'})`,
    `${ms(took)} (processors ${ms(used * 1000)})`,
  );
  await pause(5000);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const resident = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000);
  row(`start over ${what}, memory five seconds later`, `${resident} MB`);
  child.kill('SIGTERM');
  await ended;
}
