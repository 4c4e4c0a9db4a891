import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { createGenerationSum, generationElement } from '@wharfinger/lib/advisories/generation';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';

/**
 * The advisories that commands use when no server is asked: one file of those imported on this machine, and a small one
 * that names it. An import writes a new file and then points to it, so that a reader sees the old or the new whole.
 */
export interface KnownAdvisory {
  readonly advisory: Advisory;
  /** RFC 3339: when it was first imported; grace runs from here where the record has no date of its own */
  readonly firstSeen: string;
}

const stateShape = z.object({
  format: z.literal(1),
  file: z.string().regex(/^records-[\w-]+\.jsonl\.gz$/),
  count: z.number(),
  importedAt: z.string(),
  /** which advisories they are, so that nobody who judges by them has to sum them up; absent: written by an older version */
  generation: z.custom<Digest>(isDigest).optional(),
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
  const source = createReadStream(join(folder, state.file));
  const text = source.pipe(createGunzip());
  source.once('error', (error) => text.destroy(error));
  let count = 0;
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
      count += 1;
      yield JSON.parse(line) as KnownAdvisory;
    }
  } catch (error) {
    throw unreadable(folder, (error as Error).message);
  }
  if (count !== state.count) throw unreadable(folder, `it holds ${count} records instead of ${state.count}`);
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
  async function* merged(): AsyncGenerator<string> {
    const seen = new Set<string>();
    for await (const advisory of advisories) {
      result.read += 1;
      if (seen.has(advisory.id)) continue;
      seen.add(advisory.id);
      count += 1;
      sum.add(generationElement(advisory));
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
  const state: CacheState = { format: 1, file, count, importedAt, generation: sum.digest() };
  await writeFile(`${path}.state`, JSON.stringify(state));
  await rename(`${path}.state`, join(folder, 'state.json'));
  if (before !== undefined && before.file !== file) await rm(join(folder, before.file), { force: true });
  return { ...result, ...state };
}

function unreadable(folder: string, what: string): WharfingerError {
  return new WharfingerError('ADVISORIES_UNREADABLE', {
    what: `${folder}: ${what}`,
    remedy: 'remove the folder and import the advisories again',
  });
}
