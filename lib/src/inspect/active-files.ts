import type { Named } from './ecosystem.ts';
import type { DpkgPackage, FileRecord, RpmPackage } from './file-facts.ts';
import { chiselManifest } from './packages/chisel.ts';
import { countsAt } from './packages/formats.ts';
import { isDatabase, strayDatabases, type DatabaseRecord } from './lost-databases.ts';
import { linkedPackages } from './linked-packages.ts';
import { withoutMetadata } from './lost-metadata.ts';
import type { MergedNode, MergedTree } from './merged-tree.ts';

/** A file of note where the tools of its kind look for it. */
export interface ActiveFile {
  readonly path: string;
  readonly record: FileRecord;
}

/** Where rpm keeps its database, past and present. */
export const rpmFolders: readonly string[] = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
const rpmNames = ['Packages', 'Packages.db', 'rpmdb.sqlite'];
/** What has been written to the database last, and is not in it yet. */
const rpmJournals = ['rpmdb.sqlite-wal', 'rpmdb.sqlite-journal'];

/** What counts in a merged file system. */
export interface ActiveFiles {
  /** package databases, and what tools of languages recorded */
  readonly packages: readonly ActiveFile[];
  readonly osRelease?: Readonly<Record<string, string>>;
  readonly streams: readonly string[];
  readonly distributionFile: boolean;
  /** releases that files other than os-release name */
  readonly releases: readonly Named[];
  /** repositories that Red Hat built it of, as files say */
  readonly contentSets: readonly string[];
  /** package databases with other packages that lie where no tool looks for them */
  readonly strays: readonly string[];
  readonly otherDatabases: readonly string[];
  /** records of dpkg's packages, and of how many of them the source is not known */
  readonly sourceless: ReadonlyArray<{ readonly path: string; readonly count: number }>;
  /** names of package databases that lead to something that is none */
  readonly unreadable: readonly string[];
  /** journals of rpm databases that say what the databases do not */
  readonly journals: readonly string[];
  /** records of files that Python installed, of packages that nothing names */
  readonly nameless: readonly string[];
}

function recordsOf(node: MergedNode | undefined): readonly FileRecord[] {
  return node?.kind === 'file' ? node.records : [];
}

/** Finds what counts: databases where their tools look for them, links followed inside the root. */
export function findActiveFiles(tree: MergedTree): ActiveFiles {
  const packages: ActiveFile[] = [];
  const counted = new Set<MergedNode>();
  const unreadable: string[] = [];
  const take = (path: string, kind: 'dpkg' | 'apk' | 'rpm'): void => {
    const own = tree.walk(path, false).node;
    const { node } = tree.walk(path);
    if (own === undefined || (node !== undefined && counted.has(node))) return;
    const records = recordsOf(node).filter((record) => record.kind === kind);
    if (records.length === 0 && node?.kind !== 'folder') unreadable.push(path);
    if (node !== undefined) counted.add(node);
    for (const record of records) packages.push({ path, record });
  };
  take('var/lib/dpkg/status', 'dpkg');
  const distroless = tree.walk('var/lib/dpkg/status.d').node;
  if (distroless?.kind === 'folder') {
    for (const name of distroless.children.keys()) {
      if (!name.endsWith('.md5sums')) take(`var/lib/dpkg/status.d/${name}`, 'dpkg');
    }
  }
  const whole = packages.length;
  take(chiselManifest, 'dpkg');
  const sliced = withSources(packages.splice(whole), packages);
  packages.push(...sliced.packages);
  take('lib/apk/db/installed', 'apk');
  take('usr/lib/apk/db/installed', 'apk');

  for (const folder of rpmFolders) for (const name of rpmNames) take(`${folder}/${name}`, 'rpm');
  take('var/lib/rpmmanifest/container-manifest-2', 'rpm');

  const strays: Array<{ readonly path: string; readonly record: DatabaseRecord }> = [];
  const otherDatabases = new Set<string>();
  const contentSets = new Set<string>();
  const journals: string[] = [];
  const journalled: Array<{ readonly path: string; readonly record: RpmJournal }> = [];
  for (const folder of rpmFolders) {
    for (const name of rpmJournals) {
      // Where a link leads to may be a journal, or may become one; files tell themselves.
      if (tree.walk(`${folder}/${name}`, false).node?.kind === 'link') journals.push(`${folder}/${name}`);
    }
  }
  const links: string[] = [];
  const pythonRecords = new Set<string>();
  tree.each((path, node) => {
    if (node.kind === 'link') {
      links.push(path);
      return;
    }
    for (const record of node.records) {
      if (record.kind === 'packages' && countsAt(record.format, path)) {
        counted.add(node);
        packages.push({ path, record });
      } else if (record.kind === 'other-database') otherDatabases.add(record.format);
      else if (record.kind === 'recorded-files' && record.owner.type === 'pypi') pythonRecords.add(path);
      else if (record.kind === 'content-sets') for (const name of record.names) contentSets.add(name);
      else if (record.kind === 'rpm-journal') {
        // It may belong to a database that a link names: what lies in it counts wherever it is.
        if (!journals.includes(path)) journals.push(path);
        journalled.push({ path, record });
      } else if (isDatabase(record) && record.packages.length > 0 && !counted.has(node)) {
        strays.push({ path, record });
      }
    }
  });
  packages.push(...newInJournals(packages, journalled));
  // What lies where it counts is named by that path.
  packages.push(...linkedPackages(tree, links, counted));
  const osRelease = findFacts(tree, ['etc/os-release', 'usr/lib/os-release'], 'os-release');
  const repositories = findFacts(tree, ['etc/apk/repositories'], 'apk-repositories');
  const etc = tree.walk('etc').node;
  const inEtc = etc?.kind === 'folder' ? [...etc.children.keys()] : [];
  const naming = inEtc.flatMap((name) => recordsOf(tree.walk(`etc/${name}`).node).filter(namesDistribution));
  return {
    packages,
    ...(osRelease === undefined ? {} : { osRelease: osRelease.fields }),
    streams: repositories?.streams ?? [],
    distributionFile: naming.length > 0,
    releases: naming.flatMap(({ release }) => release ?? []),
    contentSets: [...contentSets],
    strays: strayDatabases(strays, packages),
    otherDatabases: [...otherDatabases],
    sourceless: sliced.sourceless,
    unreadable,
    journals,
    nameless: withoutMetadata(tree, pythonRecords),
  };
}

