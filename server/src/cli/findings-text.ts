import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { count, formatTable, type Style } from './display.ts';

const severities = ['critical', 'high', 'unscored', 'medium', 'low', 'none'];

/** Worst first: malicious packages, then by severity; unscored stands beside high, as it counts by default. */
export function sortFindings(findings: readonly FindingFact[]): FindingFact[] {
  const rank = ({ malicious, severity }: FindingFact) => (malicious ? -1 : severities.indexOf(severity));
  return findings.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (b.score ?? 0) - (a.score ?? 0) ||
      compare(a.package, b.package) ||
      compare(a.advisory, b.advisory),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** How many of each severity: `3 critical, 12 high`. */
export function countFindings(findings: readonly FindingFact[]): string {
  if (findings.length === 0) return 'no known vulnerabilities';
  const parts = severities.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}`];
  });
  const malicious = findings.filter((finding) => finding.malicious).length;
  if (malicious > 0) parts.unshift(`${malicious} malicious`);
  return `${count(findings.length, 'known vulnerability', 'known vulnerabilities')}: ${parts.join(', ')}`;
}

/** Findings as a table, worst first. */
export function findingsText(findings: readonly FindingFact[], style: Style): string {
  if (findings.length === 0) return 'No advisory matches a package of the image.';
  const paint = ({ malicious, severity }: FindingFact) => {
    if (malicious || severity === 'critical' || severity === 'high') return style.red;
    return severity === 'medium' || severity === 'unscored' ? style.yellow : style.dim;
  };
  // which team answers for a layer is known where a chain of custody says so
  const owned = findings.some(({ team: owner }) => owner !== undefined);
  const isSaid = findings.some(({ vex }) => vex !== undefined);
  const rows = sortFindings(findings).map((finding) => [
    { text: finding.malicious ? 'malicious' : finding.severity, paint: paint(finding) },
    finding.advisory,
    finding.package,
    finding.version,
    finding.fixedIn ?? (finding.undecided === undefined ? '-' : 'not certain'),
    String(finding.layer),
    ...(owned ? [finding.team ?? '-'] : []),
    ...(isSaid ? [finding.vex === undefined ? '-' : `${finding.vex.status}, ${finding.vex.by}`] : []),
    finding.summary,
  ]);
  const more = [...(owned ? ['TEAM'] : []), ...(isSaid ? ['VEX'] : [])];
  const headings = ['SEVERITY', 'ADVISORY', 'PACKAGE', 'VERSION', 'FIXED IN', 'LAYER', ...more, 'SUMMARY'];
  return `${formatTable(headings, rows, style)}\n\n${countFindings(findings)}`;
}
