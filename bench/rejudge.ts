/** `node bench/rejudge.ts`: what new advisories cost over a fleet of images. See README.md here. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startPostgres } from '../server/src/db/testing/postgres-server.ts';
import { transact } from '../server/src/db/transaction.ts';
import { startBatchWorker } from '../server/src/jobs/batch-worker.ts';
import { enqueue } from '../server/src/jobs/enqueue.ts';
import { jobFor, judgeImagesJob } from '../server/src/pipeline/image-jobs.ts';
import { storeBatch } from '../server/src/pipeline/import-advisories.ts';
import { createVerdictSource } from '../server/src/pipeline/judge.ts';
import type { PipelineParts } from '../server/src/pipeline/parts.ts';
import type { JudgingCounts } from '../server/src/pipeline/result-memory.ts';
import { describeWork } from '../server/src/pipeline/work.ts';
import { byHand } from '../server/src/stores/advisory-origins.ts';
import { manifestsAfter, type Placed } from '../server/src/stores/repositories.ts';
import { advisoriesAbout } from './fleet/advisories.ts';
import { writeFleet } from './fleet/bulk-fleet.ts';
import { openFleet } from './fleet/parts.ts';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    packages: { type: 'string', default: '300' },
    advisories: { type: 'string', default: '500' },
    together: { type: 'string', default: '1200' },
    pulls: { type: 'string', default: '200' },
    postgres: { type: 'boolean', default: false },
    folder: { type: 'string', default: tmpdir() },
    /** a fleet that `fleet/fill.ts` made: a copy of it is worked on */
    database: { type: 'string' },
    /** end each of the two passes when so many verdicts were made; all of them if absent */
    verdicts: { type: 'string', default: 'Infinity' },
  },
});
const count = (name: 'images' | 'packages' | 'advisories' | 'together' | 'pulls' | 'verdicts') =>
  Number(options[name]);

const now = (): Date => new Date();
const folder = mkdtempSync(join(options.folder, 'wharfinger-rejudge-'));
const postgres = options.postgres ? await startPostgres() : undefined;
try {
  await measure();
} finally {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const { parts, close } = await open();
  const work = describeWork(parts, 3_600_000);
  const onError = (error: unknown): void => console.error(error);
  const worker = startBatchWorker({ db: parts.db, ...work.judging, size: count('together'), now, onError });
  const ofMany = startBatchWorker({
    db: parts.db,
    ...work.judgingMany,
    size: Math.ceil(count('together') / 100),
    now,
    onError,
  });
  try {
    const first = options.database === undefined ? await fill(parts) : undefined;
    const all = await allPlaces(parts);
    // once before it counts, as in a server that has been up for a while
    const begun = now();
    await rateOf(parts, () => importEdition(parts, 0));
    // Measured are images whose verdicts that pass has made: the others are from when the fleet was, by routines of then.
    await parts.db.deleteFrom('jobs').execute();
    const judged = await judgedSince(parts, begun);
    const places = judged.length > 0 ? judged : all;
    const gate = createVerdictSource(parts);
    const waits: number[] = [];
    const events = await countEvents(parts);
    const again = await rateOf(
      parts,
      () => importEdition(parts, 1),
      async () => {
        for (let pull = 0; pull < count('pulls'); pull += 1) {
          const { repository, digest } = places[Math.floor(Math.random() * places.length)]!;
          if (parts.memory.get(repository, digest, Date.now())) continue;
          const begin = performance.now();
          await gate(repository, digest);
          waits.push(performance.now() - begin);
          await pause(5);
        }
      },
    );
    await worker.stop(60_000);
    await ofMany.stop(60_000);
    const told = (await countEvents(parts)) - events;
    await parts.db.deleteFrom('jobs').execute();
    const alone = await pullsAlone(parts, places);
    waits.sort((a, b) => a - b);
    const lines: Array<readonly [string, string, string]> = [
      ...(first
        ? [['first verdicts, all evidence verified', `${Math.round(first.rate)}/s`, ''] as const]
        : []),
      [
        `${count('advisories')} advisories stored, ${again.images} affected images listed`,
        `${again.asked.toFixed(2)} s`,
        '≤ 2 s',
      ],
      ['verdicts judged again', `${Math.round(again.rate)}/s`, '≥ 2,000/s'],
      ['processor time of one, all threads', `${again.processor.toFixed(2)} ms`, ''],
      ['the same, of the thread that judges', `${again.own.toFixed(2)} ms`, ''],
      ['routines evaluated / results reused', `${again.counts.evaluated} / ${again.counts.reused}`, ''],
      ['images looked into from nothing', String(again.counts.anew), ''],
      ['events committed', String(told), ''],
      [`stale at a pull meanwhile (${waits.length}), p50`, `${at(waits, 0.5)} ms`, ''],
      ['the same, p99', `${at(waits, 0.99)} ms`, '≤ 10 ms'],
      [`stale at a pull, nothing else going on (${alone.length}), p50`, `${at(alone, 0.5)} ms`, ''],
      ['the same, p99', `${at(alone, 0.99)} ms`, '≤ 10 ms'],
      ['memory of the process', `${Math.round(process.memoryUsage().rss / 1e6)} MB`, ''],
    ];
    console.log(
      `\n${all.length} images, ${postgres ? 'PostgreSQL' : 'SQLite'}, ${cpus().length} processors, load ${loadavg()[0]!.toFixed(1)}\n`,
    );
    console.log('| work | measured | target |\n|---|---:|---:|');
    for (const line of lines) console.log(`| ${line.join(' | ')} |`);
  } finally {
    await worker.stop(1000);
    await ofMany.stop(1000);
    await close();
  }
}

