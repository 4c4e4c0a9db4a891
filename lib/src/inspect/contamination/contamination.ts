import { displayPath } from '../paths.ts';
import type { PackageOwner, PackageType } from '../packages/package-types.ts';

/**
 * What may be wrong with a file:
 * `modified` its content is not what its package recorded; `configuration` the same of a file that people are meant to change;
 * `accounts` the same of the files of users and groups, which nearly every build changes: who can log in by them is told by itself;
 * `missing` a later layer took it away from its package, `missing-documentation` of files that nothing reads but people; `record-rewritten` a later layer changed what the package manager
 * says of the same version of a package; `unowned` it lies where only packages put files, and no package has it;
 * `added-executable` and `changed-executable` a layer above the one that brought the package database added a program, or put
 * one in the place of another, and no package brought it; `setuid` it runs with the rights of its owner or group;
 * `capability` it runs with privileges of the kernel; `unchecked` it could not be compared with its record.
 */
export const contaminationKinds = [
  'modified',
  'configuration',
  'accounts',
  'missing',
  'missing-documentation',
  'record-rewritten',
  'unowned',
  'added-executable',
  'changed-executable',
  'setuid',
  'capability',
  'unchecked',
] as const;

export type ContaminationKind = (typeof contaminationKinds)[number];

/** One file of which something is to be told. */
export interface ContaminatedFile {
  readonly kind: ContaminationKind;
  /** in the merged file system, escaped for display */
  readonly path: string;
  /** index of the layer that did it, from 0 */
  readonly layer: number;
  /** whose file it is */
  readonly package?: PackageOwner;
  /** what the package recorded first: `algorithm:hex`, or a version */
  readonly recorded?: string;
  /** what is there instead */
  readonly found?: string;
  /** what it comes to, for people */
  readonly detail?: string;
}

/** How the files of an image differ from what its packages brought. */
export interface Contamination {
  /** false: something could not be compared, and nothing is known of it */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind */
  readonly counts: Readonly<Record<ContaminationKind, number>>;
  /** the first of each kind, in the order of the kinds and of their paths */
  readonly files: readonly ContaminatedFile[];
  /** types of packages in the image that record nothing of their files, so that nobody can tell whether they were changed */
  readonly unrecorded: readonly PackageType[];
}

/** How many files of one kind are listed. */
export const listedFiles = 100;

/** Collects what is told of files, and keeps the first of each kind. */
export class ContaminationList {
  readonly #found = new Map<ContaminationKind, ContaminatedFile[]>();
  readonly #counts = new Map<ContaminationKind, number>();

  /** @param file its path not escaped yet */
  add(file: ContaminatedFile): void {
    this.#counts.set(file.kind, (this.#counts.get(file.kind) ?? 0) + 1);
    const listed = this.#found.get(file.kind) ?? [];
    listed.push(file);
    // Sorted out now and then, so that a list never grows with the image.
    if (listed.length >= 20 * listedFiles) keepFirst(listed);
    this.#found.set(file.kind, listed);
  }

  count(kind: ContaminationKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  finish(): Pick<Contamination, 'counts' | 'files'> {
    const counts = Object.fromEntries(contaminationKinds.map((kind) => [kind, this.count(kind)]));
    return {
      counts: counts as Contamination['counts'],
      files: contaminationKinds
        .flatMap((kind) => keepFirst(this.#found.get(kind) ?? []))
        .map((file) => ({ ...file, path: displayPath(file.path) })),
    };
  }
}

function keepFirst(files: ContaminatedFile[]): readonly ContaminatedFile[] {
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.layer - b.layer));
  files.splice(listedFiles);
  return files;
}
