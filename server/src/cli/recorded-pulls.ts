import { isDigest } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { ApiClient } from './api-client.ts';
import { auditAnswer } from './api-shapes.ts';
import { ServerRefusal } from './failure.ts';
import { imageAnswer } from './image-shape.ts';

/** An image, and who pulled it. */
export interface RecordedPull {
  readonly repository: string;
  readonly digest: string;
  readonly by: ReadonlySet<string>;
  readonly served: number;
  readonly refused: number;
  readonly last: Date;
}

/** Pulls that a registry recorded, each image of each repository once. */
export interface RecordedPulls {
  readonly pulls: readonly RecordedPull[];
  /** false: there are more, which were not read */
  readonly complete: boolean;
}

const pageSize = 1000;
const mostPages = 200;

/**
 * The pulls of a time, from the audit log of a registry, the last ones first.
 * @param most images, at most; and at most 200,000 entries are read
 */
export async function recordedPulls(
  server: ApiClient,
  since: Date,
  most: number,
  repository: string | undefined,
): Promise<RecordedPulls> {
  const pulls = new Map<string, { by: Set<string>; served: number; refused: number } & RecordedPull>();
  let last: string | number | undefined;
  let complete = true;
  for (let page = 0; page < mostPages; page += 1) {
    const query = { action: 'pull', since: since.toISOString(), limit: pageSize, last, repository };
    const answer = await server.get('/api/v1/audit', query, auditAnswer);
    for (const entry of answer.entries) {
      if (!entry.repository || !isDigest(entry.digest)) continue;
      const key = `${entry.repository}@${entry.digest}`;
      const known = pulls.get(key);
      if (known === undefined && pulls.size >= most) {
        complete = false;
        continue;
      }
      const pull = known ?? {
        repository: entry.repository,
        digest: entry.digest,
        by: new Set<string>(),
        served: 0,
        refused: 0,
        last: new Date(entry.at),
      };
      pull.by.add(entry.actor ?? 'anonymous');
      pull[entry.outcome === 'done' ? 'served' : 'refused'] += timesOf(entry);
      pulls.set(key, pull);
    }
    last = answer.next;
    if (last === undefined) return { pulls: [...pulls.values()], complete };
  }
  return { pulls: [...pulls.values()], complete: false };
}

/** Pulls that differ in nothing but the time are one entry with their number. */
function timesOf(entry: Readonly<Record<string, unknown>>): number {
  const detail = entry['detail'];
  const times = typeof detail === 'object' && detail !== null && 'count' in detail ? detail.count : 1;
  return typeof times === 'number' && Number.isSafeInteger(times) && times > 0 ? times : 1;
}

/**
 * What a registry knows of an image today; `gone`: the image is not there any more; `withheld`: it is held, and nobody judges by the
 * part of it that is told then.
 */
export async function factsOfPull(
  server: ApiClient,
  pull: RecordedPull,
): Promise<Facts | 'gone' | 'withheld'> {
  const query = { repository: pull.repository, reference: pull.digest };
  try {
    const { facts, withheld } = await server.get('/api/v1/images', query, imageAnswer);
    return withheld ? 'withheld' : facts;
  } catch (error) {
    if (error instanceof ServerRefusal && error.code === 'MANIFEST_UNKNOWN') return 'gone';
    throw error;
  }
}
