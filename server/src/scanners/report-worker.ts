import { parentPort } from 'node:worker_threads';
import { isWharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { readPacked, type PackedReport } from './report.ts';

/** A report, and the image that it is to be about. */
export interface ReportQuestion {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/** What it says, or why it is refused. */
export type ReportReading = { readonly report: PackedReport } | { readonly refused: string };

parentPort!.once('message', ({ bytes, digest }: ReportQuestion) => {
  try {
    parentPort!.postMessage({ report: readPacked(bytes, digest) } satisfies ReportReading, []);
  } catch (error) {
    if (!isWharfingerError(error, 'SCANNER_FAILED')) throw error;
    parentPort!.postMessage({ refused: error.message } satisfies ReportReading, []);
  }
});
