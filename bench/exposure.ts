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
import { digestOf, type Digest } from '../lib/src/oci/digest.ts';
import type { Db } from '../server/src/db/schema.ts';
import { transact } from '../server/src/db/transaction.ts';
import type { Question } from '../server/src/exposure/question.ts';
import { createSearch } from '../server/src/exposure/search.ts';
import { invalidateImages } from '../server/src/pipeline/follow.ts';
import { importAdvisories } from '../server/src/stores/advisories.ts';
import { recomputeFindings, versionsWithFindings } from '../server/src/stores/findings.ts';
import { imagesWithVersions, placesOfImages } from '../server/src/stores/images.ts';
import { getVerdict } from '../server/src/stores/verdicts.ts';
import { advisoriesAbout } from './fleet/advisories.ts';
import { writeFleet } from './fleet/bulk-fleet.ts';
import { languagePackages, randomOf } from './fleet/contents.ts';
import { fileDigest, writeLayerFiles } from './fleet/layer-files.ts';
import { openFleet } from './fleet/parts.ts';
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
  if (options.postgres === undefined) await start();
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

async function ask(): Promise<void> {
  const none = { outcome: 'allow', decided: true, at: '' } as never;
  // What is kept, whether it stands or not: a verdict that does not is made again, which is measured by rejudge.ts.
  const search = createSearch(db, parts.layerFiles, async (repository, digest) => {
    const kept = await getVerdict(db, { repository, digest }, 'pull');
    return kept?.verdict ?? none;
  });
  const everything = { visible: () => true, seesPulls: true };
  // Who may pull little waits longest: all that was found is looked through.
  const little = { visible: (name: string) => name.startsWith('team-49/'), seesPulls: false };
  // All bases, and every second team.
  const half = { visible: (name: string) => /^(library|team-[0-9]*[02468])\//.test(name), seesPulls: false };
  const digests = await db.selectFrom('images').select('digest').orderBy('id').limit(300).execute();
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
    ['a package URL without a version', () => ({ kind: 'purl', purl: `pkg:npm/package-${pick(2000)}` })],
    ['a vulnerability', () => ({ kind: 'vulnerability', id: `CVE-2026-${10_000 + pick(2000)}` })],
    ['a licence that most images have', () => ({ kind: 'licence', licence: 'MIT' })],
    ['a licence that no image has', () => ({ kind: 'licence', licence: 'AGPL-3.0-only' })],
    [
      'a layer of a base',
      () => ({
        kind: 'layer',
        digest: digestOf(`content base ${pick(8)} ${pick(50)} ${Math.round(shape.packages * 0.3)}`),
      }),
    ],
    [
      'a file that a package brings',
      () => ({ kind: 'file', digest: fileDigest(`pkg:npm/package-${pick(2000)}@1.${pick(4)}.0`, 'lib.so') }),
    ],
    [
      'whatever has a digest',
      () => ({ kind: 'digest', digest: digests[pick(digests.length)]!.digest as Digest }),
    ],
    ['images upon a base', () => ({ kind: 'base', digest: digests[pick(digests.length)]!.digest as Digest })],
  ];
  for (const [name, make] of kinds) {
    for (const [who, viewer] of [
      ['by who sees all', everything],
      ['by who sees half', half],
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

/** A whole server over a copy of the database, and one over nothing: until it serves, and what it takes then. */
async function start(): Promise<void> {
  if (!existsSync('/proc/self/status')) return;
  for (const [what, source] of [
    ['nothing', undefined],
    ['the fleet', join(folder, 'wharfinger.db')],
  ] as const) {
    const own = mkdtempSync(join(tmpdir(), 'wharfinger-exposure-'));
    try {
      if (source !== undefined) copyFileSync(source, join(own, 'wharfinger.db'));
      await startOver(what, own);
    } finally {
      rmSync(own, { recursive: true });
    }
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
