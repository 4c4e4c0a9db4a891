import { compareVersions } from '../advisories/versions/order.ts';
import type { FileChanges } from '../inspect/look/compare-files.ts';
import type { Facts } from '../routines/facts.ts';
import type { FindingFact } from '../routines/facts/findings.ts';

/** A package as a difference names it. */
export interface PackageRef {
  readonly type: string;
  readonly name: string;
  readonly version: string;
}

/** A package that two images have in other versions. */
export interface PackageMove {
  readonly type: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** `other`: nobody knows the order of its versions */
  readonly direction: 'up' | 'down' | 'other';
}

/** Texts that only one of two has. */
export interface TextChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What one image has otherwise than another, by what is known of both. */
export interface ImageDiff {
  /** true: nothing differs of all that is compared, and both could be read whole */
  readonly same: boolean;
  /** false: one of them could not be read whole, or was not taken apart yet, so that there may be other differences */
  readonly complete: boolean;
  readonly before: ImageSummary;
  readonly after: ImageSummary;
  /** how many layers are the same, from the lowest on */
  readonly sharedLayers: number;
  readonly packages: {
    readonly added: readonly PackageRef[];
    readonly removed: readonly PackageRef[];
    readonly changed: readonly PackageMove[];
  };
  /** fields of the configuration whose value differs, as text */
  readonly configuration: ReadonlyArray<{
    readonly field: string;
    readonly before?: string;
    readonly after?: string;
  }>;
  /** absent: those of one of them are not known */
  readonly findings?: { readonly new: readonly FindingRef[]; readonly gone: readonly FindingRef[] };
  readonly licences: TextChanges;
  /** absent: nobody compared them */
  readonly files?: FileChanges;
}

export interface ImageSummary {
  readonly digest: string;
  /** bytes as transferred */
  readonly size: number;
  readonly layers: number;
  readonly platform?: string;
  readonly distribution?: string;
  /** as its builder named it */
  readonly base?: string;
  readonly packages: number;
}

/** A finding as a difference names it: of an advisory about a package, whatever its version. */
export type FindingRef = Pick<FindingFact, 'advisory' | 'package' | 'version' | 'severity' | 'fixedIn'>;

/**
 * Says how two images differ.
 * @param files how their files differ, where that was found out
 */
export function diffImages(before: Facts, after: Facts, files?: FileChanges): ImageDiff {
  const packages = comparePackages(packagesOf(before), packagesOf(after));
  const configuration = compareFields(configurationOf(before), configurationOf(after));
  const findings =
    before.findings && after.findings
      ? {
          new: findingsBut(after.findings, before.findings),
          gone: findingsBut(before.findings, after.findings),
        }
      : undefined;
  const licences = compareTexts(licencesOf(before), licencesOf(after));
  const complete =
    before.inventory?.complete === true && after.inventory?.complete === true && files?.complete !== false;
  const differences = [
    ...Object.values(packages),
    configuration,
    ...Object.values(findings ?? {}),
    licences.added,
    licences.removed,
  ];
  const { added = 0, removed = 0, changed = 0 } = files?.counts ?? {};
  return {
    same: complete && added + removed + changed === 0 && differences.every((one) => one.length === 0),
    complete,
    before: summaryOf(before),
    after: summaryOf(after),
    sharedLayers: sharedLayers(before, after),
    packages,
    configuration,
    ...(findings && { findings }),
    licences,
    ...(files && { files }),
  };
}

function summaryOf({ image, inventory }: Facts): ImageSummary {
  const { id, version } = inventory?.distribution ?? {};
  const base = [image.base.name, image.base.digest].filter(Boolean).join('@');
  return {
    digest: image.digest,
    size: image.size,
    layers: image.layers.length,
    ...(image.platform !== undefined && { platform: image.platform }),
    ...(id !== undefined && { distribution: [id, version].filter(Boolean).join(' ') }),
    ...(base !== '' && { base }),
    packages: inventory?.packages.length ?? 0,
  };
}

function sharedLayers(before: Facts, after: Facts): number {
  const { layers } = before.image;
  const end = layers.findIndex(({ digest }, index) => after.image.layers[index]?.digest !== digest);
  return end < 0 ? layers.length : end;
}

type Known = NonNullable<Facts['inventory']>['packages'][number];

function packagesOf({ inventory }: Facts): readonly Known[] {
  return inventory?.packages ?? [];
}

