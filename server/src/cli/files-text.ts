import type { Facts } from '@wharfinger/lib/routines/facts';
import { count, formatTable, type Style } from './display.ts';

type Contamination = NonNullable<NonNullable<Facts['inventory']>['contamination']>;

/** What counts against an image; the others are for those who ask (`--json`). */
const grave: ReadonlySet<string> = new Set([
  'modified',
  'missing',
  'record-rewritten',
  'unowned',
  'unchecked',
]);

/** Files that are listed. */
const few = 20;

/** In a few words, how its files differ from what its packages brought; undefined: nothing is known of them. */
export function filesSummary(inventory: Facts['inventory']): string | undefined {
  const found = inventory?.contamination;
  if (found === undefined) return undefined;
  const { counts } = found;
  const named: ReadonlyArray<readonly [number, string]> = [
    [counts.modified, 'modified'],
    [counts.missing, 'missing'],
    [counts.recordRewritten, 'rewritten in the records of packages'],
    [counts.unowned, 'of no package among those of the system'],
    [counts.configuration, 'configuration changed'],
    [counts.accounts, 'of users and groups changed'],
    [counts.setuid, 'with setuid or setgid bits'],
    [counts.capability, 'with capabilities'],
  ];
  const parts = named.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]));
  const foreign = inventory?.executables?.foreign ?? 0;
  if (foreign > 0) parts.push(`${count(foreign, 'executable')} that no package of the distribution brought`);
  if (!found.complete) parts.push(`NOT ALL COMPARED: ${found.reason ?? 'nobody says why'}`);
  if (found.unrecorded.length > 0) parts.push(`not recorded by packages of ${found.unrecorded.join(', ')}`);
  return parts.length === 0 ? 'as packages brought them' : parts.join('; ');
}

/** The files that count against an image, as a table. */
export function filesText(found: Contamination | undefined, style: Style): string {
  const files = (found?.files ?? []).filter(({ kind }) => grave.has(kind));
  if (files.length === 0) return '';
  const rows = files
    .slice(0, few)
    .map(({ kind, path, layer, package: owner, detail }) => [
      { text: kind, paint: style.red },
      path,
      String(layer),
      owner ?? '',
      detail ?? '',
    ]);
  const table = formatTable(['FILE', 'PATH', 'LAYER', 'PACKAGE', ''], rows, style);
  const more = files.length - rows.length;
  return more === 0 ? table : `${table}\n${style.dim(`and ${more} more; --json has them all`)}`;
}
