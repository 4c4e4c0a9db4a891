import type { Facts } from '@wharfinger/lib/routines/facts';
import type { StoredScan } from '../stores/scans.ts';

type ScannerFacts = NonNullable<Facts['scanners']>;

/**
 * What scanners say of an image, as facts.
 *
 * @param names of those that are bound to its repository, in order
 * @param scans what is known of them
 * @returns by name; undefined: none is bound
 */
export function factsOfScans(
  names: readonly string[],
  scans: readonly StoredScan[],
): ScannerFacts | undefined {
  if (names.length === 0) return undefined;
  const known = new Map(scans.map((scan) => [scan.scanner, scan]));
  return Object.fromEntries(names.map((name) => [name, factOf(known.get(name))]));
}

/** A report counts until there is another one, by its age: what came between is no reason to know nothing. */
function factOf(scan: StoredScan | undefined): ScannerFacts[string] {
  if (scan?.report === undefined)
    return scan?.problem === undefined ? { state: 'none' } : { state: 'failed', problem: scan.problem };
  const { scanner, askedAt, dataAt, counts, findings } = scan.report;
  return {
    state: 'reported',
    scanner,
    asked: askedAt.toISOString(),
    ...(dataAt && { data: dataAt.toISOString() }),
    counts,
    findings: findings.map(({ id, package: name, version, fixedIn, severity, score, cwes }) => ({
      id,
      package: name,
      version,
      ...(fixedIn !== undefined && { fixedIn }),
      severity,
      ...(score !== undefined && { score }),
      cwes,
    })),
  };
}
