import { setTimeout as pause } from 'node:timers/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Scanner } from '../config/load-scanners.ts';
import { adapterOf, type Adapter } from './adapter.ts';
import { chooseReport, type ScannerMetadata } from './metadata.ts';
import { readApart } from './read-apart.ts';
import type { PackedReport } from './report.ts';

/** An image that a scanner is asked about. */
export interface ScanSubject {
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** one of the tags that point to it */
  readonly tag?: string;
}

/** What came of a scan. */
export interface ScanOutcome {
  readonly metadata: ScannerMetadata;
  readonly report: PackedReport;
}

/**
 * Has a scanner look at an image: asks what it can do, tells it where the image is, and waits for the report, all within the time
 * that is configured for a scan.
 *
 * @param authorization the header that opens the image to it
 * @throws WharfingerError SCANNER_FAILED; the reason of the signal where that is aborted
 */
export async function runScan(
  scanner: Scanner,
  subject: ScanSubject,
  authorization: string,
  now: Date,
  signal: AbortSignal,
): Promise<ScanOutcome> {
  const late = AbortSignal.timeout(scanner.time);
  const within = AbortSignal.any([signal, late]);
  await using adapter = adapterOf(scanner);
  try {
    return await scan(adapter, scanner, subject, authorization, now, within);
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted)
      throw new WharfingerError('SCANNER_FAILED', {
        what: `there was no report within ${scanner.time / 1000} s`,
      });
    throw error;
  }
}

async function scan(
  adapter: Adapter,
  { registry }: Scanner,
  { repository, digest, mediaType, tag }: ScanSubject,
  authorization: string,
  now: Date,
  signal: AbortSignal,
): Promise<ScanOutcome> {
  const metadata = await adapter.metadata(now, signal);
  const chosen = chooseReport(metadata, mediaType);
  if (chosen === undefined)
    throw new WharfingerError('SCANNER_FAILED', {
      what: `it makes no report on vulnerabilities of ${mediaType} that is understood here`,
    });
  const id = await adapter.scan(
    {
      registry: { url: registry, authorization },
      artifact: { repository, digest, ...(tag !== undefined && { tag }), mime_type: mediaType },
      ...(chosen.named && {
        enabled_capabilities: [{ type: 'vulnerability', produces_mime_types: [chosen.type] }],
      }),
    },
    signal,
  );
  for (;;) {
    const answer = await adapter.report(id, chosen.type, signal);
    if ('bytes' in answer) return { metadata, report: await readApart(answer.bytes, digest) };
    await pause(answer.waitMs, undefined, { signal });
  }
}
