import {
  count,
  displayable,
  formatBytes,
  formatTable,
  shortDigest,
  type Cell,
  type Style,
} from './display.ts';
import type { ShownDiff } from './file-shapes.ts';

/** How two images differ, for people. */
export function diffText(diff: ShownDiff, style: Style): string {
  const blocks = [
    overview(diff, style),
    packagesText(diff, style),
    configurationText(diff, style),
    findingsText(diff, style),
    licencesText(diff, style),
    filesText(diff, style),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function overview({ before, after, sharedLayers, same, ...diff }: ShownDiff, style: Style): string {
  const { packages, findings, files } = diff;
  const lines: ReadonlyArray<readonly [string, string, string]> = [
    ['digest', shortDigest(before.digest), shortDigest(after.digest)],
    ['size', formatBytes(before.size), formatBytes(after.size)],
    ['layers', String(before.layers), `${after.layers}, ${sharedLayers} shared from the lowest on`],
    ['distribution', before.distribution ?? 'unknown', after.distribution ?? 'unknown'],
    ['base', before.base ?? '', after.base ?? ''],
  ];
  const table = formatTable(
    ['', 'BEFORE', 'AFTER'],
    lines.filter(([, left, right]) => left !== '' || right !== '').map((line) => [...line]),
    style,
  );
  const moved = packages.changed.length + packages.added.length + packages.removed.length;
  const counts = files?.counts;
  const summary = [
    `${count(moved, 'package')} (${packages.added.length} added, ${packages.removed.length} removed, ${packages.changed.length} changed)`,
    ...(counts === undefined
      ? []
      : [
          `${count(counts.added + counts.removed + counts.changed, 'file')} (${counts.added} added, ${counts.removed} removed, ${counts.changed} changed)`,
        ]),
    count(diff.configuration.length, 'setting'),
    findings === undefined
      ? 'findings not compared'
      : `${count(findings.new.length, 'new finding')}, ${findings.gone.length} gone`,
  ].join('; ');
  return `${table}\n\n${same ? 'They are the same in all that is compared.' : `They differ: ${summary}.`}`;
}

const arrows: Readonly<Record<string, string>> = { up: 'newer', down: 'OLDER', other: 'other' };

function packagesText({ packages }: ShownDiff, style: Style): string {
  const rows: Cell[][] = [
    ...packages.changed.map(({ type, name, before, after, direction }) => [
      { text: arrows[direction] ?? direction, paint: direction === 'down' ? style.red : style.dim },
      `${type} ${name}`,
      before,
      after,
    ]),
    ...packages.added.map(({ type, name, version }) => [
      { text: 'added', paint: style.green },
      `${type} ${name}`,
      '',
      version,
    ]),
    ...packages.removed.map(({ type, name, version }) => [
      { text: 'removed', paint: style.yellow },
      `${type} ${name}`,
      version,
    ]),
  ];
  return rows.length === 0 ? '' : formatTable(['CHANGE', 'PACKAGE', 'BEFORE', 'AFTER'], rows, style);
}

function configurationText({ configuration }: ShownDiff, style: Style): string {
  const rows = configuration.map(({ field, before, after }) => [
    field,
    before ?? '(none)',
    after ?? '(none)',
  ]);
  return rows.length === 0 ? '' : formatTable(['SETTING', 'BEFORE', 'AFTER'], rows, style);
}

function findingsText({ findings }: ShownDiff, style: Style): string {
  if (findings === undefined) return '';
  const rowsOf = (word: Cell, list: typeof findings.new): Cell[][] =>
    list.map((one) => [word, one.severity, one.advisory, one.package, one.version, one.fixedIn ?? '']);
  const rows = [
    ...rowsOf({ text: 'new', paint: style.red }, findings.new),
    ...rowsOf({ text: 'gone', paint: style.green }, findings.gone),
  ];
  return rows.length === 0
    ? ''
    : formatTable(['FINDING', 'SEVERITY', 'ADVISORY', 'PACKAGE', 'VERSION', 'FIXED IN'], rows, style);
}

function licencesText({ licences }: ShownDiff, style: Style): string {
  const rows = [
    ...licences.added.map((name) => ['new', name]),
    ...licences.removed.map((name) => ['gone', name]),
  ];
  return rows.length === 0 ? '' : formatTable(['LICENCE', 'NAME'], rows, style);
}

function filesText({ files }: ShownDiff, style: Style): string {
  if (files === undefined || files.files.length === 0) return '';
  const rows = files.files.map(({ path, aspects, before, after }) => {
    const change =
      before === undefined ? 'added' : after === undefined ? 'removed' : (aspects ?? []).join(', ');
    const shown = after ?? before;
    return [change, String(shown?.layer ?? ''), shown?.package?.name ?? '', path];
  });
  const table = formatTable(['FILE', 'LAYER', 'PACKAGE', 'PATH'], rows, style);
  const { added, removed, changed } = files.counts;
  const more = added + removed + changed - files.files.length;
  if (more <= 0) return table;
  return `${table}\n${style.dim(displayable(`and ${more} more; --files lists more of them`))}`;
}
