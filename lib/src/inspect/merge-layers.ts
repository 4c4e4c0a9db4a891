import { findAccounts, type ImageAccounts } from './accounts/image-accounts.ts';
import { findBaked, type ImageBaked } from './baked/image-baked.ts';
import type { Contamination } from './contamination/contamination.ts';
import { FileHistory } from './contamination/file-history.ts';
import {
  findContamination,
  unknownContamination,
  type FileFindings,
} from './contamination/find-contamination.ts';
import type { ImageExecutables } from './executables/image-executables.ts';
import { findActiveFiles, rpmFolders, type ActiveFile, type ActiveFiles } from './active-files.ts';
import { identifyDistribution } from './distribution.ts';
import type { Distribution, LayerInventory, Package, Problem, RemovedPackage } from './inventory.ts';
import { TakenDatabases } from './lost-databases.ts';
import { ImageLicences } from './licences/image-licences.ts';
import { eachEntry } from './layer-tree.ts';
import { checkLinks } from './link-check.ts';
import { MergedTree } from './merged-tree.ts';
import { packagesOf } from './image-packages.ts';
import { chiselManifest } from './packages/chisel.ts';
import { displayPath } from './paths.ts';
import { Removals } from './removed-packages.ts';
import { findSecrets } from './secrets/find-secrets.ts';
import { SecretList, type ImageSecrets } from './secrets/image-secrets.ts';

/** A layer in its place. */
export interface PlacedLayer {
  readonly inventory: LayerInventory;
  /** index in the image */
  readonly layer: number;
  /** index of the first entry that is disregarded */
  readonly end?: number;
}

export interface MergedImage {
  readonly distribution?: Distribution;
  readonly packages: readonly Package[];
  readonly problems: readonly Problem[];
  readonly removed?: readonly RemovedPackage[];
  readonly contamination?: Contamination;
  readonly executables?: ImageExecutables;
  /** those of the files */
  readonly secrets?: ImageSecrets;
  readonly baked?: ImageBaked;
  readonly accounts?: ImageAccounts;
}

/** Package databases of one kind that are told of. */
const mostListed = 20;

const exhausted: Problem = {
  code: 'too-many-entries',
  message: 'its layers have more entries, links and packages together than can be composed',
  hides: true,
};

/** What comes of laying layers upon each other. */
export interface LaidLayers {
  /** files of note of all layers */
  readonly tree: MergedTree;
  /** absent: the layers have more entries than can be followed */
  readonly history: FileHistory | undefined;
  readonly active: ActiveFiles;
  /** layer of each package, by the keys of `keysOf` */
  readonly origins: ReadonlyMap<string, number>;
  readonly removals: Removals;
  /** package databases that a layer took away, with packages that no other has */
  readonly taken: readonly string[];
}

/**
 * Lays layers upon each other, base first.
 * @param steps that it may take; absent: as many as any real image takes
 */
export function layLayers(layers: readonly PlacedLayer[], steps?: number): LaidLayers {
  const tree = new MergedTree('noted', steps);
  const history = FileHistory.of(layers);
  let version = -1;
  let active: ActiveFiles | undefined;
  let origins: ReadonlyMap<string, number> = new Map();
  const removals = new Removals(keysOf);
  const databases = new TakenDatabases();
  for (const { inventory, layer, end } of layers) {
    tree.spend(inventory.tree.paths.length);
    if (tree.exhausted) break;
    tree.apply(inventory, layer, end);
    history?.apply(inventory, layer, end);
    if (tree.version === version && active !== undefined) {
      history?.survey(layer);
      continue;
    }
    version = tree.version;
    active = findActiveFiles(tree);
    history?.note(tree, active.packages, layer);
    removals.note(active.packages, origins, layer);
    databases.note(active.packages);
    origins = originsOf(active.packages, origins, layer);
    tree.spend(origins.size * 10);
  }
  active ??= findActiveFiles(tree);
  return { tree, history, active, origins, removals, taken: databases.missing(active.packages) };
}

/** What was found out about the files of layers that were laid upon each other. */
export function findingsOf({ tree, history }: Pick<LaidLayers, 'tree' | 'history'>): FileFindings {
  return history === undefined || tree.exhausted ? unknownContamination() : findContamination(history);
}

/**
 * Lays layers upon each other, base first, and says what the result contains.
 * @param secrets that are known from elsewhere
 * @param steps as for `layLayers`
 */
