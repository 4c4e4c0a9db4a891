import { ExecutableList, type ImageExecutables } from '../executables/image-executables.ts';
import type { MergedNode, NotedFile } from '../merged-tree.ts';
import { isOfSystem, type PackageOwner, type PackageType } from '../packages/package-types.ts';
import { capabilityNames } from './capabilities.ts';
import { compareFile, type State } from './compare-file.ts';
import { ContaminationList, type Contamination } from './contamination.ts';
import { fileKey, type FileHistory } from './file-history.ts';
import { digestText, type LedgerEntry, type LedgerFile } from './ledger.ts';
import { systemKey } from './record-files.ts';
import { excuseOf, isAccountFile, isDocumentation, isSystemPath } from './system-paths.ts';

/** Whose a file is, and whether it is what that package brought. */
interface Ownership {
  readonly owner: PackageOwner;
  readonly state: State;
  /** people are meant to change it */
  readonly configuration: boolean;
}

/**
 * What is to be said of one file: `recorded` its package brought it so; `listed` its package has it, and did not record its content;
 * `modified` its content is not what its package recorded; `configuration` the same of a file that people are meant to change;
 * `unchecked` it could not be compared; `unowned` it lies where only packages put files, and no package has it; `other` no
 * package has it, and none need.
 */
export const fileStates = [
  'recorded',
  'listed',
  'modified',
  'configuration',
  'unchecked',
  'unowned',
  'other',
] as const;

export type FileState = (typeof fileStates)[number];

/** Whose a file is, and what is to be said of it. */
export interface FileStanding {
  readonly package?: PackageOwner;
  readonly state: FileState;
}

/** What was found out about the files of an image. */
export interface FileFindings {
  /** @param types of all packages of the image */
  readonly contamination: (types: Iterable<PackageType>) => Contamination;
  /** absent: the files were too many to be followed */
  readonly executables?: ImageExecutables;
  /** The distribution's package that brought the file that a path leads to as it is. */
  readonly ownerAt: (path: string) => PackageOwner | undefined;
  /** Whether a package of the distribution brought the file of a layer as it is. */
  readonly isOwn: (layer: number, entry: number) => boolean;
  /**
   * Whose a file of the merged file system is; undefined: it was not followed.
   * @param path of the file, free of links
   */
  readonly standingOf: (path: string, layer: number, entry: number) => FileStanding | undefined;
}

/** Compares the files of an image with what its packages recorded when they were installed, whatever the records say now. */
export function findContamination(history: FileHistory): FileFindings {
  const { list, ledger, tree } = history;
  const owned = new Map<number, Ownership>();
  const listed = new Set<string>();
  for (const { files } of ledger.entries.values()) {
    for (const [path, file] of files) if (file.listed) listed.add(path);
  }
  for (const entry of ledger.entries.values()) compareEntry(history, entry, owned, listed);
  for (const owner of history.unrecordedPackages()) {
    const detail = 'nothing says which files it has';
    const path = `${owner.type} ${owner.name}`;
    list.add({ kind: 'unchecked', path, layer: history.databaseLayer ?? 0, package: owner, detail });
  }
  const hasRecords = [...ledger.entries.values()].some(({ owner }) => isOfSystem(owner.type));
  const executables = new ExecutableList();
  tree.each((path, node) => {
    if (node.kind !== 'file') return;
    const ownership = ownershipOf(owned, node);
    lookAt(history, path, node, ownership, hasRecords);
    const isOwn = ownership?.state === 'same' && isOfSystem(ownership.owner.type);
    executables.add(path, node.layer, node.records, isOwn, ownership?.owner);
  });
  const reason = reasonOf(history);
  return {
    contamination: (types) => ({
      complete: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...list.finish(),
      unrecorded: history.unrecordedTypes(types),
    }),
    executables: executables.finish(),
    ownerAt: (path) => bringerOf(history, ownershipOf(owned, tree.walk(path).node)),
    isOwn: (layer, entry) => bringerOf(history, owned.get(fileKey(layer, entry))) !== undefined,
    standingOf: (path, layer, entry) => standing(path, owned.get(fileKey(layer, entry)), hasRecords),
  };
}

const stateNames: Readonly<Record<State, FileState>> = {
  same: 'recorded',
  undigested: 'listed',
  modified: 'modified',
  unchecked: 'unchecked',
  gone: 'listed',
};

function standing(path: string, ownership: Ownership | undefined, hasRecords: boolean): FileStanding {
  if (ownership === undefined) {
    const isUnowned = hasRecords && isSystemPath(path) && excuseOf(path) === undefined;
    return { state: isUnowned ? 'unowned' : 'other' };
  }
  const { owner, state, configuration } = ownership;
  return {
    package: owner,
    state: state === 'modified' && configuration ? 'configuration' : stateNames[state],
  };
}

