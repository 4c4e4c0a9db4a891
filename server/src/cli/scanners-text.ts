import type { Facts } from '@wharfinger/lib/routines/facts';
import { displayable, formatTable, type Style } from './display.ts';
import type { scannersAnswer, scansAnswer } from './scan-shapes.ts';
import type { z } from 'zod';

type Counts = NonNullable<NonNullable<Facts['scanners']>[string]['counts']>;

/** The worst before the others. */
const severities = ['critical', 'high', 'unscored', 'medium', 'low', 'none'] as const;

/** `2 critical, 5 low`, or that there is nothing. */
function countsText(counts: Counts): string {
  const parts = severities.flatMap((severity) =>
    counts[severity] === 0 ? [] : [`${counts[severity]} ${severity}`],
  );
  return parts.length === 0 ? 'nothing found' : parts.join(', ');
}

/** What scanners say of an image, in one line; undefined: none is asked. */
export function scannersSummary(scanners: Facts['scanners']): string | undefined {
  if (scanners === undefined) return undefined;
  return Object.entries(scanners)
    .map(([name, { state, problem, counts, asked }]) => {
      if (counts !== undefined) return `${name}: ${countsText(counts)} (asked ${asked ?? ''})`;
      return state === 'failed' ? `${name}: no report: ${problem ?? ''}` : `${name}: not reported yet`;
    })
    .join('; ');
}

/** The scanners of a registry, and what is wrong with them. */
export function scannersText({ scanners }: z.infer<typeof scannersAnswer>, style: Style): string {
  if (scanners.length === 0)
    return 'No scanners are asked: see scanners.run in the configuration of the registry.';
  const rows = scanners.map(({ name, state, scanner, data, waiting, repositories, url }) => [
    name,
    state,
    scanner === undefined ? '' : `${scanner.name} ${scanner.version}`,
    data ?? 'it does not say',
    String(waiting),
    repositories.join(' '),
    url,
  ]);
  const troubles = scanners.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [displayable(`${name}: ${problem}`)],
  );
  const headings = ['NAME', 'STATE', 'SCANNER', 'KNOWS AS OF', 'WAITING', 'ON IMAGES OF', 'ADDRESS'];
  return [formatTable(headings, rows, style), ...troubles].join('\n');
}

/** What scanners report of an image, one after the other. */
export function reportsText({ scans }: z.infer<typeof scansAnswer>, style: Style): string {
  if (scans.length === 0) return 'No scanner is asked about images of this repository.';
  return scans
    .map(({ scanner, failures, problem, report }) => {
      const trouble =
        problem === undefined ? [] : [displayable(`${scanner} failed ${failures} times since: ${problem}`)];
      if (report === undefined)
        return problem === undefined
          ? `${scanner} has not reported yet.`
          : displayable(`${scanner} came to no report, ${failures} times: ${problem}`);
      const { name, version } = report.scanner;
      const head = displayable(
        `${scanner} (${name} ${version}): ${countsText(report.counts)}; asked ${report.asked}, knows as of ${report.data ?? 'a time that it does not say'}`,
      );
      const rows = report.findings.map((finding) => [
        finding.severity,
        finding.id,
        finding.package,
        finding.version,
        finding.fixedIn ?? '-',
      ]);
      const table = formatTable(['SEVERITY', 'ADVISORY', 'PACKAGE', 'VERSION', 'FIXED IN'], rows, style);
      return [head, ...trouble, ...(rows.length === 0 ? [] : ['', table])].join('\n');
    })
    .join('\n\n');
}
