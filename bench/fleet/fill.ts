/** `node bench/fleet/fill.ts --database FOLDER`: a fleet to measure with again and again. See ../README.md. */
import { statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Db } from '../../server/src/db/schema.ts';
import { transact } from '../../server/src/db/transaction.ts';
import { storeBatch } from '../../server/src/pipeline/import-advisories.ts';
import { judgeImages } from '../../server/src/pipeline/judge-images.ts';
import type { PipelineParts } from '../../server/src/pipeline/parts.ts';
import { byHand } from '../../server/src/stores/advisory-origins.ts';
import { manifestsAfter } from '../../server/src/stores/repositories.ts';
import { advisoriesAbout } from './advisories.ts';
import { writeFleet } from './bulk-fleet.ts';
import { writeLayerFiles } from './layer-files.ts';
import { openFleet } from './parts.ts';

const { values: options } = parseArgs({
  options: {
    database: { type: 'string' },
    images: { type: 'string', default: '100000' },
    packages: { type: 'string', default: '300' },
    bases: { type: 'string', default: '400' },
    advisories: { type: 'string', default: '2000' },
    /** end after the images; the next run makes the verdicts */
    unjudged: { type: 'boolean', default: false },
    /** judge all again, as where another version of this program made the verdicts: it uses nothing of what that kept */
    again: { type: 'boolean', default: false },
  },
});
if (options.database === undefined) throw new Error('--database FOLDER says where to keep the fleet');
const folder = options.database;
const images = Number(options.images);
const shape = { images, packages: Number(options.packages), bases: Number(options.bases) };

const { parts, close } = await openFleet(folder);
try {
  await fill();
  await fillFiles();
  if (!options.unjudged) await judge();
  const { size } = statSync(join(folder, 'wharfinger.db'));
  console.log(`${Math.round(size / 1e6)} MB`);
} finally {
  await close();
}

/** Images and what they hold; nothing is done where they are there. */
async function fill(): Promise<void> {
  const present = await count(parts.db, 'images');
  if (present === images) return;
  if (present > 0) throw new Error(`${folder} has ${present} images: give it up, or name another`);
  await timed('images', async () => {
    const advisories = advisoriesAbout(Number(options.advisories), 0);
    await transact(parts.db, (trx) => storeBatch(trx, parts, byHand, advisories));
    await writeFleet(parts.db, shape, {
      storage: parts.storage,
      onProgress: (made) => tell(made, 'images'),
    });
    return images;
  });
}

/** What is in the layers, and the index of it. */
async function fillFiles(): Promise<void> {
  const present = await parts.db.selectFrom('layer_files').select('id').limit(1).execute();
  if (present.length === 0) await timed('layers with their files', () => writeLayerFiles(parts.db, shape));
}

/** Verdicts of those that have none, made as the server makes the first of an image. */
async function judge(): Promise<void> {
  await timed('verdicts', async () => {
    let made = 0;
    for (let after = options.again ? 0 : await lastJudged(parts.db); ;) {
      const some = await manifestsAfter(parts.db, after, 128);
      if (some.length === 0) return made;
      await judgeSome(parts, some);
      after = some.at(-1)!.id;
      made += some.length;
      tell(after, 'verdicts');
    }
  });
  const verdicts = await count(parts.db, 'verdicts');
  if (verdicts !== images) throw new Error(`${verdicts} of ${images} images have a verdict`);
}

async function judgeSome(all: PipelineParts, places: Parameters<typeof judgeImages>[1]): Promise<void> {
  const { failures, overtaken } = await judgeImages(all, places);
  if (failures.length > 0) throw failures[0]!.error;
  if (overtaken.length > 0) throw new Error('somebody else judges in this database');
}

async function count(db: Db, table: 'images' | 'verdicts'): Promise<number> {
  const found = await db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return found.count;
}

/** They are judged in the order of their keys. */
async function lastJudged(db: Db): Promise<number> {
  const found = await db
    .selectFrom('verdicts')
    .innerJoin('manifests', (join) =>
      join
        .onRef('manifests.digest', '=', 'verdicts.digest')
        .onRef('manifests.repository_id', '=', 'verdicts.repository_id'),
    )
    .select((eb) => eb.fn.max('manifests.id').as('last'))
    .executeTakeFirstOrThrow();
  return found.last ?? 0;
}

function tell(done: number, what: string): void {
  if (done % 10_000 < 128) process.stderr.write(`${new Date().toISOString()} ${done} ${what}\n`);
}

async function timed(what: string, work: () => Promise<number>): Promise<void> {
  const [begun, used] = [performance.now(), process.cpuUsage()];
  const count = await work();
  if (count === 0) return;
  const { user, system } = process.cpuUsage(used);
  const each = ((user + system) / 1000 / count).toFixed(2);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(
    `${count} ${what} in ${seconds} s, ${each} ms of processors each, load ${loadavg()[0]!.toFixed(1)}`,
  );
}
