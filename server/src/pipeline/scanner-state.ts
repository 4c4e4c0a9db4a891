import { isWharfingerError } from '@wharfinger/lib/errors';
import type { Scanner } from '../config/load-scanners.ts';
import { transact } from '../db/transaction.ts';
import { adapterOf } from '../scanners/adapter.ts';
import type { ScannerMetadata } from '../scanners/metadata.ts';
import { problemOf } from '../scanners/problem.ts';
import { renewAllReports, sourceOf } from '../stores/scan-sources.ts';
import { renewScans, retryScans } from '../stores/due-scans.ts';
import { knownScanners, putScanner } from '../stores/known-scanners.ts';
import { askToFollow, noteAddress } from './another-scanner.ts';
import type { PipelineParts } from './parts.ts';

/**
 * Asks a scanner what it can do, and how new what it knows is. Where it knows more than it did, or is of another version, what it
 * reported before is due again; where it answers after it did not, so is what it failed at. What another scanner reported that had its
 * name counts no more; what one says whose name stands for another by then is not kept.
 */
export async function checkScanner(
  parts: PipelineParts,
  scanner: Scanner,
  signal: AbortSignal,
): Promise<void> {
  await noteAddress(parts, scanner);
  try {
    await using adapter = adapterOf(scanner);
    const metadata = await adapter.metadata(parts.now(), signal);
    if (isConfigured(parts, scanner)) await noteMetadata(parts, scanner, metadata);
  } catch (error) {
    signal.throwIfAborted();
    if (!isWharfingerError(error, 'SCANNER_FAILED')) throw error;
    if (!isConfigured(parts, scanner)) return;
    const problem = problemOf(error);
    const before = (await knownScanners(parts.db)).get(scanner.name);
    await putScanner(parts.db, { name: scanner.name, checkedAt: parts.now(), problem });
    if (before?.problem !== problem)
      parts.log.warn({ scanner: scanner.name, problem }, 'a scanner does not answer');
  }
}

/** False: its name stands for another address by now, which is asked in its place, or for none. */
export function isConfigured({ policy }: PipelineParts, { name, url }: Scanner): boolean {
  return policy().config.scanners.run.some((one) => one.name === name && one.url === url);
}

/** Keeps what a scanner said of itself, and makes due what follows from it. */
export async function noteMetadata(
  { db, now }: PipelineParts,
  { name, url, newDataAfter }: Scanner,
  { scanner, data, capabilities }: ScannerMetadata,
): Promise<void> {
  const at = now();
  const produces = [...new Set(capabilities.flatMap((one) => one.produces))];
  await transact(db, async (trx) => {
    const before = (await knownScanners(trx)).get(name);
    const about = { scanner, produces, ...(data !== undefined && { data }) };
    const source = sourceOf(url, scanner);
    await putScanner(trx, { name, checkedAt: at, about, source });
    if (before && before.source !== source) await askToFollow(trx, name, at);
    else if (before?.about && before.about.scanner.version !== scanner.version)
      await renewAllReports(trx, name, at);
    if (before?.problem !== undefined) await retryScans(trx, name, at);
    if (data !== undefined)
      await renewScans(trx, name, {
        data: new Date(data),
        askedBefore: new Date(at.getTime() - newDataAfter),
        now: at,
      });
  });
}
