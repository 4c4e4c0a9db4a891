import type { ComparedSummary } from '@wharfinger/lib/custody/registry-summaries';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import { count, displayable, formatBytes, formatTable, shortDigest, type Style } from '../../display.ts';

/** A walked chain for people: its layers, its stages, and what is against it. */
export function reportText(report: CustodyReport, style: Style): string {
  const parts = [summaryLine(report, style)];
  if (report.layers.length > 0) parts.push(layersText(report, style));
  if (report.stages.length > 0) parts.push(stagesText(report, style));
  parts.push(...againstText(report, style));
  return [...parts, ...report.children.map((child) => reportText(child, style))].join('\n\n');
}

/** The outcome alone, and what is against it. */
export function summaryText(report: CustodyReport, style: Style): string {
  const own = [summaryLine(report, style), ...againstText(report, style)];
  return [...own, ...report.children.map((child) => summaryText(child, style))].join('\n');
}

/** What the registry itself said of the chain, and whether that is still what it is; nothing where it said nothing. */
export function summariesText(summaries: readonly ComparedSummary[], style: Style): string[] {
  if (summaries.length === 0) return [];
  const lines = summaries.map(({ by, timeVerified, evidence, state }) => {
    const said = `${by} said at ${timeVerified} that a chain is complete (${shortDigest(evidence)}): `;
    return state === 'same'
      ? `${style.dim('summary')}  ${displayable(`${said}of this chain, as it is`)}`
      : `${style.yellow('summary')}  ${displayable(`${said}not of this chain as it is now`)}`;
  });
  return [lines.join('\n')];
}

function summaryLine(report: CustodyReport, style: Style): string {
  const { repository, digest, platform, complete, validUntil, kind } = report;
  const name = displayable(`${repository}@${shortDigest(digest)}`);
  const what = kind === 'index' ? 'index' : (platform ?? 'image');
  const state = complete ? style.green('complete') : style.red('not complete');
  const until = complete && validUntil !== undefined ? `, until ${validUntil} at least` : '';
  return `${style.bold(name)}  ${displayable(what)}  chain of custody ${state}${until}`;
}

function layersText({ layers, stages }: CustodyReport, style: Style): string {
  const carriers = new Map(stages.map(({ link, evidence }) => [link, evidence]));
  return formatTable(
    ['LAYER', 'TEAM', 'STAGE', 'DIGEST', 'SIZE', 'EVIDENCE', 'CREATED BY'],
    layers.map(({ index, team, stage, digest, size, link, createdBy = '' }) => [
      String(index),
      team ?? { text: 'nobody', paint: style.red },
      stage ?? '-',
      shortDigest(digest),
      formatBytes(size),
      shown(link && carriers.get(link)),
      createdBy.length > 60 ? `${createdBy.slice(0, 59)}…` : createdBy,
    ]),
    style,
  );
}

function shown(digest: string | undefined): string {
  return digest === undefined ? '-' : shortDigest(digest);
}

function stagesText({ stages }: CustodyReport, style: Style): string {
  return formatTable(
    ['STAGE', 'TEAM', 'KIND', 'IMAGE', 'LINK BY', 'TAKEN IN', 'APPROVED BY', 'UNTIL'],
    stages.map(({ stage, team, kind, repository, manifest, key, intake, approvals, notAfter }) => [
      stage,
      team,
      kind,
      `${repository}@${shortDigest(manifest)}`,
      key,
      intake === undefined ? '-' : `${intake.principal} ${intake.timeVerified.slice(0, 10)}`,
      [...new Set(approvals.map(({ principal, role }) => `${principal} (${role})`))].join(', ') || '-',
      notAfter,
    ]),
    style,
  );
}

function againstText({ problems, remarks, ignored }: CustodyReport, style: Style): string[] {
  const parts: string[] = [];
  if (problems.length > 0) {
    parts.push(problems.map(({ code, message }) => `${style.red(code)}  ${displayable(message)}`).join('\n'));
  }
  if (ignored.length > 0) {
    const shown = ignored.slice(0, 20);
    const rest = ignored.length - shown.length;
    const lines = shown.map(
      ({ evidence, reason }) =>
        `${style.yellow('does not count')}  ${displayable(`${shortDigest(evidence)}: ${reason}`)}`,
    );
    parts.push([...lines, ...(rest > 0 ? [`and ${count(rest, 'more statement')}`] : [])].join('\n'));
  }
  if (remarks.length > 0) parts.push(remarks.map((remark) => `remark  ${displayable(remark)}`).join('\n'));
  return parts;
}
