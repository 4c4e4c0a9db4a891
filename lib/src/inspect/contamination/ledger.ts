import type { RecordedAlgorithm, RecordedFiles } from '../file-facts.ts';
import { decodePaths } from '../layer-tree.ts';
import type { PackageOwner } from '../packages/package-types.ts';
import type { CountingRecord } from './record-files.ts';

/** One file as its package recorded it first. */
export interface LedgerFile {
  readonly algorithm?: RecordedAlgorithm | undefined;
  /** base64 without padding; empty: none was recorded */
  readonly digest: string;
  /** people are meant to change it */
  readonly configuration: boolean;
  /** false: digests name it, but the list of the package's files does not */
  readonly listed: boolean;
  /** true: it was there once */
  seen: boolean;
  /** the layer since which it is not there any more */
  missing?: number | undefined;
}

/** What one package recorded first, in the version that is installed. */
export interface LedgerEntry {
  readonly owner: PackageOwner;
  version: string;
  readonly layer: number;
  readonly files: ReadonlyMap<string, LedgerFile>;
}

/** A record that says something else of the same version of a package than it did before. */
export interface Rewrite {
  readonly owner: PackageOwner;
  readonly path: string;
  readonly layer: number;
  readonly recorded?: string;
  readonly found?: string;
  readonly detail: string;
}

type Written = Omit<LedgerFile, 'seen' | 'missing'>;

/** Records of files that all packages of an image may have together. */
const mostFiles = 1_000_000;

/**
 * What packages recorded of their files when they were installed. A layer that installs a package in another version replaces
 * what was known; one that says something else of the same version is told of and disregarded.
 */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #seen = new WeakSet<object>();
  readonly #onRewrite: (rewrite: Rewrite) => void;
  #files = 0;

  constructor(onRewrite: (rewrite: Rewrite) => void) {
    this.#onRewrite = onRewrite;
  }

  /** True once there are more records than can be kept. */
  get full(): boolean {
    return this.#files > mostFiles;
  }

  get entries(): ReadonlyMap<string, LedgerEntry> {
    return this.#entries;
  }

  /**
   * Takes note of what the records say when a layer lies on top.
   * @param versions of the installed system packages, by their keys
   */
  note(layer: number, records: readonly CountingRecord[], versions: ReadonlyMap<string, string>): void {
    const fresh = records.filter(({ node }) => !this.#seen.has(node));
    for (const { node } of fresh) this.#seen.add(node);
    for (const [key, parts] of Map.groupBy(fresh, (record) => record.key)) {
      const { owner } = parts[0]!.files;
      // Where a package of a language has its record tells its version.
      const version = parts[0]!.ofSystem ? versions.get(key) : '';
      // What a removed package leaves behind says nothing.
      if (version === undefined || this.full) continue;
      const before = this.#entries.get(key);
      const files = merge(parts.map((part) => part.files));
      if (before !== undefined && before.version === version) this.#compare(before, files, parts, layer);
      else this.#enter(key, { owner, version, layer, files });
    }
  }

  /** Forgets packages that are not installed any more. */
  retain(isThere: (key: string, entry: LedgerEntry) => boolean): void {
    for (const [key, entry] of this.#entries) {
      if (isThere(key, entry)) continue;
      this.#entries.delete(key);
      this.#files -= entry.files.size;
    }
  }

  #enter(key: string, entry: Omit<LedgerEntry, 'files'> & { files: ReadonlyMap<string, Written> }): void {
    const files = new Map<string, LedgerFile>();
    for (const [path, file] of entry.files) files.set(path, { ...file, seen: false });
    this.#files += files.size - (this.#entries.get(key)?.files.size ?? 0);
    this.#entries.set(key, { ...entry, files });
  }

  #compare(
    before: LedgerEntry,
    now: ReadonlyMap<string, Written>,
    parts: readonly CountingRecord[],
    layer: number,
  ): void {
    const { owner } = before;
    for (const [path, file] of now) {
      const known = before.files.get(path);
      if (known === undefined) {
        this.#onRewrite({ owner, path, layer, detail: 'it was not recorded before' });
      } else if (file.digest !== '' && file.digest !== known.digest) {
        const recorded = known.digest === '' ? {} : { recorded: digestText(known) };
        const detail = 'another content is recorded for the same version';
        this.#onRewrite({ owner, path, layer, ...recorded, found: digestText(file), detail });
      }
    }
    // A list of configuration alone says nothing of the other files: dpkg keeps it elsewhere.
    const whole = parts.filter(({ files }) => (files.configuration?.length ?? 0) < files.paths.length);
    const algorithms = new Set(whole.flatMap(({ files }) => files.algorithm ?? []));
    const lists = parts.some(({ files }) => files.algorithm === undefined);
    for (const [path, file] of before.files) {
      if (now.has(path) && (now.get(path)!.digest !== '' || file.digest === '')) continue;
      const withdrawn = file.digest !== '' && !file.configuration && algorithms.has(file.algorithm!);
      if (!withdrawn && (!lists || now.has(path) || !file.listed)) continue;
      this.#onRewrite({ owner, path, layer, detail: 'it is not recorded any more' });
    }
  }
}

/** What several records say of one package's files together. */
function merge(records: readonly RecordedFiles[]): ReadonlyMap<string, Written> {
  const files = new Map<string, Written>();
  const hasList = records.some(({ algorithm }) => algorithm === undefined);
  for (const record of records) {
    const configuration = new Set(record.configuration);
    let index = 0;
    for (const path of decodePaths(record.paths)) {
      const known = files.get(path);
      const digest = record.digests[index] ?? '';
      const isBetter = digest !== '' && (known === undefined || known.digest === '');
      files.set(path, {
        algorithm: isBetter ? record.algorithm : known?.algorithm,
        digest: isBetter ? digest : (known?.digest ?? ''),
        configuration: configuration.has(index) || known?.configuration === true || isProtected(record, path),
        listed: !hasList || record.algorithm === undefined || known?.listed === true,
      });
      index += 1;
    }
  }
  return files;
}

/** apk leaves what lies in etc to people, and keeps no list of such files (apk(8), protected paths). */
function isProtected({ owner }: RecordedFiles, path: string): boolean {
  return owner.type === 'apk' && path.startsWith('etc/');
}

/** A digest as people read it. */
export function digestText({ algorithm, digest }: Pick<LedgerFile, 'algorithm' | 'digest'>): string {
  return `${algorithm ?? 'unknown'}:${Buffer.from(digest, 'base64').toString('hex')}`;
}
