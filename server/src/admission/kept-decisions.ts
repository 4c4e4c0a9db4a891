import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import type { Decision } from './decision.ts';

const keptShape = z.strictObject({
  format: z.literal(1),
  key: z.string(),
  /** milliseconds since 1970 */
  from: z.number(),
  until: z.number(),
  decision: z.strictObject({
    digest: z.string().refine(isDigest),
    outcome: z.enum(['allow', 'warn', 'hold', 'deny']),
    reasons: z.array(z.string()),
    warnings: z.array(z.string()),
    judgedBy: z.string(),
    validUntil: z.string().optional(),
  }),
});

/** More files are not kept: the oldest go. */
const mostFiles = 2000;

/** Decisions in files, for a program that is started for each. */
export interface KeptDecisions {
  recall(key: string): Promise<Decision | undefined>;
  keep(key: string, decision: Decision, until: number): Promise<void>;
}

/**
 * Keeps decisions in a folder. Who can write to it decides what may run: it must belong to this user and be closed to others.
 *
 * @param now milliseconds since 1970
 * @throws WharfingerError CONFIG_INVALID where the folder is open to others
 */
export async function openKeptDecisions(folder: string, now: () => number): Promise<KeptDecisions> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(folder);
  if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `cache: ${folder} is open to others than the user that runs this`,
      remedy: `chown it to that user and chmod it to 0700`,
    });
  }
  const fileOf = (key: string): string =>
    join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  return {
    async recall(key) {
      const text = await readFile(fileOf(key), 'utf8').catch(() => undefined);
      const parsed = keptShape.safeParse(text === undefined ? undefined : parseJson(text));
      if (!parsed.success || parsed.data.key !== key) return undefined;
      const { from, until, decision } = parsed.data;
      const time = now();
      if (time < from || time >= until) return undefined;
      const { validUntil, ...rest } = decision;
      return { ...rest, ...(validUntil === undefined ? {} : { validUntil }) };
    },
    async keep(key, decision, until) {
      const path = fileOf(key);
      const temporary = `${path}.${process.pid}`;
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify({ format: 1, key, from: now(), until, decision }));
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await removeOldest(folder);
    },
  };
}

async function removeOldest(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= mostFiles) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return { path, at: found?.mtimeMs ?? 0 };
    }),
  );
  const old = files.toSorted((a, b) => a.at - b.at).slice(0, names.length - mostFiles / 2);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
