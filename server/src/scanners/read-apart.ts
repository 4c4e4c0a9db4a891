import { Worker } from 'node:worker_threads';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { threadEnvironment } from '../memory/thread-environment.ts';
import { problemOf } from './problem.ts';
import { readPacked, type PackedReport } from './report.ts';
import type { ReportQuestion, ReportReading } from './report-worker.ts';

/** Shorter reports are read at once, whatever they are made of. */
const short = 32 * 1024;

/** The longest report of things that are there takes a second. */
const longestMs = 20_000;

/** Megabytes that a thread may have: far more than a report takes that has as many values as it may. */
const heapMegabytes = 1024;

let last: Promise<unknown> = Promise.resolve();

/**
 * Reads a report in a thread of its own, with limits on its time and memory, one report at a time: a scanner may write what takes long
 * to read, and requests are not to wait for it.
 *
 * @throws WharfingerError SCANNER_FAILED where it cannot be read, or not within its limits
 */
export function readApart(bytes: Uint8Array, digest: Digest): Promise<PackedReport> {
  if (bytes.length <= short) return Promise.resolve().then(() => readPacked(bytes, digest));
  const done = last.then(() => readInThread({ bytes, digest }));
  last = done.catch(() => {});
  return done;
}

async function readInThread(question: ReportQuestion): Promise<PackedReport> {
  const body = import.meta.url.endsWith('.ts') ? './report-worker.ts' : './report-worker.js';
  const worker = new Worker(new URL(body, import.meta.url), {
    execArgv: [],
    env: threadEnvironment(),
    name: 'report of a scanner',
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  const { promise, resolve } = Promise.withResolvers<ReportReading>();
  const refuse = (refused: string) => () => resolve({ refused });
  const timer = setTimeout(refuse('its report takes too long to read'), longestMs);
  worker.on('message', resolve);
  worker.on('error', refuse('its report takes more memory to read than any has'));
  worker.on('exit', refuse('its report could not be read'));
  worker.postMessage(question, []);
  try {
    const reading = await promise;
    if ('report' in reading) return reading.report;
    throw new WharfingerError('SCANNER_FAILED', { what: problemOf(new Error(reading.refused)) });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
