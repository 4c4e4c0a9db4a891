import type { Facts } from '@wharfinger/lib/routines/facts';
import { count, formatTable, type Style } from './display.ts';

type Inventory = NonNullable<Facts['inventory']>;

/** Rows that are listed. */
const few = 20;

/** In a few words, who can log in by what lies in an image; undefined: nothing is known of it, or nobody can. */
export function accountsSummary(inventory: Facts['inventory']): string | undefined {
  const accounts = inventory?.accounts;
  if (accounts === undefined) return undefined;
  const { passwordless, password, administrator, key } = accounts.counts;
  const named: ReadonlyArray<readonly [number, string]> = [
    [passwordless, 'without a password'],
    [password, 'with a password in the image'],
    [administrator, 'besides root with all of its rights'],
    [key, 'with a key of SSH in the image'],
  ];
  const parts = named.flatMap(([number, what]) =>
    number === 0 ? [] : [`${count(number, 'account')} ${what}`],
  );
  if (!accounts.complete) parts.push(`NOT ALL READ: ${accounts.reason ?? 'nobody says why'}`);
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Who can log in, as a table. */
export function accountsText(accounts: Inventory['accounts'], style: Style): string {
  const found = accounts?.found ?? [];
  if (found.length === 0) return '';
  const rows = found
    .slice(0, few)
    .map(({ kind, account, path, layer, detail }) => [
      { text: account, paint: style.red },
      kind,
      path,
      String(layer),
      detail ?? '',
    ]);
  const table = formatTable(['ACCOUNT', 'LOGS IN BY', 'PATH', 'LAYER', ''], rows, style);
  const more = found.length - rows.length;
  return more === 0 ? table : `${table}\n${style.dim(`and ${more} more; --json has them all`)}`;
}