export function mergeLayers(
  layers: readonly PlacedLayer[],
  secrets = new SecretList(),
  steps?: number,
): MergedImage {
  const laid = layLayers(layers, steps);
  const { tree, active: found, origins, removals, taken } = laid;
  const { distribution, problems } = identifyDistribution({
    ...found,
    strayDatabase: found.strays.length > 0 || layers.some(({ inventory }) => hidesDatabase(inventory)),
    dpkg: found.packages.flatMap(({ record }) => (record.kind === 'dpkg' ? record.packages : [])),
    apk: found.packages.flatMap(({ record }) => (record.kind === 'apk' ? record.packages : [])),
    rpm: found.packages.flatMap(({ record }) =>
      record.kind === 'rpm' || record.kind === 'rpm-journal' ? record.packages : [],
    ),
  });
  const hasFiles = layers.some(({ inventory }) => inventory.tree.types.includes('f'));
  const { contamination, executables, ownerAt, isOwn } = findingsOf(laid);
  const history = tree.exhausted ? undefined : laid.history;
  const isWhole = layers.every(({ inventory }) => inventory.complete);
  findSecrets(layers, history, isOwn, secrets);
  const packages = packagesOf(
    found.packages,
    distribution,
    origins,
    keysOf,
    ownerAt,
    new ImageLicences(tree),
  );
  return {
    distribution,
    packages,
    removed: removals.packages,
    contamination: contamination(packages.map(({ type }) => type)),
    ...(executables === undefined ? {} : { executables }),
    secrets: secrets.finish(),
    baked: findBaked(history, isOwn, isWhole),
    accounts: findAccounts(layers, history, isWhole),
    problems: [
      ...problems,
      ...found.unreadable.map((path): Problem => {
        const message = 'what stands for a package database cannot be read as one';
        return { code: 'unreadable-file', path: displayPath(path), message, hides: true };
      }),
      ...found.strays.slice(0, mostListed).map((path): Problem => {
        const message =
          'a package database lies where no tool of the image looks for it: its packages are not told';
        return { code: 'package-database-missing', path: displayPath(path), message, hides: true };
      }),
      ...taken.slice(0, mostListed).map((path): Problem => {
        const message =
          'a layer takes this package database away, and no other has its packages, whose files may be there';
        return { code: 'package-database-missing', path: displayPath(path), message, hides: true };
      }),
      ...found.journals.map((path): Problem => {
        const message =
          'the rpm database has a journal: what is installed can be told from both together alone';
        return { code: 'unreadable-file', path: displayPath(path), message, hides: true };
      }),
      ...found.nameless.slice(0, mostListed).map((path): Problem => {
        const message =
          'the metadata beside this record are not there: which package Python has here is not told';
        return { code: 'unreadable-file', path: displayPath(path), message, hides: true };
      }),
      ...found.sourceless.map(({ path, count }): Problem => {
        const message =
          `it does not say from which sources ${count} packages were built, by which advisories name them: ` +
          'what is known of those of another name is not found';
        return { code: 'unreadable-file', path: displayPath(path), message, hides: true };
      }),
      ...checkLinks(tree, hasFiles),
      ...(tree.exhausted ? [exhausted] : []),
      ...removals.problems,
    ],
  };
}

/** Folders of package databases and all above them. */
const databaseFolders: ReadonlySet<string> = new Set(
  [
    'var/lib/dpkg/status',
    'var/lib/dpkg/status.d',
    'lib/apk/db/installed',
    'usr/lib/apk/db/installed',
    'var/lib/rpmmanifest',
    chiselManifest,
    ...rpmFolders,
  ]
    .map((path) => path.split('/'))
    .flatMap((names) => names.map((_, index) => names.slice(0, index + 1).join('/'))),
);

/** True if a whiteout or an opaque folder of the layer takes a package database away, if there was one. */
function hidesDatabase({ tree }: LayerInventory): boolean {
  if (!tree.types.includes('w') && !tree.types.includes('o')) return false;
  let hides = false;
  eachEntry(tree, (_index, path, type) => {
    if ((type === 'w' || type === 'o') && databaseFolders.has(path)) hides = true;
  });
  return hides;
}

/** What identifies a package within an image; of system packages the place does not count. */
function keysOf({ path, record }: ActiveFile): readonly string[] {
  if (record.kind === 'dpkg' || record.kind === 'apk') {
    return record.packages.map((one) =>
      JSON.stringify([record.kind, one.name, one.version, one.architecture]),
    );
  }
  if (record.kind === 'rpm' || record.kind === 'rpm-journal') {
    return record.packages.map((one) => JSON.stringify(['rpm', one.name, one.version, one.architecture]));
  }
  if (record.kind !== 'packages') return [];
  return record.packages.map((one) =>
    JSON.stringify([record.format, one.type, one.name, one.version, one.inside, path]),
  );
}

/** The layer of each package: the one since which it is there. */
function originsOf(
  files: readonly ActiveFile[],
  before: ReadonlyMap<string, number>,
  layer: number,
): ReadonlyMap<string, number> {
  const origins = new Map<string, number>();
  for (const file of files) for (const key of keysOf(file)) origins.set(key, before.get(key) ?? layer);
  return origins;
}
