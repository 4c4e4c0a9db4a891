import type { ActiveFile } from '../active-files.ts';
import type { LayerInventory } from '../inventory.ts';
import { TreeColumns } from '../layer-tree.ts';
import { MergedTree } from '../merged-tree.ts';
import { isOfSystem, type PackageOwner, type PackageType } from '../packages/package-types.ts';
import { ContaminationList } from './contamination.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { isOfDistribution } from './vendors.ts';
import { countingRecords, systemKey } from './record-files.ts';

/** Entries of all layers together up to which the files of an image are followed, some hundred bytes each. */
const mostEntries = 1_000_000;

/** A file of the merged file system, told by where its content lies. */
export function fileKey(layer: number, entry: number): number {
  return layer * 2 ** 22 + entry;
}

/**
 * Follows all files of an image while its layers are laid upon each other: which packages recorded which files first, which
 * layer took a package's file away, which rewrote a record.
 */
export class FileHistory {
  readonly tree = new MergedTree('all');
  readonly list = new ContaminationList();
  readonly columns: Array<TreeColumns | undefined> = [];
  readonly ledger = new Ledger(({ owner, path, ...rewrite }) => {
    this.list.add({ kind: 'record-rewritten', path, package: owner, ...rewrite });
  });
  /** index of the layer that brought the first package database */
  databaseLayer: number | undefined;
  /** keys of the system packages that are installed, with their versions */
  installed: ReadonlyMap<string, string> = new Map();
  /** keys of those that are not the distribution's own */
  foreign: ReadonlySet<string> = new Set();
  /** types of packages whose whole database a layer took away */
  readonly lostDatabases = new Set<string>();
  #owners: readonly PackageOwner[] = [];
  #diversions: ReadonlyMap<string, { readonly to: string; readonly by?: string }> = new Map();
  #losses = 0;

  /** @returns undefined where the layers have more entries than can be followed */
  static of(layers: ReadonlyArray<{ readonly inventory: LayerInventory }>): FileHistory | undefined {
    const entries = layers.reduce((sum, { inventory }) => sum + inventory.tree.types.length, 0);
    return entries > mostEntries ? undefined : new FileHistory();
  }

  /** Lays a layer upon what is there. */
  apply(inventory: LayerInventory, layer: number, end?: number): void {
    this.columns[layer] = new TreeColumns(inventory.tree);
    this.tree.spend(inventory.tree.paths.length);
    this.tree.apply(inventory, layer, end);
  }

  /**
   * Takes note of what the packages record when a layer lies on top.
   * @param noted files of note of the same layers
   * @param packages what counts among them
   */
  note(noted: MergedTree, packages: readonly ActiveFile[], layer: number): void {
    this.#diversions = diversionsOf(noted);
    const before = this.installed;
    const { versions, owners, foreign } = systemPackages(packages);
    this.installed = versions;
    this.foreign = foreign;
    this.#owners = owners;
    if (versions.size > 0) this.databaseLayer ??= layer;
    const records = countingRecords(noted);
    const lost = [...typesOf(before.keys())].filter((type) => !typesOf(versions.keys()).has(type));
    for (const type of lost) this.lostDatabases.add(type);
    const languages = new Set(records.filter(({ ofSystem }) => !ofSystem).map(({ key }) => key));
    // Where a whole database is gone, what it said is all there is.
    this.ledger.retain(
      (key, { owner }) => versions.has(key) || languages.has(key) || this.lostDatabases.has(owner.type),
    );
    const known = new Map(this.ledger.entries);
    this.ledger.note(layer, records, versions);
    for (const [key, entry] of known) this.#checkUpgrade(key, entry, before.get(key), layer);
    this.#survey(layer);
  }

  /** Notes which files of packages a layer took away that changed no record. */
  survey(layer: number): void {
    if (this.tree.losses !== this.#losses) this.#survey(layer);
  }

  #survey(layer: number): void {
    this.#losses = this.tree.losses;
    for (const entry of this.ledger.entries.values()) {
      for (const [path, file] of entry.files) {
        const node = this.tree.at(this.placeOf(entry.owner, path));
        if (node !== undefined && node.kind !== 'folder') {
          file.seen = true;
          file.missing = undefined;
        } else if (file.seen) file.missing ??= layer;
      }
    }
  }