const ecosystems: Readonly<Record<string, string>> = {
  deb: 'Debian',
  apk: 'Alpine',
  rpm: 'Red Hat',
  npm: 'npm',
  golang: 'Go',
  pypi: 'PyPI',
  maven: 'Maven',
  gem: 'RubyGems',
  composer: 'Packagist',
  cargo: 'crates.io',
  nuget: 'NuGet',
  bitnami: 'Bitnami',
};

/** Negative, zero or positive; undefined: nobody knows the order of these versions. */
function orderOf(type: string, a: string, b: string): number | undefined {
  const ecosystem = ecosystems[type];
  if (ecosystem === undefined) return undefined;
  try {
    const order = compareVersions(ecosystem, a, b);
    return order === 'unsupported' ? undefined : order;
  } catch {
    // A version without a place in the order.
    return undefined;
  }
}

/** Of a name that an image has several versions of, those that only one image has are paired in their order. */
function comparePackages(before: readonly Known[], after: readonly Known[]): ImageDiff['packages'] {
  const keyOf = ({ type, name }: Known) => `${type} ${name}`;
  const [old, now] = [Map.groupBy(before, keyOf), Map.groupBy(after, keyOf)];
  const added: PackageRef[] = [];
  const removed: PackageRef[] = [];
  const changed: PackageMove[] = [];
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const { type, name } = (old.get(key) ?? now.get(key)!)[0]!;
    const versionsOf = (known: readonly Known[] = []) => new Set(known.map(({ version }) => version));
    const [had, has] = [versionsOf(old.get(key)), versionsOf(now.get(key))];
    const sorted = (versions: ReadonlySet<string>) =>
      [...versions].sort((a, b) => orderOf(type, a, b) ?? (a < b ? -1 : 1));
    const [gone, come] = [sorted(had.difference(has)), sorted(has.difference(had))];
    const pairs = Math.min(gone.length, come.length);
    for (let at = 0; at < pairs; at += 1) {
      const order = orderOf(type, gone[at]!, come[at]!);
      const direction = order === undefined || order === 0 ? 'other' : order < 0 ? 'up' : 'down';
      changed.push({ type, name, before: gone[at]!, after: come[at]!, direction });
    }
    removed.push(...gone.slice(pairs).map((version) => ({ type, name, version })));
    added.push(...come.slice(pairs).map((version) => ({ type, name, version })));
  }
  return { added, removed, changed };
}

function configurationOf({ image }: Facts): ReadonlyMap<string, string> {
  const { config, platform } = image;
  const fields = new Map<string, string>();
  if (platform !== undefined) fields.set('platform', platform);
  if (config === undefined) return fields;
  fields.set('user', config.user);
  fields.set('entrypoint', JSON.stringify(config.entrypoint));
  fields.set('command', JSON.stringify(config.cmd));
  for (const one of config.env) {
    const end = one.indexOf('=');
    fields.set(`env ${end < 0 ? one : one.slice(0, end)}`, end < 0 ? '' : one.slice(end + 1));
  }
  for (const port of config.exposedPorts) fields.set(`port ${port}`, 'exposed');
  for (const volume of config.volumes) fields.set(`volume ${volume}`, 'declared');
  for (const [name, value] of Object.entries(config.labels)) fields.set(`label ${name}`, value);
  return fields;
}

function compareFields(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ImageDiff['configuration'] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((field) => {
    const [old, now] = [before.get(field), after.get(field)];
    if (old === now) return [];
    return [{ field, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) }];
  });
}

/** Findings that the others do not have about the same package, by any of their names. */
function findingsBut(findings: readonly FindingFact[], others: readonly FindingFact[]): FindingRef[] {
  const known = new Set(
    others.flatMap((one) => [one.advisory, ...one.aliases].map((id) => `${id} ${one.package}`)),
  );
  return findings
    .filter((one) => ![one.advisory, ...one.aliases].some((id) => known.has(`${id} ${one.package}`)))
    .map(({ advisory, package: name, version, severity, fixedIn }) => ({
      advisory,
      package: name,
      version,
      severity,
      ...(fixedIn !== undefined && { fixedIn }),
    }));
}

function licencesOf({ inventory }: Facts): ReadonlySet<string> {
  return new Set((inventory?.packages ?? []).flatMap(({ spdx, licence }) => spdx ?? licence ?? []));
}

function compareTexts(before: ReadonlySet<string>, after: ReadonlySet<string>): TextChanges {
  return { added: [...after.difference(before)].sort(), removed: [...before.difference(after)].sort() };
}
