import type { RecordedFiles, RpmPackage } from '../../file-facts.ts';
import type { LayerLimits } from '../../limits.ts';
import type { FileObserver, NoteListener } from '../../reading.ts';
import { isBdbHash, readBdbHash } from './bdb.ts';
import { Faults } from './faults.ts';
import { isRpmManifest, readRpmManifest } from './manifest.ts';
import { isNdb, readNdb } from './ndb.ts';
import { readRpmPackage } from './package.ts';
import { isSqlite, readSqliteTable } from './sqlite.ts';
import { isWal, readWal } from './wal.ts';

/** Where a database or its journal lies in the folders of rpm. */
const named = /(?:^|\/)rpm\/(?:Packages|Packages\.db|rpmdb\.sqlite)$/;
const namedJournal = /(?:^|\/)rpmdb\.sqlite-(?:wal|journal)$/;
const rollbackMagic = Buffer.from('d9d505f920a163d7', 'hex');

/** Reads the headers of packages out of a file; true where it has a place for them. */
type Form = (bytes: Buffer, use: (blob: Buffer) => void, faults: Faults) => boolean;

const forms: ReadonlyArray<readonly [is: (head: Buffer) => boolean, read: Form]> = [
  [isSqlite, (bytes, use, faults) => readSqliteTable(bytes, 'packages', use, faults)],
  [isNdb, (bytes, use, faults) => (readNdb(bytes, use, faults), true)],
  [isBdbHash, (bytes, use, faults) => (readBdbHash(bytes, use, faults), true)],
];

/**
 * Reads package databases of rpm in all forms that it had, by their content, wherever they lie: links may lead to them. Databases
 * of other programs have the same forms; what has no packages and is not named as rpm names its own is none.
 */
export const observeRpm: FileObserver = ({ path, head, size }, limits, listener) => {
  const isNamed = named.test(path);
  if (isRpmManifest(path)) {
    const use = (bytes: Buffer): void => takeManifest(bytes, listener);
    return { how: 'keep', limit: limits.database, use };
  }
  const limit = limits.database * 2;
  const form = forms.find(([is]) => is(head))?.[1];
  if (form !== undefined && (isNamed || size <= limit)) {
    return { how: 'keep', limit, use: (bytes) => takeDatabase(bytes, form, isNamed, limits, listener) };
  }
  if (isNamed) {
    listener.fact({ kind: 'rpm', packages: [] });
    if (size > 0) listener.problem('unreadable-file', 'it is no database of rpm that is known', true);
    return undefined;
  }
  if (namedJournal.test(path) && head.subarray(0, 8).equals(rollbackMagic)) {
    listener.fact({ kind: 'rpm-journal', packages: [] });
    return undefined;
  }
  const isLog = isWal(head) && (size <= limit || namedJournal.test(path));
  return isLog ? { how: 'keep', limit, use: (bytes) => takeLog(bytes, path, limits, listener) } : undefined;
};

function takeDatabase(
  bytes: Buffer,
  form: Form,
  isNamed: boolean,
  limits: LayerLimits,
  listener: NoteListener,
): void {
  const faults = new Faults();
  const reader = new PackageReader(limits, faults);
  const hasPlace = form(bytes, (blob) => reader.take(blob), faults);
  if (!hasPlace && isNamed) faults.add('it has no table of packages');
  // Much else is kept in databases of these forms, some of it broken on purpose.
  if (!isNamed && reader.packages.length === 0 && !reader.sawKey) return;
  reader.tell(listener);
  for (const text of faults.texts) {
    listener.problem('unreadable-file', `the rpm database cannot be read whole: ${text}`, true);
  }
}

function takeManifest(bytes: Buffer, listener: NoteListener): void {
  const faults = new Faults();
  listener.fact({ kind: 'rpm', packages: readRpmManifest(bytes, faults) });
  for (const text of faults.texts) listener.problem('unreadable-file', text, true);
}

function takeLog(bytes: Buffer, path: string, limits: LayerLimits, listener: NoteListener): void {
  const { committed, blobs } = readWal(bytes);
  const reader = new PackageReader(limits, new Faults());
  for (const blob of blobs) reader.take(blob);
  // Many programs have such logs.
  const isOfRpm = namedJournal.test(path) || reader.packages.length > 0;
  if (committed > 0 && isOfRpm) listener.fact({ kind: 'rpm-journal', packages: reader.packages });
}

/** Collects packages from headers. */
class PackageReader {
  readonly packages: RpmPackage[] = [];
  /** a public key that rpm keeps among packages */
  sawKey = false;
  readonly #files: RecordedFiles[] = [];
  readonly #limits: LayerLimits;
  readonly #faults: Faults;
  readonly #allowance: { files: number; names: number };

  constructor(limits: LayerLimits, faults: Faults) {
    this.#limits = limits;
    this.#faults = faults;
    this.#allowance = { files: limits.entries, names: limits.names };
  }

  take(blob: Buffer): void {
    const read = readRpmPackage(blob, this.#allowance);
    if (read === 'key') this.sawKey = true;
    else if (read === 'broken') this.#faults.add('a package lacks a name, a version or a release');
    else if (this.packages.length >= this.#limits.packages) this.#faults.add('it has too many packages');
    else {
      this.packages.push(read.package);
      if (read.files !== undefined) this.#files.push(read.files);
      if (read.filesBroken) this.#faults.add(`the list of files of ${read.package.name} cannot be read`);
    }
  }

  tell(listener: NoteListener): void {
    listener.fact({ kind: 'rpm', packages: this.packages });
    for (const files of this.#files) listener.fact({ kind: 'recorded-files', ...files });
  }
}
