import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { collectAges, type AdvisoryAge } from '@wharfinger/lib/advisories/ages';
import { joinThreats, threatElement, type Threat } from '@wharfinger/lib/advisories/threats';
import type { ThreatList } from '@wharfinger/lib/advisories/threat-sources';
import type { KnownThreat } from '@wharfinger/lib/assess/match-advisories';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import {
  createGenerationSum,
  generationElement,
  type GenerationSum,
} from '@wharfinger/lib/advisories/generation';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { advisoryAge } from './api-shapes.ts';

/**
 * The advisories that commands use when no server is asked: one file of those imported on this machine, and a small one
 * that names it. An import writes a new file and then points to it, so that a reader sees the old or the new whole.
 */
export interface KnownAdvisory {
  readonly advisory: Advisory;
  /** RFC 3339: when it was first imported; grace runs from here where the record has no date of its own */
  readonly firstSeen: string;
}

const threatFile = z.string().regex(/^(?:kev|epss)-[\w-]+\.jsonl\.gz$/);

const stateShape = z.object({
  format: z.literal(1),
  file: z.string().regex(/^records-[\w-]+\.jsonl\.gz$/),
  count: z.number(),
  importedAt: z.string(),
  /** which advisories they are, so that nobody who judges by them has to sum them up; absent: written by an older version */
  generation: z.custom<Digest>(isDigest).optional(),
  /** how old what was imported is */
  ages: z.array(advisoryAge).default([]),
  /** files of what is known of CVEs */
  kev: threatFile.optional(),
  epss: threatFile.optional(),
});

export type CacheState = z.infer<typeof stateShape>;

/** Where the advisories of this machine lie: in $XDG_CACHE_HOME, else ~/.cache. */
export function advisoryCacheFolder(environment: NodeJS.ProcessEnv): string {
  const caches = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(caches, 'wharfinger', 'advisories');
}

/**
 * What the cache holds; undefined: nothing was imported.
 * @throws WharfingerError ADVISORIES_UNREADABLE
 */
export async function readCacheState(folder: string): Promise<CacheState | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, 'state.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = stateShape.safeParse(JSON.parse(text));
  if (!parsed.success) throw unreadable(folder, 'it was made by another version of wharf');
  return parsed.data;
}

/** Every advisory of the cache, in the state that it is in or was seen in. */
export async function* readCache(folder: string, seen?: CacheState): AsyncGenerator<KnownAdvisory> {
  const state = seen ?? (await readCacheState(folder));
  if (state === undefined) return;
  let count = 0;
  for await (const value of readLines(folder, state.file)) {
    count += 1;
    yield value as KnownAdvisory;
  }
  if (count !== state.count) throw unreadable(folder, `it holds ${count} records instead of ${state.count}`);
}

async function* readLines(folder: string, file: string): AsyncGenerator {
  const source = createReadStream(join(folder, file));
  const text = source.pipe(createGunzip());
  source.once('error', (error) => text.destroy(error));
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) yield JSON.parse(line);
  } catch (error) {
    throw unreadable(folder, (error as Error).message);
  }
}

/** What is known of CVEs in this state of the cache. */
export async function readCachedThreats(
  folder: string,
  { kev, epss }: Pick<CacheState, 'kev' | 'epss'>,
): Promise<KnownThreat[]> {
  const known = new Map<string, Threat>();
  for (const file of [kev, epss])
    if (file !== undefined)
      for await (const value of readLines(folder, file)) {
        const [cve, threat] = value as KnownThreat;
        known.set(cve, joinThreats([known.get(cve) ?? {}, threat]));
      }
  return [...known];
}

/**
 * Lays a catalogue of exploited vulnerabilities, or scores of EPSS, in place of the one before.
 * @throws WharfingerError ADVISORIES_UNREADABLE
 */
