import type { ActiveFile } from './active-files.ts';
import type { FileRecord } from './file-facts.ts';

/** The database of a distribution's packages, or one file of it. */
export type DatabaseRecord = FileRecord & { kind: 'dpkg' | 'apk' | 'rpm' };

/** True for the record of a database that a distribution's tools keep. */
export function isDatabase(record: FileRecord): record is DatabaseRecord {
  return record.kind === 'dpkg' || record.kind === 'apk' || record.kind === 'rpm';
}

/** What dpkg and its like keep of an earlier state. */
const backup = /^var\/(?:lib\/dpkg\/status-old|backups\/dpkg\.status[^/]*)$/;

/**
 * Databases that lie where no tool of this image looks for them, but name packages that it does not have by the others: those of a
 * root file system within the image, or one that was moved away.
 * @param known those that count
 */
export function strayDatabases(
  found: ReadonlyArray<{ readonly path: string; readonly record: DatabaseRecord }>,
  known: readonly ActiveFile[],
): readonly string[] {
  const keys = new Set(known.flatMap(({ record }) => (isDatabase(record) ? keysOf(record) : [])));
  return found
    .filter(({ path, record }) => !backup.test(path) && keysOf(record).some((key) => !keys.has(key)))
    .map(({ path }) => path);
}

function keysOf({ kind, packages }: DatabaseRecord): string[] {
  return packages.map(({ name, version }) => JSON.stringify([kind, name, version]));
}

/** Watches, while layers are laid upon each other, whether one takes a database away. */
export class TakenDatabases {
  /** names of packages by path; those that are gone too */
  readonly #seen = new Map<string, DatabaseRecord>();

  /** Notes what is there once a layer was laid upon the others. */
  note(files: readonly ActiveFile[]): void {
    for (const { path, record } of files) {
      if (isDatabase(record) && record.packages.length > 0) this.#seen.set(path, record);
    }
  }

  /** Paths of databases that were there, and whose packages no database has any more: their files may be there all the same. */
  missing(files: readonly ActiveFile[]): readonly string[] {
    const names = new Set<string>();
    const there = new Set<string>();
    for (const { path, record } of files) {
      if (!isDatabase(record) || record.packages.length === 0) continue;
      there.add(path);
      for (const { name } of record.packages) names.add(`${record.kind} ${name}`);
    }
    return [...this.#seen]
      .filter(
        ([path, { kind, packages }]) =>
          !there.has(path) && packages.some(({ name }) => !names.has(`${kind} ${name}`)),
      )
      .map(([path]) => path);
  }
}
