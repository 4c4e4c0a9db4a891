import { isWharfingerError } from '@wharfinger/lib/errors';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { recordAudit } from '../audit/record.ts';
import type { Scanner } from '../config/load-scanners.ts';
import { transact } from '../db/transaction.ts';
import { enqueueInPlace } from '../jobs/enqueue-in-place.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { namespaceOf, type Job, type JobRequest } from '../jobs/job.ts';
import type { LendImage } from '../scanners/lend-image.ts';
import type { ScannerMetadata } from '../scanners/metadata.ts';
import { problemOf } from '../scanners/problem.ts';
import type { PackedReport } from '../scanners/report.ts';
import { runScan } from '../scanners/run-scan.ts';
import type { Db } from '../db/schema.ts';
import { manifestsAfter, type Placed } from '../stores/repositories.ts';
import { sourceOf } from '../stores/scan-sources.ts';
import { dueScans, putScansDue, scanDue, scansLacking, stopScan } from '../stores/due-scans.ts';
import { putFailure, putReport, scansOf } from '../stores/scans.ts';
import { placesBound, scannersFor } from './bound-scanners.ts';
import { invalidate } from './follow.ts';
import type { PipelineParts } from './parts.ts';
import { isConfigured, noteMetadata } from './scanner-state.ts';
import { loadImage, type StoredManifest } from './stored-image.ts';

/** Kind of the job that asks one scanner about one image. */
export const scanJob = 'scan';

/** Kind of the job that looks for images that scanners were never asked about. */
export const scanAllJob = 'scan-all';

/** Images that one step of it looks at. */
const stepSize = 500;

/** What asking scanners takes besides. */
export interface ScanParts {
  readonly lend: LendImage;
  /** digests of the images that scanners are asked about by this process, by the names of the scanners */
  readonly running: Map<string, Set<string>>;
  /** fires when the process ends */
  readonly stopping: AbortSignal;
}

const firstRetryMs = 10_000;
const longestRetryMs = 3_600_000;

/**
 * Asks for the scans that are missing of an image: by scanners that are bound to its repository and were never asked about it.
 *
 * @param only name of a scanner that is to be asked; absent: all
 * @param again also those that have reported
 * @returns the scanners that are asked
 */
export async function askForScans(
  parts: PipelineParts,
  place: Placed,
  { only, again = false }: { readonly only?: string | undefined; readonly again?: boolean } = {},
): Promise<readonly string[]> {
  const names = scannersFor(parts, place.repository)
    .map(({ name }) => name)
    .filter((name) => only === undefined || name === only);
  if (parts.scans === undefined || names.length === 0) return [];
  if (!again && (await scansLacking(parts.db, place.digest, names)).length === 0) return [];
  const image = await loadImage(parts, place);
  if (!image || !hasFiles(image)) return [];
  const at = parts.now();
  return transact(parts.db, async (trx) => {
    const due = await putScansDue(trx, place, names, at, again);
    await enqueue(
      trx,
      due.map((name) => requestFor(name, place)),
      at,
    );
    return due;
  });
}

