import type { FindingFact } from './facts/findings.ts';

/** Severities from least to worst. `unscored` has no place: a routine says by a parameter what it counts as. */
export const severityRanks = ['none', 'low', 'medium', 'high', 'critical'] as const;

/** How bad a finding is to look at: malicious before all, then by severity, unscored as high. */
function badness(finding: FindingFact): number {
  if (finding.malicious) return severityRanks.length;
  const severity = finding.severity === 'unscored' ? 'high' : finding.severity;
  return (severityRanks as readonly string[]).indexOf(severity);
}

/** The canonical order of findings: worst first, those with a fix before those without, then by name. */
export function compareFindings(a: FindingFact, b: FindingFact): number {
  return (
    badness(b) - badness(a) ||
    Number(a.fixedIn === undefined) - Number(b.fixedIn === undefined) ||
    compareTexts(a.package, b.package) ||
    compareTexts(a.version, b.version) ||
    compareTexts(a.advisory, b.advisory) ||
    a.layer - b.layer
  );
}

/** By UTF-16 units, so that the order is the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
