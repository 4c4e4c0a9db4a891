import type { Facts } from '@wharfinger/lib/routines/facts';
import { formatBytes, formatTable, type Style } from './display.ts';

type Inventory = NonNullable<Facts['inventory']>;

/** Rows that are listed of each. */
const few = 20;

/** In a few words, what secrets it holds; undefined: nothing is known of them. */
export function secretsSummary(inventory: Facts['inventory']): string | undefined {
  const secrets = inventory?.secrets;
  if (secrets === undefined) return undefined;
  const parts = (['critical', 'high', 'medium', 'low', 'possible'] as const).flatMap((severity) =>
    secrets.counts[severity] === 0 ? [] : [`${secrets.counts[severity]} ${severity}`],
  );
  if (!secrets.complete) parts.push(`NOT ALL SEARCHED: ${secrets.reason ?? 'nobody says why'}`);
  return parts.length === 0 ? 'none found' : parts.join(', ');
}

/** Where secrets were found, as a table, which tells none of them. */
export function secretsText(secrets: Inventory['secrets'], style: Style): string {
  const found = secrets?.found ?? [];
  if (found.length === 0) return '';
  const rows = found
    .slice(0, few)
    .map(({ rule, severity, where, path, layer, line, excerpt, deleted }) => [
      { text: severity, paint: style.red },
      rule,
      `${where === 'file' ? '' : `${where} `}${path}${line === undefined ? '' : `:${line}`}`,
      layer === undefined ? '' : String(layer),
      deleted === true ? `${excerpt} (deleted later)` : excerpt,
    ]);
  const table = formatTable(['SECRET', 'KIND', 'WHERE', 'LAYER', ''], rows, style);
  return withMore(table, found.length - rows.length, style);
}

/** In a few words, what it holds besides code; undefined: nothing is known of it. */
export function bakedSummary(inventory: Facts['inventory']): string | undefined {
  const baked = inventory?.baked;
  if (baked === undefined) return undefined;
  const parts = (['data', 'configuration', 'cache', 'history'] as const).flatMap((kind) =>
    baked.counts[kind] === 0 ? [] : [`${baked.counts[kind]} ${kind}`],
  );
  if (!baked.complete) parts.push('NOT ALL LOOKED AT');
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** Data and configuration that lie in it, as a table; caches and history are for those who ask (`--json`). */
export function bakedText(baked: Inventory['baked'], style: Style): string {
  const places = (baked?.places ?? []).filter(({ kind }) => kind === 'data' || kind === 'configuration');
  if (places.length === 0) return '';
  const rows = places
    .slice(0, few)
    .map(({ kind, what, path, layer, bytes }) => [kind, path, String(layer), formatBytes(bytes), what]);
  const table = formatTable(['BAKED IN', 'PATH', 'LAYER', 'SIZE', ''], rows, style);
  return withMore(table, places.length - rows.length, style);
}

function withMore(table: string, more: number, style: Style): string {
  return more === 0 ? table : `${table}\n${style.dim(`and ${more} more; --json has them all`)}`;
}
