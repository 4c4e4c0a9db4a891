import { zstdCompressSync } from 'node:zlib';
import { compareTexts, severityRanks } from '@wharfinger/lib/routines/severity-order';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { z } from 'zod';
import { plainText, readDocument } from './documents.ts';

/** Severities as findings have them; `unscored` where the scanner knows none. */
const scanSeverities = ['unscored', ...severityRanks] as const;

export type ScanSeverity = (typeof scanSeverities)[number];

/** What a scanner says that it found. */
export interface ScanFinding {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  /** absent: it names no version with a fix */
  readonly fixedIn?: string;
  readonly severity: ScanSeverity;
  /** CVSS 3, else 2 */
  readonly score?: number;
  readonly vector?: string;
  readonly cwes: readonly string[];
  /** the first ones, http or https, for people */
  readonly links: readonly string[];
}

/** A report of a scanner about one image, once it was understood. */
export interface ScanReport {
  readonly scanner: ScannerName;
  /** RFC 3339, by its own clock: for people */
  readonly generatedAt?: string;
  /** the worst before the others */
  readonly findings: readonly ScanFinding[];
  readonly counts: Readonly<Record<ScanSeverity, number>>;
}

/** What a report says besides its findings. */
export type ScanAbout = Omit<ScanReport, 'findings'>;

/** A report ready to be stored. */
export interface PackedReport {
  readonly about: ScanAbout;
  /** zstd of a `ScanReport` as JSON */
  readonly packed: Uint8Array;
}

/** As a scanner calls itself. */
export interface ScannerName {
  readonly name: string;
  readonly vendor: string;
  readonly version: string;
}

/** An image of everything that Debian has does not have as many; a report with more is refused, not cut. */
const mostFindings = 20_000;

/** Characters of all findings of a report together, as JSON. */
const longestFindings = 8 * 1024 * 1024;

const mostLinks = 5;
const longestLink = 500;

/** What the specification names, and what scanners call having none. Everything else counts as the worst. */
const severities: ReadonlyMap<string, ScanSeverity> = new Map([
  ['unknown', 'unscored'],
  ['none', 'none'],
  ['negligible', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['critical', 'critical'],
]);

const score = z.number().min(0).max(10).nullish();

const cvss = z.object({
  score_v3: score,
  score_v2: score,
  vector_v3: plainText(300).nullish(),
  vector_v2: plainText(300).nullish(),
});

const vulnerability = z.object({
  id: plainText(200).min(1),
  package: plainText(500).min(1),
  version: plainText(500).nullish(),
  fix_version: plainText(1000).nullish(),
  severity: plainText(50),
  preferred_cvss: cvss.nullish(),
  cwe_ids: z.array(plainText(50)).max(100).nullish(),
  links: z.array(z.string()).max(5000).nullish(),
});

const name = plainText(200).nullish();

/** As a scanner names itself in reports and in what it says of itself. */
export const scannerName = z.object({ name, vendor: name, version: name }).transform((said): ScannerName => ({
  name: said.name ?? '',
  vendor: said.vendor ?? '',
  version: said.version ?? '',
}));

const report = z.object({
  generated_at: plainText(100).nullish(),
  artifact: z.object({ digest: z.string() }),
  scanner: scannerName.nullish(),
  vulnerabilities: z.array(vulnerability).max(mostFindings),
});

/**
 * Reads a vulnerability report of the pluggable scanner API, of either of its two types, whose documents are alike. What its
 * findings say is taken whole or not at all; description and vendor's attributes are left out.
 *
 * @param digest of the image that was asked about
 * @throws WharfingerError SCANNER_FAILED where it is not such a report, or is about something else
 */
export function readReport(bytes: Uint8Array, digest: Digest): ScanReport {
  const refuse = (what: string): never => {
    throw new WharfingerError('SCANNER_FAILED', { what: `its report cannot be read: ${what}` });
  };
  const said = readDocument(report, bytes, refuse);
  if (said.artifact.digest !== digest)
    throw new WharfingerError('SCANNER_FAILED', {
      what: 'its report is about another image than it was asked about',
    });
  const findings = said.vulnerabilities.map(findingOf).sort(compare);
  const counts = Object.fromEntries(scanSeverities.map((severity) => [severity, 0])) as Record<
    ScanSeverity,
    number
  >;
  for (const { severity } of findings) counts[severity] += 1;
  return {
    scanner: said.scanner ?? { name: '', vendor: '', version: '' },
    ...(said.generated_at && { generatedAt: said.generated_at }),
    findings,
    counts,
  };
}

/** The same, ready to be stored. */
export function readPacked(bytes: Uint8Array, digest: Digest): PackedReport {
  const { findings, ...about } = readReport(bytes, digest);
  const text = JSON.stringify({ ...about, findings });
  if (text.length > longestFindings)
    throw new WharfingerError('SCANNER_FAILED', {
      what: `the findings of its report are longer than ${longestFindings} characters`,
    });
  return { about, packed: new Uint8Array(zstdCompressSync(text)) };
}

function findingOf(said: z.infer<typeof vulnerability>): ScanFinding {
  const { id, package: name, version, fix_version: fixedIn, preferred_cvss: rated } = said;
  const points = rated?.score_v3 ?? rated?.score_v2;
  const vector = rated?.vector_v3 || rated?.vector_v2;
  const links = (said.links ?? []).filter((link) => link.length <= longestLink && isLink(link));
  return {
    id,
    package: name,
    version: version ?? '',
    ...(fixedIn && { fixedIn }),
    severity: severities.get(said.severity.toLowerCase()) ?? 'critical',
    ...(typeof points === 'number' && { score: points }),
    ...(vector && { vector }),
    cwes: said.cwe_ids ?? [],
    links: links.slice(0, mostLinks),
  };
}

function isLink(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !/[^\x21-\x7e]/.test(text);
}

/** How bad it is to look at: without a severity as high. */
function badness({ severity }: ScanFinding): number {
  return (severityRanks as readonly string[]).indexOf(severity === 'unscored' ? 'high' : severity);
}

function compare(a: ScanFinding, b: ScanFinding): number {
  return (
    badness(b) - badness(a) ||
    Number(a.fixedIn === undefined) - Number(b.fixedIn === undefined) ||
    compareTexts(a.package, b.package) ||
    compareTexts(a.version, b.version) ||
    compareTexts(a.id, b.id)
  );
}
