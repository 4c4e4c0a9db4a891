import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { collectAges } from '@wharfinger/lib/advisories/ages';
import { parseRecords } from '@wharfinger/lib/advisories/sources';
import { readRecords } from '@wharfinger/lib/advisories/source-stream';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { transact } from '../db/transaction.ts';
import { countAdvisories, importAdvisories } from '../stores/advisories.ts';
import { generationAt } from '../stores/advisory-generation.ts';
import { coverEcosystems } from '../stores/covered-ecosystems.ts';
import { byHand, newestOf, noteOrigins } from '../stores/advisory-origins.ts';
import { feedState, putFeedState } from '../stores/feeds.ts';
import { recomputeFindings, versionsWithFindings } from '../stores/findings.ts';
import { getSetting, putSetting } from '../stores/settings.ts';
import { invalidateVersions } from './follow.ts';
import type { PipelineParts } from './parts.ts';

/** What an import did. */
export interface ImportReport {
  readonly read: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  /** records that are not valid: the first of them, and how many in all */
  readonly refused: ReadonlyArray<{ readonly origin: string; readonly message: string }>;
  readonly refusedCount: number;
  /** digest of all advisories together, equal wherever the same are */
  readonly generation: string;
  /** images that are judged again, each counted once for every batch that touched it */
  readonly imagesTouched: number;
}

/** State of the advisories as a whole. */
export interface AdvisoryState {
  readonly generation: string;
  readonly count: number;
  /** RFC 3339; null: nothing was imported yet */
  readonly importedAt: string | null;
}

const stateKey = 'advisories';

/** Records stored in one transaction: small enough that pushes do not wait for long. */
const batchSize = 500;
const shownRefusals = 100;

/**
 * Imports OSV records, as JSON lines. Each batch is one transaction with everything that follows from it: findings, the
 * end of the verdicts that they touch, and the jobs that judge again exactly those images. An import that is cut off
 * has therefore done a part of its work wholly, and the next one does the rest.
 */
export async function importRecords(
  parts: PipelineParts,
  source: AsyncIterable<Uint8Array>,
  by: string,
): Promise<ImportReport> {
  const counts = { read: 0, new: 0, changed: 0, unchanged: 0, refusedCount: 0, imagesTouched: 0 };
  const refused: { origin: string; message: string }[] = [];
  const ages = collectAges(parts.now());
  let batch: Advisory[] = [];

  async function store(): Promise<void> {
    const advisories = batch;
    batch = [];
    const result = await transact(parts.db, (trx) => storeBatch(trx, parts, byHand, advisories));
    counts.new += result.added;
    counts.changed += result.changed;
    counts.unchanged += result.unchanged;
    counts.imagesTouched += result.images;
  }

  for await (const item of parseRecords(readRecords('records.jsonl', source))) {
    counts.read += 1;
    if ('failure' in item) {
      counts.refusedCount += 1;
      if (refused.length < shownRefusals)
        refused.push({ origin: item.origin, message: item.failure.message });
      continue;
    }
    batch.push(item.advisory);
    ages.add(item.advisory);
    if (batch.length >= batchSize) await store();
  }
  if (batch.length > 0) await store();

  const at = parts.now();
  const state = {
    generation: await generationAt(parts.db, parts.now()),
    count: await countAdvisories(parts.db),
  };
  await transact(parts.db, async (trx) => {
    await putSetting(trx, stateKey, { ...state, importedAt: at.toISOString() });
    const before = await feedState(trx, byHand);
    await putFeedState(trx, byHand, { ...before, ages: ages.over(before.ages) });
    await recordAudit(trx, {
      ...currentOrigin(),
      at,
      actor: by,
      action: 'advisories-import',
      outcome: 'done',
      detail: { ...counts, ...state },
    });
  });
  return { ...counts, refused, generation: state.generation };
}

/** What one batch of an import did. */
export interface StoredBatch {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** images that are judged again */
  readonly images: number;
}

/** Stores advisories as a feed has them, with everything that follows. */
export async function storeBatch(
  trx: PipelineParts['db'],
  { memory, now }: Pick<PipelineParts, 'memory' | 'now'>,
  feed: string,
  advisories: readonly Advisory[],
): Promise<StoredBatch> {
  const at = now();
  const newest = feed === byHand ? advisories : await newestOf(trx, feed, advisories);
  const result = await importAdvisories(trx, newest, at);
  await noteOrigins(
    trx,
    feed,
    advisories.map(({ id }) => id),
  );
  const versions = [
    ...(await recomputeFindings(trx, result.touchedNames)),
    ...(await versionsWithFindings(trx, result.reweighed)),
    ...(await coverEcosystems(trx, ecosystemsOf(advisories))),
  ];
  const images = await invalidateVersions(trx, memory, versions, at, 'advisories');
  const { added, changed, unchanged } = result;
  return { added, changed, unchanged: unchanged + advisories.length - newest.length, images };
}

function ecosystemsOf(advisories: readonly Advisory[]): string[] {
  return advisories.flatMap(({ affected }) => affected.map(({ ecosystem }) => ecosystem));
}

/** Notes which advisories there are, after an import or a feed has changed them. */
export async function noteImport(trx: PipelineParts['db'], at: Date): Promise<void> {
  const state = { generation: await generationAt(trx, at), count: await countAdvisories(trx) };
  await putSetting(trx, stateKey, { ...state, importedAt: at.toISOString() });
}

/** What the last import left. */
export async function advisoryState(parts: PipelineParts): Promise<AdvisoryState> {
  const state = await getSetting(parts.db, stateKey);
  return (
    (state as AdvisoryState | undefined) ?? {
      generation: await generationAt(parts.db, parts.now()),
      count: 0,
      importedAt: null,
    }
  );
}