/** The distribution's package that brought a file, where it is as it brought it. */
function bringerOf(history: FileHistory, found: Ownership | undefined): PackageOwner | undefined {
  if (found?.state !== 'same' || !isOfSystem(found.owner.type)) return undefined;
  return history.foreign.has(systemKey(found.owner)) ? undefined : found.owner;
}

/** What is known where the files were too many to be followed. */
export function unknownContamination(): FileFindings {
  const reason = 'its layers have more entries than can be followed';
  const contamination = { complete: false, reason, ...new ContaminationList().finish(), unrecorded: [] };
  return {
    contamination: () => contamination,
    ownerAt: () => undefined,
    isOwn: () => false,
    standingOf: () => undefined,
  };
}

function reasonOf({ tree, ledger, list, lostDatabases }: FileHistory): string | undefined {
  if (tree.exhausted) return 'its layers have more entries and links together than can be followed';
  if (ledger.full) return 'its packages record more files than can be compared';
  if (lostDatabases.size > 0) return 'a layer took the package database away';
  const unchecked = list.count('unchecked');
  return unchecked === 0 ? undefined : `${unchecked} of its files or packages could not be compared`;
}

function ownershipOf(
  owned: ReadonlyMap<number, Ownership>,
  node: MergedNode | undefined,
): Ownership | undefined {
  if (node?.kind !== 'file' || node.entry === undefined) return undefined;
  return owned.get(fileKey(node.layer, node.entry));
}

/** @param listed files that the list of any package names */
function compareEntry(
  history: FileHistory,
  entry: LedgerEntry,
  owned: Map<number, Ownership>,
  listed: ReadonlySet<string>,
): void {
  const { tree, columns, list } = history;
  const { owner } = entry;
  for (const [path, recorded] of entry.files) {
    const place = history.placeOf(owner, path);
    const { state, file, layer = entry.layer, found } = compareFile(tree, columns, place, recorded);
    const told = { path: place, package: owner };
    // Another package took the file over when both were installed.
    if (!recorded.listed && listed.has(path)) continue;
    if (recorded.missing !== undefined) {
      const kind = isDocumentation(place) ? 'missing-documentation' : 'missing';
      list.add({ kind, ...told, layer: recorded.missing, ...recordedText(recorded) });
    }
    if (state === 'modified') {
      const kind = isAccountFile(place) ? 'accounts' : recorded.configuration ? 'configuration' : 'modified';
      list.add({
        kind,
        ...told,
        layer,
        ...recordedText(recorded),
        ...(found === undefined ? {} : { found }),
      });
    } else if (state === 'unchecked') {
      list.add({
        kind: 'unchecked',
        ...told,
        layer,
        ...recordedText(recorded),
        detail: 'its content was not hashed',
      });
    }
    if (file?.entry === undefined) continue;
    const key = fileKey(file.layer, file.entry);
    const known = owned.get(key);
    if (
      known === undefined ||
      (!isOfSystem(known.owner.type) && isOfSystem(owner.type)) ||
      isWorse(known, state, owner)
    )
      owned.set(key, { owner, state, configuration: recorded.configuration });
  }
}

/** Of two packages of a distribution that claim a file, the one counts that it is not what it brought. */
function isWorse(known: Ownership, state: State, owner: PackageOwner): boolean {
  return known.state === 'same' && state !== 'same' && isOfSystem(owner.type);
}

function recordedText(recorded: LedgerFile): { recorded?: string } {
  return recorded.digest === '' ? {} : { recorded: digestText(recorded) };
}

/** What is to be told of a file, whoever has it. */
function lookAt(
  history: FileHistory,
  path: string,
  file: NotedFile,
  ownership: Ownership | undefined,
  hasRecords: boolean,
): void {
  const columns = history.columns[file.layer];
  if (columns === undefined || file.entry === undefined) return;
  const { list, databaseLayer } = history;
  const { layer, entry } = file;
  const told = {
    path,
    layer,
    ...(ownership === undefined ? {} : { package: ownership.owner }),
  };
  const mode = columns.mode(entry);
  if (hasRecords && ownership === undefined && isSystemPath(path) && excuseOf(path) === undefined)
    list.add({ kind: 'unowned', ...told });
  const isOwn = ownership !== undefined && (ownership.state === 'same' || ownership.state === 'undigested');
  if ((mode & 0o111) !== 0 && databaseLayer !== undefined && layer > databaseLayer && !isOwn) {
    list.add({ kind: file.replaces === true ? 'changed-executable' : 'added-executable', ...told });
  }
  if ((mode & 0o6000) !== 0) {
    const bits = [...((mode & 0o4000) === 0 ? [] : ['setuid']), ...((mode & 0o2000) === 0 ? [] : ['setgid'])];
    list.add({ kind: 'setuid', ...told, detail: bits.join(' ') });
  }
  const capability = columns.capability(entry);
  if (capability !== undefined) {
    const detail = capabilityNames(capability)?.join(' ') ?? 'it cannot be read which';
    list.add({ kind: 'capability', ...told, detail });
  }
}