/** An index, a statement or a chart has nothing that a scanner could look into; what is not whole can be fetched by nobody. */
function hasFiles({ manifest, missing }: StoredManifest): boolean {
  if (manifest.kind === 'index' || missing.length > 0) return false;
  const { mediaType } = manifest.config;
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

function requestFor(scanner: string, { repository, digest }: Placed): JobRequest {
  return { kind: scanJob, key: `${scanner} ${digest}`, namespace: namespaceOf(repository) };
}

/** Asks for a look at all images: there may be scanners that there were not when they were checked. */
export async function askForAllScans({ db, scans, policy, now }: PipelineParts): Promise<void> {
  if (scans === undefined || policy().config.scanners.run.length === 0) return;
  const at = now();
  // a walk of its own: one that is asked for while a step of another runs looks at all images again
  await transact(db, (trx) => enqueueInPlace(trx, stepFrom(`${at.getTime()}`, 0), at));
}

/** One step of that. */
export async function scanAll(parts: PipelineParts, { key, payload }: Job): Promise<void> {
  const places = await manifestsAfter(parts.db, typeof payload === 'number' ? payload : 0, stepSize);
  for (const place of places) await askForScans(parts, place);
  const last = places.at(-1);
  if (last) await enqueue(parts.db, [stepFrom(key, last.id)], parts.now());
}

function stepFrom(key: string, id: number): JobRequest {
  return { kind: scanAllJob, key, namespace: '', payload: id };
}

/** Asks for scans that are due by a scanner, as many as it may be asked for now. */
export async function askForDueScans(parts: PipelineParts, scanner: Scanner): Promise<void> {
  const { db, now } = parts;
  const running = parts.scans?.running.get(scanner.name) ?? new Set();
  const free = scanner.concurrency - running.size;
  if (free <= 0) return;
  const due = await dueScans(db, scanner.name, now(), free + running.size);
  const waiting = due.filter(({ digest }) => !running.has(digest)).slice(0, free);
  await enqueue(
    db,
    waiting.map((place) => requestFor(scanner.name, place)),
    now(),
  );
}

/**
 * Asks a scanner about an image, and keeps what it says, or why it says nothing. Where that is another thing than before, the image
 * is judged again wherever it lies. What cannot be asked now stays due.
 */
export async function scanImage(parts: PipelineParts, job: Job, signal: AbortSignal): Promise<void> {
  const [name = '', digest = ''] = job.key.split(' ');
  const scanner = parts.policy().config.scanners.run.find((one) => one.name === name);
  if (parts.scans === undefined || scanner === undefined || !isDigest(digest)) return;
  const { running } = parts.scans;
  const own = running.get(name) ?? new Set<string>();
  running.set(name, own);
  if (own.size >= scanner.concurrency) return;
  const due = await scanDue(parts.db, { digest, scanner: name });
  if (!due?.dueAt || due.dueAt > parts.now()) return;
  own.add(digest);
  try {
    await scanOne(parts, parts.scans, scanner, { digest, repository: due.repository }, signal);
  } finally {
    own.delete(digest);
  }
  await askForDueScans(parts, scanner);
}

async function scanOne(
  parts: PipelineParts,
  { lend }: ScanParts,
  scanner: Scanner,
  { digest, repository }: Placed,
  signal: AbortSignal,
): Promise<void> {
  const places = await placesBound(parts, parts.db, scanner, digest);
  const place = places.find((one) => one.repository === repository) ?? places[0];
  const image = place && (await loadImage(parts, place));
  if (!image || !hasFiles(image)) return stopScan(parts.db, { digest, scanner: scanner.name });
  const askedAt = parts.now();
  try {
    const { metadata, report } = await lendAndScan(parts, lend, scanner, image, askedAt, signal);
    await keepReport(parts, scanner, image, metadata, {
      ...report,
      askedAt,
      ...(metadata.data !== undefined && { dataAt: new Date(metadata.data) }),
    });
  } catch (error) {
    signal.throwIfAborted();
    const isTheirs = isWharfingerError(error, 'SCANNER_FAILED');
    const problem = isTheirs
      ? problemOf(error)
      : 'it was not asked, since the registry failed: its log says why';
    await keepFailure(parts, scanner, image, askedAt, problem);
    if (!isTheirs) throw error;
  }
}

async function lendAndScan(
  { catalog }: PipelineParts,
  lend: LendImage,
  scanner: Scanner,
  { repository, digest, manifest }: StoredManifest,
  now: Date,
  signal: AbortSignal,
) {
  const content = manifest.kind === 'index' ? [] : [manifest.config, ...manifest.layers];
  const parts = new Set([digest, ...content.map((part) => part.digest)]);
  const [tag] = await catalog.tagsOf(repository, digest);
  const loan = lend({ repository, parts }, scanner);
  try {
    const subject = { repository, digest, mediaType: manifest.mediaType, ...(tag !== undefined && { tag }) };
    return await runScan(scanner, subject, loan.authorization, now, signal);
  } finally {
    loan.end();
  }
}

async function keepReport(
  parts: PipelineParts,
  scanner: Scanner,
  place: Placed,
  metadata: ScannerMetadata,
  report: PackedReport & { readonly askedAt: Date; readonly dataAt?: Date },
): Promise<void> {
  const { name, maxAge, url } = scanner;
  if (!isConfigured(parts, scanner)) return;
  const endedAt = parts.now();
  const dueAt = new Date(report.askedAt.getTime() + maxAge);
  await noteMetadata(parts, scanner, metadata);
  await transact(parts.db, async (trx) => {
    const source = sourceOf(url, metadata.scanner);
    await putReport(trx, place, name, { ...report, endedAt, dueAt, source });
    await record(trx, place, endedAt, 'done', { scanner: name, counts: report.about.counts });
    const places = await placesBound(parts, trx, scanner, place.digest);
    await invalidate(trx, parts.memory, 'judge', places, endedAt);
  });
  parts.log.info(
    { scanner: name, image: `${place.repository}@${place.digest}`, counts: report.about.counts },
    'a scanner reported',
  );
}

async function keepFailure(
  parts: PipelineParts,
  scanner: Scanner,
  place: Placed,
  askedAt: Date,
  problem: string,
): Promise<void> {
  const { name } = scanner;
  if (!isConfigured(parts, scanner)) return;
  const endedAt = parts.now();
  const [before] = await scansOf(parts.db, place.digest, [name]);
  const dueAt = new Date(endedAt.getTime() + retryAfter(before?.failures ?? 0));
  // A scanner that is out of order for days fails at each image again and again: that is told once.
  const isNews = before?.problem !== problem;
  await transact(parts.db, async (trx) => {
    await putFailure(trx, place, name, { problem, askedAt, endedAt, dueAt });
    if (isNews) await record(trx, place, endedAt, 'failed', { scanner: name, problem });
    // while there is a report, that counts, and nothing is known that was not before
    if (before?.report === undefined && isNews) {
      const places = await placesBound(parts, trx, scanner, place.digest);
      await invalidate(trx, parts.memory, 'judge', places, endedAt);
    }
  });
  parts.log[isNews ? 'warn' : 'debug'](
    { scanner: name, image: `${place.repository}@${place.digest}`, problem },
    'a scanner did not report',
  );
}

function retryAfter(failures: number): number {
  return Math.min(firstRetryMs * 2 ** Math.min(failures, 20), longestRetryMs);
}

function record(
  trx: Db,
  { repository, digest }: Placed,
  at: Date,
  outcome: 'done' | 'failed',
  detail: object,
): Promise<void> {
  return recordAudit(trx, { at, action: 'scan', repository, digest, outcome, detail });
}
