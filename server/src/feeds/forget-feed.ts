import { recordAudit } from '../audit/record.ts';
import { transact } from '../db/transaction.ts';
import { invalidate, invalidateVersions } from '../pipeline/follow.ts';
import { noteImport } from '../pipeline/import-advisories.ts';
import { putFeedState, removeFeedState } from '../stores/feeds.ts';
import { versionsWithFindings } from '../stores/findings.ts';
import { manifestsAfter } from '../stores/repositories.ts';
import { putThreats, threatsOfFeed } from '../stores/threats.ts';
import { endMissing } from './take-in.ts';
import type { FeedParts } from './update-feed.ts';

/** Rows of a feed, or images, of one transaction. */
const batchSize = 500;

/**
 * Forgets all that a feed ever said: records that no other feed has, what it said of CVEs, its VEX. What is known of its age goes first,
 * so that no image is taken for looked up in fresh data while they go; then all images are judged again, whatever they have. That it was
 * there goes last: where this is cut off, it is begun again, and may be asked for again.
 */
export async function forgetFeed(
  parts: Pick<FeedParts, 'db' | 'memory' | 'now' | 'putVex'>,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { db, memory, now } = parts;
  await transact(db, (trx) => putFeedState(trx, name, { failures: 0, ages: [] }));
  const records = await endMissing(parts, name, new Set(), signal);
  let cves = 0;
  for (;;) {
    signal.throwIfAborted();
    const rows = await threatsOfFeed(db, name, '', batchSize);
    if (rows.length === 0) break;
    await transact(db, async (trx) => {
      const said = new Map(rows.map(({ cve }) => [cve, undefined]));
      const versions = await versionsWithFindings(trx, await putThreats(trx, name, said, now()));
      await invalidateVersions(trx, memory, versions, now(), 'advisories');
    });
    cves += rows.length;
  }
  const everywhere = { repositories: [], tags: [] };
  const vex = await parts.putVex({ feed: name, source: '', scope: everywhere, files: [], isAll: true });
  await transact(db, async (trx) => {
    await noteImport(trx, now());
    await recordAudit(trx, {
      at: now(),
      action: 'advisories-feed-forgotten',
      outcome: 'done',
      detail: { feed: name, records, cves, vex: vex.removed },
    });
  });
  for (let last = 0; ;) {
    signal.throwIfAborted();
    const places = await manifestsAfter(db, last, batchSize);
    if (places.length === 0) break;
    last = places.at(-1)!.id;
    await transact(db, (trx) => invalidate(trx, memory, 'judge', places, now(), 'advisories'));
  }
  await transact(db, (trx) => removeFeedState(trx, name));
}