/** An empty folder, or a copy of a fleet; the blobs of that are only read. */
async function open() {
  const data = join(folder, 'data');
  mkdirSync(data);
  const { database } = options;
  if (database === undefined) {
    const url = postgres?.urlOf('postgres');
    return openFleet(data, url === undefined ? {} : { database: url });
  }
  if (!existsSync(join(database, 'wharfinger.db'))) throw new Error(`${database} has no fleet`);
  for (const name of readdirSync(database).filter((one) => one !== 'blobs' && one !== 'wharfinger.lock'))
    cpSync(join(database, name), join(data, name), { recursive: true });
  return openFleet(data, { blobs: join(database, 'blobs') });
}

/** Images, and the first verdict on each. */
async function fill(parts: PipelineParts): Promise<Rate> {
  await transact(parts.db, (trx) => storeBatch(trx, parts, byHand, advisoriesAbout(2000, 0)));
  await timed('the fleet', () =>
    writeFleet(
      parts.db,
      { images: count('images'), packages: count('packages'), bases: 400 },
      { storage: parts.storage, onProgress: (made) => made % 5000 === 0 && console.log(`${made} images`) },
    ),
  );
  const places = await allPlaces(parts);
  return rateOf(parts, async () => {
    const jobs = places.map((place) => jobFor('judge', place));
    await transact(parts.db, (trx) => enqueue(trx, jobs, now()));
    return places.length;
  });
}

function at(sorted: readonly number[], part: number): string {
  return (sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN).toFixed(1);
}

/** Images that one small change has made stale, pulled at once before the worker comes to them. */
async function pullsAlone(parts: PipelineParts, places: readonly Placed[]): Promise<number[]> {
  const gate = createVerdictSource(parts);
  const waits: number[] = [];
  for (let pull = 0; pull < count('pulls'); pull += 1) {
    const { repository, digest } = places[(pull * 7919) % places.length]!;
    parts.memory.forget(repository, digest);
    await parts.db
      .updateTable('image_changes')
      .set((eb) => ({ facts: eb('facts', '+', 1) }))
      .where('digest', '=', digest)
      .execute();
    const begin = performance.now();
    await gate(repository, digest);
    waits.push(performance.now() - begin);
  }
  return waits.sort((a, b) => a - b);
}

interface Rate {
  /** seconds until the work was asked for */
  readonly asked: number;
  readonly images: number;
  /** verdicts a second, from then on */
  readonly rate: number;
  /** milliseconds of all threads for each verdict */
  readonly processor: number;
  /** of them those of this thread */
  readonly own: number;
  readonly counts: JudgingCounts;
}

async function rateOf(
  parts: PipelineParts,
  ask: () => Promise<number>,
  meanwhile?: () => Promise<void>,
): Promise<Rate> {
  const before = parts.results.counts();
  const begin = performance.now();
  const images = await ask();
  const asked = performance.now();
  const [used, usedHere] = [process.cpuUsage(), process.threadCpuUsage()];
  const beside = meanwhile?.();
  const made = (): number => parts.results.counts().verdicts - before.verdicts;
  for (let last = 0; made() < count('verdicts') && (await isWaiting(parts)); last += 1) {
    await pause(100);
    if (last % 50 === 49) console.log(`${made()} verdicts`);
  }
  const seconds = (performance.now() - asked) / 1000;
  const [all, here] = [process.cpuUsage(used), process.threadCpuUsage(usedHere)];
  await beside;
  const after = parts.results.counts();
  const counts = {
    verdicts: after.verdicts - before.verdicts,
    evaluated: after.evaluated - before.evaluated,
    reused: after.reused - before.reused,
    anew: after.anew - before.anew,
  };
  return {
    asked: (asked - begin) / 1000,
    images,
    rate: counts.verdicts / seconds,
    processor: (all.user + all.system) / 1000 / counts.verdicts,
    own: (here.user + here.system) / 1000 / counts.verdicts,
    counts,
  };
}

/** Stores the advisories of an edition; gives the number of images that they touch. */
async function importEdition(parts: PipelineParts, edition: number): Promise<number> {
  let touched = 0;
  await transact(parts.db, async (trx) => {
    const all = advisoriesAbout(count('advisories'), edition);
    touched = (await storeBatch(trx, parts, byHand, all)).images;
  });
  return touched;
}

async function isWaiting({ db }: PipelineParts): Promise<boolean> {
  const waiting = db.selectFrom('jobs').select('id').where('kind', 'in', ['judge', judgeImagesJob]).limit(1);
  return (await waiting.execute()).length > 0;
}

async function countEvents({ db }: PipelineParts): Promise<number> {
  const row = await db
    .selectFrom('verdict_events')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

async function allPlaces({ db }: PipelineParts): Promise<Placed[]> {
  const places: Placed[] = [];
  for (let after = 0; ;) {
    const some = await manifestsAfter(db, after, 5000);
    if (some.length === 0) return places;
    for (const { repository, digest } of some) places.push({ repository, digest });
    after = some.at(-1)!.id;
  }
}

/** Images with a verdict that was made at a time or later. */
async function judgedSince({ db }: PipelineParts, since: Date): Promise<Placed[]> {
  const rows = await db
    .selectFrom('verdicts')
    .innerJoin('repositories', 'repositories.id', 'verdicts.repository_id')
    .select(['repositories.name as repository', 'verdicts.digest'])
    .where('verdicts.made_at', '>=', since.getTime())
    .execute();
  return rows.map(({ repository, digest }) => ({ repository, digest: digest as Placed['digest'] }));
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}
