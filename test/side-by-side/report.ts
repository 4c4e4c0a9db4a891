import type { Comparison } from './compare.ts';
import type { Difference, Judgement } from './differences.ts';

const introduction = `# Side by side with Trivy

What Wharfinger and Trivy 0.74.0 find in the same images with the same advisories, which a test writes into a database for Trivy: packages with
the files that record them, and findings record by record. Packages are also those that the tools of their own ecosystems list (dpkg-query, rpm,
npm, pip, gem, composer, \`go version -m\`). Versions were set back to ones that had known flaws. Every difference is of a kind
that is listed below, which the test establishes for each by the command or the words that are named; there is none that Trivy is right about.

What changes with the day is compared, but not counted: the versions that a Debian mirror has, and findings in the standard library of Go.

This file is made by \`vitest run test/side-by-side -u\`; a test fails when it is out of date.
`;

/** A kind of difference, and those that are of it. */
export interface Judged {
  readonly judgement: Judgement;
  readonly differences: readonly Difference[];
}

/** The image whose versions are those of the day on which it was made. */
export const ofTheDay = 'Debian 12, as it is';

/** The reference, as Markdown. */
export function reportText(comparisons: readonly Comparison[], judged: readonly Judged[]): string {
  const head = ['image', 'packages: both', 'only Wharfinger', 'only Trivy', 'findings: both'];
  const counted = comparisons.filter(({ image }) => image !== ofTheDay);
  const rows = counted.map(({ image, packages, findings }) => [
    image,
    packages.both,
    packages.ours - packages.both,
    packages.theirs - packages.both,
    findings.both,
    findings.ours - findings.both,
    findings.theirs - findings.both,
  ]);
  const notes = judged.map(({ judgement, differences: { length: total } }, at) => {
    const noun = `${judgement.what}${total === 1 ? '' : 's'}`;
    const right = judgement.right === 'unclear' ? 'Unclear who is right' : `${judgement.right} is right`;
    return `${at + 1}. ${total} ${noun} that only ${judgement.by} has. ${right}. ${judgement.because} ${judgement.shownBy}`;
  });
  return [
    introduction,
    line([...head, 'only Wharfinger', 'only Trivy']),
    `|${'---|'.repeat(head.length + 2)}`,
    ...rows.map(line),
    '',
    '## Differences',
    '',
    ...notes,
    '',
    '## Each of them',
    '',
    'Of findings the words of the record about the package stand beside: its ranges, or the versions that it lists.',
    '',
    line(['kind', 'image', 'package', 'record', 'what it says']),
    `|${'---|'.repeat(5)}`,
    ...judged.flatMap(({ differences }, at) => differences.map((one) => line(rowOf(one, at + 1))).sort()),
    '',
  ].join('\n');
}

const longestQuotation = 160;

function rowOf({ image, name, version, record, affected }: Difference, kind: number): Array<string | number> {
  const said = affected.flatMap(({ ranges = [], versions = [] }) => [
    ...ranges.map(({ events }) => JSON.stringify(events)),
    ...(versions.length === 0 ? [] : [JSON.stringify(versions)]),
  ]);
  const words = said.join(' ');
  const cut = words.length > longestQuotation ? `${words.slice(0, longestQuotation)}…` : words;
  const quoted =
    record === undefined ? '' : cut === '' ? 'nothing of versions' : `\`${cut.replaceAll('|', '\\|')}\``;
  return [kind, image, `${name} ${version}`.trim(), record?.id ?? '', quoted];
}

function line(cells: ReadonlyArray<string | number>): string {
  return `| ${cells.join(' | ')} |`;
}
