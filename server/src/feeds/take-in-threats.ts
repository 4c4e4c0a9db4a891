import { createReadStream } from 'node:fs';
import { readEpss, readKev } from '@wharfinger/lib/advisories/threat-sources';
import type { Threat } from '@wharfinger/lib/advisories/threats';
import { transact } from '../db/transaction.ts';
import type { Feed } from '../config/load-feeds.ts';
import { invalidateVersions } from '../pipeline/follow.ts';
import type { PipelineParts } from '../pipeline/parts.ts';
import { versionsWithFindings } from '../stores/findings.ts';
import { putThreats, threatsOfFeed } from '../stores/threats.ts';
import type { FetchedFeed } from './fetch-feed.ts';
import type { TakenIn } from './take-in.ts';

/** CVEs stored in one transaction. */
const batchSize = 500;
const pageSize = 5000;

/**
 * Takes in a catalogue of exploited vulnerabilities, or scores of EPSS, whole or not at all. Only what differs from what the feed
 * said before is written, and only images that have one of those vulnerabilities are judged again.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE where any of it cannot be read
 */
export async function takeInThreats(
  { db, memory, now }: Pick<PipelineParts, 'db' | 'memory' | 'now'>,
  feed: Feed,
  { path, name }: FetchedFeed,
  signal: AbortSignal,
): Promise<TakenIn> {
  const read = feed.kind === 'kev' ? readKev : readEpss;
  const fetched = now();
  const { threats, published } = await read(name, createReadStream(path, { highWaterMark: 256 * 1024 }));
  const counts = { read: threats.size, new: 0, changed: 0, unchanged: 0, removed: 0, refused: 0 };
  const left = new Set(threats.keys());
  let batch = new Map<string, Threat | undefined>();

  async function put(cve: string, threat: Threat | undefined): Promise<void> {
    batch.set(cve, threat);
    if (batch.size >= batchSize) await store();
  }
  async function store(): Promise<void> {
    signal.throwIfAborted();
    const said = batch;
    batch = new Map();
    if (said.size === 0) return;
    await transact(db, async (trx) => {
      const at = now();
      const versions = await versionsWithFindings(trx, await putThreats(trx, feed.name, said, at));
      await invalidateVersions(trx, memory, versions, at, 'advisories');
    });
  }

  for (let last = ''; ;) {
    const rows = await threatsOfFeed(db, feed.name, last, pageSize);
    for (const { cve, value } of rows) {
      const threat = threats.get(cve);
      left.delete(cve);
      if (threat === undefined) counts.removed += 1;
      else if (JSON.stringify(threat) === value) counts.unchanged += 1;
      else counts.changed += 1;
      if (threat === undefined || JSON.stringify(threat) !== value) await put(cve, threat);
    }
    last = rows.at(-1)?.cve ?? last;
    if (rows.length < pageSize) break;
  }
  for (const cve of left) {
    counts.new += 1;
    await put(cve, threats.get(cve));
  }
  await store();
  const of = feed.kind === 'kev' ? 'KEV' : 'EPSS';
  const newest = published === undefined ? {} : { newest: published };
  return { counts, ages: [{ of, fetched: fetched.toISOString(), ...newest }] };
}