export async function importThreatsIntoCache(
  folder: string,
  kind: 'kev' | 'epss',
  { threats, published }: ThreatList,
  now: Date,
): Promise<CacheState> {
  await mkdir(folder, { recursive: true });
  const importedAt = now.toISOString();
  const before = await readCacheState(folder);
  const stamp = `${importedAt.replaceAll(/\W/g, '')}-${process.pid}`;
  const file = `${kind}-${stamp}.jsonl.gz`;
  await writeLines(join(folder, file), threats);
  let records = before?.file;
  if (records === undefined) {
    records = `records-${stamp}.jsonl.gz`;
    await writeLines(join(folder, records), []);
  }
  const of = kind === 'kev' ? 'KEV' : 'EPSS';
  const age: AdvisoryAge = {
    of,
    fetched: importedAt,
    ...(published === undefined ? {} : { newest: published }),
  };
  const state: CacheState = {
    ...(before ?? { format: 1 as const, count: 0, importedAt }),
    file: records,
    ages: [...(before?.ages ?? []).filter((known) => known.of !== of), age],
    [kind]: file,
  };
  const sum = createGenerationSum();
  for await (const { advisory } of readCache(folder, state)) sum.add(generationElement(advisory));
  await addThreats(sum, folder, state);
  const complete = { ...state, generation: sum.digest() };
  await putState(folder, complete);
  const replaced = before?.[kind];
  if (replaced !== undefined) await rm(join(folder, replaced), { force: true });
  return complete;
}

async function writeLines(path: string, values: Iterable<unknown>): Promise<void> {
  function* lines(): Generator<string> {
    for (const value of values) yield `${JSON.stringify(value)}\n`;
  }
  await pipeline(lines, createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(path));
}

async function addThreats(
  sum: GenerationSum,
  folder: string,
  state: Pick<CacheState, 'kev' | 'epss'>,
): Promise<void> {
  for (const [cve, threat] of await readCachedThreats(folder, state)) sum.add(threatElement(cve, threat));
}

async function putState(folder: string, state: CacheState): Promise<void> {
  const draft = join(folder, `${state.file}.${process.pid}.state`);
  await writeFile(draft, JSON.stringify(state));
  await rename(draft, join(folder, 'state.json'));
}

/** What became of the records of an import. */
export interface CacheImport {
  read: number;
  new: number;
  replaced: number;
}

/** Lays new advisories over those that the cache holds. Of records with one id in an import, the first counts. */
export async function importIntoCache(
  folder: string,
  advisories: AsyncIterable<Advisory>,
  now: Date,
): Promise<CacheImport & CacheState> {
  await mkdir(folder, { recursive: true });
  const before = await readCacheState(folder);
  const undated = new Map<string, string>();
  for await (const { advisory, firstSeen } of readCache(folder)) {
    if (advisory.published === undefined) undated.set(advisory.id, firstSeen);
  }
  const importedAt = now.toISOString();
  const file = `records-${importedAt.replaceAll(/\W/g, '')}-${process.pid}.jsonl.gz`;
  const result: CacheImport = { read: 0, new: 0, replaced: 0 };
  let count = 0;
  const sum = createGenerationSum();
  const ages = collectAges(now);
  async function* merged(): AsyncGenerator<string> {
    const seen = new Set<string>();
    for await (const advisory of advisories) {
      result.read += 1;
      if (seen.has(advisory.id)) continue;
      seen.add(advisory.id);
      count += 1;
      sum.add(generationElement(advisory));
      ages.add(advisory);
      const firstSeen = undated.get(advisory.id) ?? importedAt;
      yield `${JSON.stringify({ advisory, firstSeen } satisfies KnownAdvisory)}\n`;
    }
    result.new = seen.size;
    for await (const known of readCache(folder)) {
      if (seen.has(known.advisory.id)) {
        result.new -= 1;
        result.replaced += 1;
        continue;
      }
      count += 1;
      sum.add(generationElement(known.advisory));
      yield `${JSON.stringify(known)}\n`;
    }
  }
  const path = join(folder, file);
  try {
    await pipeline(merged, createGzip({ level: constants.Z_BEST_SPEED }), createWriteStream(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const threatFiles = {
    ...(before?.kev !== undefined && { kev: before.kev }),
    ...(before?.epss !== undefined && { epss: before.epss }),
  };
  await addThreats(sum, folder, threatFiles);
  const state: CacheState = {
    format: 1,
    file,
    count,
    importedAt,
    generation: sum.digest(),
    ages: ages.over(before?.ages ?? []),
    ...threatFiles,
  };
  await putState(folder, state);
  if (before !== undefined && before.file !== file) await rm(join(folder, before.file), { force: true });
  return { ...result, ...state };
}

function unreadable(folder: string, what: string): WharfingerError {
  return new WharfingerError('ADVISORIES_UNREADABLE', {
    what: `${folder}: ${what}`,
    remedy: 'remove the folder and import the advisories again',
  });
}
