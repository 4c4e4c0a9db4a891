import { WharfingerError } from '@wharfinger/lib/errors';
import { parseTime } from '@wharfinger/lib/routines/time';
import { z } from 'zod';
import { plainText, readDocument } from './documents.ts';
import { scannerName, type ScannerName } from './report.ts';

/** What a scanner says of itself. */
export interface ScannerMetadata {
  readonly scanner: ScannerName;
  readonly capabilities: readonly ScannerCapability[];
  /** RFC 3339: when what it knows was renewed; absent: it does not say */
  readonly data?: string;
}

export interface ScannerCapability {
  /** absent in what is older than version 1.2 of the specification: then it is about vulnerabilities */
  readonly type?: string;
  /** of manifests */
  readonly consumes: readonly string[];
  /** of reports */
  readonly produces: readonly string[];
}

const mimeTypes = z.array(plainText(300)).max(100);

const metadata = z.object({
  scanner: scannerName,
  capabilities: z
    .array(
      z.object({
        type: plainText(100).nullish(),
        consumes_mime_types: mimeTypes,
        produces_mime_types: mimeTypes,
      }),
    )
    .min(1)
    .max(100),
  properties: z
    .record(z.string().max(300), z.unknown())
    .refine((all) => Object.keys(all).length <= 1000, 'it has more than 1000 properties')
    .nullish(),
});

/** Names when its database was renewed. */
const renewedAt = 'harbor.scanner-adapter/vulnerability-database-updated-at';

/** What is said to be renewed later than by so much from now, in milliseconds, says nothing. */
const clocksDiffer = 24 * 3_600_000;

/**
 * Reads what a scanner says of itself.
 *
 * @param now what it knows cannot be newer, whatever its clock says
 * @throws WharfingerError SCANNER_FAILED where it cannot be read
 */
export function readMetadata(bytes: Uint8Array, now: Date): ScannerMetadata {
  const refuse = (what: string): never => {
    throw new WharfingerError('SCANNER_FAILED', { what: `what it says of itself cannot be read: ${what}` });
  };
  const { scanner, capabilities, properties } = readDocument(metadata, bytes, refuse);
  const renewed = properties?.[renewedAt];
  const time = typeof renewed === 'string' ? parseTime(renewed) : undefined;
  return {
    scanner,
    capabilities: capabilities.map(
      ({ type, consumes_mime_types: consumes, produces_mime_types: produces }) => ({
        ...(typeof type === 'string' && { type }),
        consumes,
        produces,
      }),
    ),
    ...(time !== undefined &&
      time < now.getTime() + clocksDiffer && { data: new Date(Math.min(time, now.getTime())).toISOString() }),
  };
}

/** Types of reports that are understood, the better before the other. */
export const reportTypes = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const;

export type ReportType = (typeof reportTypes)[number];

/** How a scanner is asked for a report about an image. */
export interface ChosenReport {
  readonly type: ReportType;
  /** the capability has a type: it is to be named in the request */
  readonly named: boolean;
}

/**
 * The best report that a scanner makes of manifests of a type.
 * @returns undefined: none that is understood
 */
export function chooseReport(
  { capabilities }: Pick<ScannerMetadata, 'capabilities'>,
  manifestType: string,
): ChosenReport | undefined {
  const fitting = capabilities.filter(
    ({ type, consumes }) =>
      (type === undefined || type === 'vulnerability') &&
      consumes.some((one) => isSameType(one, manifestType)),
  );
  for (const type of reportTypes) {
    const found = fitting.find(({ produces }) => produces.some((one) => isSameType(one, type)));
    if (found) return { type, named: found.type !== undefined };
  }
  return undefined;
}

/** Media types are alike whatever stands between their parts, and in whatever letters. */
export function isSameType(a: string, b: string): boolean {
  return normalise(a) === normalise(b);
}

function normalise(type: string): string {
  const [essence, ...parameters] = type.toLowerCase().split(';');
  const version = parameters
    .map((one) => one.trim().replaceAll('"', ''))
    .find((one) => one.startsWith('version='));
  return [essence!.trim(), version ?? ''].join(';');
}