/** Packages that dpkg records as well, with their sources, are those of dpkg. */
function withSources(
  sliced: readonly ActiveFile[],
  others: readonly ActiveFile[],
): { packages: ActiveFile[]; sourceless: ActiveFiles['sourceless'] } {
  const keyOf = ({ name, version }: DpkgPackage): string => JSON.stringify([name, version]);
  const known = new Set(
    others.flatMap(({ record }) => (record.kind === 'dpkg' ? record.packages.map(keyOf) : [])),
  );
  const packages = sliced.map((file) => {
    const { record } = file;
    if (record.kind !== 'dpkg' || known.size === 0) return file;
    return {
      ...file,
      record: { ...record, packages: record.packages.filter((one) => !known.has(keyOf(one))) },
    };
  });
  const sourceless = packages.flatMap(({ path, record }) =>
    record.kind === 'dpkg' && record.sourceless && record.packages.length > 0
      ? [{ path, count: record.packages.length }]
      : [],
  );
  return { packages, sourceless };
}

type RpmJournal = Extract<FileRecord, { kind: 'rpm-journal' }>;

/** What journals have that databases lack. */
function newInJournals(
  packages: readonly ActiveFile[],
  journals: ReadonlyArray<{ readonly path: string; readonly record: RpmJournal }>,
): ActiveFile[] {
  const keyOf = ({ name, version, architecture }: RpmPackage): string =>
    JSON.stringify([name, version, architecture]);
  const known = new Set(
    packages.flatMap(({ record }) => (record.kind === 'rpm' ? record.packages.map(keyOf) : [])),
  );
  return journals.map(({ path, record }) => ({
    path,
    record: { ...record, packages: record.packages.filter((one) => !known.has(keyOf(one))) },
  }));
}

function namesDistribution(record: FileRecord): record is FileRecord & { kind: 'distribution-file' } {
  return record.kind === 'distribution-file';
}

function findFacts<K extends FileRecord['kind']>(
  tree: MergedTree,
  paths: readonly string[],
  kind: K,
): Extract<FileRecord, { kind: K }> | undefined {
  for (const path of paths) {
    for (const record of recordsOf(tree.walk(path).node)) {
      if (record.kind === kind) return record as Extract<FileRecord, { kind: K }>;
    }
  }
  return undefined;
}
