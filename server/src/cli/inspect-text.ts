import { accountsSummary, accountsText } from './accounts-text.ts';
import { count, displayable, formatBytes, formatTable, shortDigest, type Style } from './display.ts';
import { filesSummary, filesText } from './files-text.ts';
import { countFindings } from './findings-text.ts';
import { scannersSummary } from './scanners-text.ts';
import { bakedSummary, bakedText, secretsSummary, secretsText } from './secrets-text.ts';
import type { KnownImage, RemovedShown } from './image-question.ts';
import type { Facts } from '@wharfinger/lib/routines/facts';

/** What is known of an image, for people: what it is, what is in it, what could not be read, and its layers. */
export function inspectText(
  { facts, base, inventory }: KnownImage,
  style: Style,
  withPackages: boolean,
): string {
  const blocks = [
    overview(facts, baseText(facts, base), style),
    problemsText(facts, style),
    filesText(facts.inventory?.contamination, style),
    secretsText(facts.inventory?.secrets, style),
    accountsText(facts.inventory?.accounts, style),
    bakedText(facts.inventory?.baked, style),
    layersText(facts, style),
  ];
  blocks.push(removedText(inventory?.removed ?? [], style, withPackages));
  if (withPackages) blocks.push(packagesText(facts, style));
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** What is known by the layers comes before what the builder says. */
function baseText({ image }: Facts, base: KnownImage['base']): string | undefined {
  if (base === undefined) return [image.base.name, image.base.digest].filter(Boolean).join('@') || undefined;
  const name = base.tags[0] === undefined ? base.repository : `${base.repository}:${base.tags[0]}`;
  const layers = base.layers === 1 ? 'layer 0' : `layers 0-${base.layers - 1}`;
  return `${name}@${shortDigest(base.digest)} (${layers})`;
}

function overview(
  { image, inventory, findings, advisories, signatures, scanners, held }: Facts,
  base: string | undefined,
  style: Style,
): string {
  const { config } = image;
  const lines: ReadonlyArray<readonly [string, string | undefined]> = [
    ['digest', image.digest],
    ['kind', image.kind ?? 'not known yet'],
    ['platform', image.platform],
    ['created', config?.created],
    ['runs as', config === undefined ? undefined : config.user || 'root'],
    ['command', config === undefined ? undefined : [...config.entrypoint, ...config.cmd].join(' ')],
    ['size', `${formatBytes(image.size)} in ${count(image.layers.length, 'layer')}`],
    ['base', base],
    ['distribution', distributionText(inventory)],
    ['packages', inventory === undefined ? 'not known yet' : packageCounts(inventory.packages)],
    ['licences', licencesText(inventory)],
    [
      'read',
      inventory === undefined
        ? undefined
        : inventory.complete
          ? 'completely'
          : 'INCOMPLETELY: it may hide anything',
    ],
    ['files', filesSummary(inventory)],
    ['secrets', secretsSummary(inventory)],
    ['accounts', accountsSummary(inventory)],
    ['besides code', bakedSummary(inventory)],
    ['findings', findings === undefined ? 'not known yet' : countFindings(findings)],
    ['not looked for', advisories?.uncovered.join(', ')],
    ['scanners', scannersSummary(scanners)],
    ['signed by', signatures === undefined ? undefined : keysText(signatures)],
    ['missing', image.missing.length === 0 ? undefined : image.missing.join(', ')],
    ['held by hand', held === undefined ? undefined : `by ${held.by} at ${held.at}: ${held.reason}`],
  ];
  return lines
    .flatMap(([name, value]) => (value ? [`${style.dim(name.padEnd(14))} ${displayable(value)}`] : []))
    .join('\n');
}

function distributionText(inventory: Facts['inventory']): string | undefined {
  if (inventory === undefined) return undefined;
  const { id, version, ecosystem } = inventory.distribution ?? { id: 'unknown' };
  const name = [id, version].filter(Boolean).join(' ');
  return ecosystem === undefined ? name : `${name} (advisories of ${ecosystem})`;
}

function packageCounts(packages: ReadonlyArray<{ type: string }>): string {
  if (packages.length === 0) return 'none';
  const byType = Object.entries(Object.groupBy(packages, ({ type }) => type));
  return `${packages.length}: ${byType.map(([type, of]) => `${of!.length} ${type}`).join(', ')}`;
}

/** How many packages are under licences of which kind; of a choice the first way counts. */
function licencesText(inventory: Facts['inventory']): string | undefined {
  if (inventory === undefined || inventory.licences.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { choices, packages } of inventory.licences) {
    for (const kind of choices[0]?.categories ?? [])
      counts.set(kind, (counts.get(kind) ?? 0) + packages.length);
  }
  return [...counts].map(([kind, many]) => `${many} ${kind}`).join(', ');
}

function keysText({ signers, refused, trustedKeys }: NonNullable<Facts['signatures']>): string {
  if (trustedKeys.length === 0) return 'no key is trusted for it';
  const signed = signers.length === 0 ? 'no trusted key' : signers.join(', ');
  return refused.length === 0 ? signed : `${signed}; ${count(refused.length, 'signature')} that do not count`;
}

function problemsText({ inventory }: Facts, style: Style): string {
  if (inventory === undefined || inventory.problems.length === 0) return '';
  const rows = inventory.problems.map(({ code, path, message, hides }) => [
    { text: hides ? 'hides' : 'notes', paint: hides ? style.red : style.dim },
    code,
    path ?? '',
    message,
  ]);
  return formatTable(['PROBLEM', 'CODE', 'PATH', 'MESSAGE'], rows, style);
}

function layersText({ image, inventory }: Facts, style: Style): string {
  const rows = image.layers.map(({ digest, size, createdBy }, index) => [
    String(index),
    shortDigest(digest),
    formatBytes(size),
    inventory === undefined ? '' : String(inventory.packages.filter(({ layer }) => layer === index).length),
    (createdBy ?? '').replaceAll(/\s+/g, ' ').slice(0, 100),
  ]);
  return rows.length === 0
    ? ''
    : formatTable(['LAYER', 'DIGEST', 'SIZE', 'PACKAGES', 'CREATED BY'], rows, style);
}

/** Removals that are shown where packages are not asked for. */
const fewRemoved = 10;

function removedText(removed: readonly RemovedShown[], style: Style, all: boolean): string {
  if (removed.length === 0) return '';
  const rows = removed
    .slice(0, all ? removed.length : fewRemoved)
    .map(({ type, name, version, layer, removedIn, replacedBy }) => [
      `${type} ${name}`,
      version,
      String(layer),
      String(removedIn),
      replacedBy ?? '',
    ]);
  const table = formatTable(['REMOVED', 'VERSION', 'FROM LAYER', 'IN LAYER', 'REPLACED BY'], rows, style);
  const more = removed.length - rows.length;
  return more === 0 ? table : `${table}\n${style.dim(`and ${more} more; --packages lists them all`)}`;
}

function packagesText({ inventory }: Facts, style: Style): string {
  const rows = (inventory?.packages ?? []).map(({ type, name, version, layer, licence, spdx }) => [
    type,
    name,
    version,
    String(layer),
    spdx ?? (licence === undefined ? '' : `? ${licence}`),
  ]);
  return rows.length === 0
    ? ''
    : formatTable(['TYPE', 'PACKAGE', 'VERSION', 'LAYER', 'LICENCE'], rows, style);
}