  /** Where a file of a package is, if it was diverted. */
  placeOf(owner: PackageOwner, path: string): string {
    const diversion = owner.type === 'deb' ? this.#diversions.get(path) : undefined;
    return diversion === undefined || diversion.by === owner.name ? path : diversion.to;
  }

  /** Packages of dpkg, which lists the files of each, of which no record says which files they have. */
  unrecordedPackages(): PackageOwner[] {
    const recorded = new Set<string>();
    for (const { owner, files } of this.ledger.entries.values()) {
      const isList = files.size === 0 || [...files.values()].some(({ configuration }) => !configuration);
      if (isList) recorded.add(systemKey(owner));
    }
    return this.#owners.filter((owner) => owner.type === 'deb' && !recorded.has(systemKey(owner)));
  }

  /** Types of packages of the image, of the system and others, that record nothing of their files. */
  unrecordedTypes(types: Iterable<PackageType>): PackageType[] {
    const recorded = new Set([...this.ledger.entries.values()].map(({ owner }) => owner.type));
    return [...new Set(types)].filter((type) => !recorded.has(type) && !isOfSystem(type)).sort();
  }

  /** A package that is upgraded comes with files; a version that changes alone hides what is installed. */
  #checkUpgrade(key: string, before: LedgerEntry, version: string | undefined, layer: number): void {
    const now = this.installed.get(key);
    if (version === undefined || now === undefined || now === version) return;
    const entry = this.ledger.entries.get(key) ?? before;
    const { owner } = entry;
    // Configuration stays as it is when the package is upgraded.
    const files = [...entry.files, ...before.files].filter(([, file]) => !file.configuration);
    if (files.length === 0) return;
    const came = files.some(([path]) => {
      const node = this.tree.at(this.placeOf(owner, path));
      return node !== undefined && node.kind !== 'folder' && node.layer === layer;
    });
    if (came) return;
    const detail = 'its version was changed, but none of its files came with this layer';
    const path = `${owner.type} ${owner.name}`;
    this.list.add({
      kind: 'record-rewritten',
      path,
      layer,
      package: owner,
      recorded: version,
      found: now,
      detail,
    });
  }
}

/** Types of packages by their keys. */
function typesOf(keys: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(keys, (key) => (JSON.parse(key) as [string])[0]));
}

function systemPackages(files: readonly ActiveFile[]): {
  versions: ReadonlyMap<string, string>;
  owners: readonly PackageOwner[];
  foreign: ReadonlySet<string>;
} {
  const versions = new Map<string, string>();
  const owners: PackageOwner[] = [];
  const foreign = new Set<string>();
  for (const { record } of files) {
    const type =
      record.kind === 'dpkg'
        ? 'deb'
        : record.kind === 'apk' || record.kind === 'rpm'
          ? record.kind
          : undefined;
    if (type === undefined || !('packages' in record)) continue;
    for (const one of record.packages) {
      const { name, version } = one;
      const owner = { type, name } as const;
      const key = systemKey(owner);
      if (!isOfDistribution(type, one)) foreign.add(key);
      const known = versions.get(key);
      if (known === undefined) owners.push(owner);
      // Of some packages several versions are installed at once, such as of kernels.
      const all = known === undefined ? [version] : [...new Set([...known.split(' '), version])].sort();
      versions.set(key, all.join(' '));
      if ('architecture' in one && one.architecture !== undefined)
        versions.set(systemKey({ type, name: `${name}:${one.architecture}` }), version);
    }
  }
  return { versions, owners, foreign };
}

function diversionsOf(tree: MergedTree): ReadonlyMap<string, { readonly to: string; readonly by?: string }> {
  const { node } = tree.walk('var/lib/dpkg/diversions');
  const records = node?.kind === 'file' ? node.records : [];
  return new Map(
    records.flatMap((record) =>
      record.kind === 'diversions' ? record.diversions.map((one) => [one.from, one] as const) : [],
    ),
  );
}
