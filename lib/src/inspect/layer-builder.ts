import { ChartWatch } from './chart.ts';
import { replacesTruth } from './repeated-records.ts';
import { FileDigests } from './file-digests.ts';
import { isOfFile, type FileFacts, type FileRecord } from './file-facts.ts';
import { mostOfLayer, type FileAccounts } from './accounts/account-facts.ts';
import { layerHits } from './secrets/secret-facts.ts';
import type { LayerTree, Problem, ProblemCode } from './inventory.ts';
import type { LayerLimits } from './limits.ts';
import { TreeWriter, type EntryDetails, type NodeType } from './layer-tree.ts';
import { NoteSink } from './note-sink.ts';
import { displayPath, placePath } from './paths.ts';
import { PathSet } from './path-set.ts';
import { encodeName } from '../oci/tar/name.ts';
import { both, type FileSink } from './tar/sink.ts';
import type { TarEntry, TarVisitor } from './tar/reader.ts';

const whiteoutPrefix = '.wh.';
const opaqueMarker = '.wh..wh..opq';

const whiteoutDetails: EntryDetails = { mode: 0, size: 0 };

const letters: Readonly<Record<TarEntry['type'], NodeType>> = {
  file: 'f',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  special: 'c',
};

/** Turns the entries of one archive into what its layer contributes. */
export class LayerBuilder implements TarVisitor {
  readonly #limits: LayerLimits;
  readonly #tree = new TreeWriter();
  /** which bytes of the regular files are to be hashed */
  readonly digests: FileDigests;
  readonly #seen = new PathSet();
  readonly #problems: Problem[] = [];
  #unlisted: { count: number; hides: boolean } = { count: 0, hides: false };
  readonly #records: FileRecord[] = [];
  /** entries of note by path, for those that are replaced within the layer */
  readonly #noted = new Map<string, number[]>();
  readonly #replacing = new Map<string, number>();
  #hiding = 0;
  #names = 0;
  #packages = 0;
  #recordedFiles = 0;
  #secrets = 0;
  #accounts = 0;
  readonly #chart = new ChartWatch();

  constructor(limits: LayerLimits) {
    this.#limits = limits;
    this.digests = new FileDigests(limits);
  }

  problem(code: ProblemCode, message: string, hides: boolean, name?: string): void {
    // Those that hide something have room of their own: others must not push them out.
    const listed = hides ? this.#hiding : this.#problems.length - this.#hiding;
    if (listed >= this.#limits.problems) {
      this.#unlisted = { count: this.#unlisted.count + 1, hides: this.#unlisted.hides || hides };
      return;
    }
    if (hides) this.#hiding += 1;
    const path = name === undefined ? {} : { path: displayPath(name).slice(0, 1000) };
    this.#problems.push({ code, ...path, message, hides });
  }

  secondArchive(): void {
    this.#tree.beginSecondArchive();
    this.problem('concatenated', 'another archive follows the end marker, where some readers stop', false);
  }

  entry(entry: TarEntry): FileSink | undefined {
    const placed = placePath(entry.name);
    const { path } = placed;
    this.#names += path.length + entry.linkName.length + (entry.capability?.length ?? 0);
    if (
      placed.depth > this.#limits.depth ||
      Math.max(path.length, entry.linkName.length) > this.#limits.path
    ) {
      this.problem(
        'too-deep',
        'its path is too long or too deep to be placed',
        true,
        entry.name.slice(0, 200),
      );
      return undefined;
    }
    if (this.#names > this.#limits.names) {
      this.problem('too-many-entries', 'the names of its entries are too long in all', true);
      return undefined;
    }
    if (path.includes('\0')) {
      this.problem('corrupt', 'its name contains a NUL', true, entry.name);
      return undefined;
    }
    if (placed.escaped) this.problem('path-escapes', 'its path climbs above the root', false, entry.name);
    else if (placed.absolute) this.problem('absolute-path', 'its path is absolute', false, entry.name);
    this.#chart.entry(entry, path);
    const slash = path.lastIndexOf('/');
    if (path.startsWith(whiteoutPrefix, slash + 1)) return this.#whiteout(entry, path, slash);
    return this.#add(entry, path);
  }

  #whiteout(entry: TarEntry, path: string, slash: number): undefined {
    const base = path.slice(slash + 1);
    const folder = path.slice(0, Math.max(slash, 0));
    const hidden = base.slice(whiteoutPrefix.length);
    if (base === opaqueMarker) this.#tree.add(folder, 'o', whiteoutDetails);
    else if (hidden === '' || hidden === '.' || hidden === '..') {
      this.problem('corrupt', 'a whiteout that names no file', true, entry.name);
    } else this.#tree.add(folder === '' ? hidden : `${folder}/${hidden}`, 'w', whiteoutDetails);
  }

  #add(entry: TarEntry, path: string): FileSink | undefined {
    const { type, mode, size } = entry;
    if (this.#seen.add(path) && type !== 'directory') {
      this.problem(
        'duplicate-entry',
        'it stands more than once in the layer; the last one counts',
        false,
        path,
      );
    }
    const link =
      type === 'symlink' ? entry.linkName : type === 'hardlink' ? placePath(entry.linkName).path : undefined;
    const capability = entry.capability === undefined ? undefined : encodeName(entry.capability);
    const file = this.#tree.files;
    const index = this.#tree.add(path, letters[type], { mode, size, link, capability });
    this.digests.sees(path);
    if (this.#noted.has(path) && type !== 'directory') this.#replacing.set(path, index);
    if (type !== 'file') return undefined;
    const notes = new NoteSink(path, size, this.#limits, {
      fact: (fact) => this.#fact(index, path, fact),
      problem: (code, message, hides) => this.problem(code, message, hides, path),
      executable: () => this.#chart.executable(),
      chart: (bytes) => this.#chart.chartFile(path, bytes),
    });
    const digest = this.digests.begin(file, size);
    return digest === undefined ? notes : both(notes, digest);
  }

  #fact(entry: number, path: string, fact: FileFacts): void {
    if (fact.kind === 'secrets') {
      const before = this.#secrets;
      if (before > layerHits) return;
      this.#secrets += fact.hits.length;
      // The last of them says that there are more.
      if (this.#secrets > layerHits) fact = { kind: 'secrets', hits: [], more: fact.hits.length };
    }
    if (fact.kind === 'accounts') fact = { kind: 'accounts', ...this.#within(fact) };
    if (fact.kind === 'recorded-files') this.#recordedFiles += fact.paths.length;
    else if (!isOfFile(fact.kind)) this.#packages += 'packages' in fact ? fact.packages.length : 1;
    if (this.#packages > this.#limits.packages) {
      this.problem('too-large', `it records more than ${this.#limits.packages} packages`, true);
      return;
    }
    if (this.#recordedFiles > this.#limits.entries) {
      this.problem('too-large', `its packages record more than ${this.#limits.entries} files`, true);
      return;
    }
    const noted = this.#noted.get(path);
    if (noted === undefined) this.#noted.set(path, [this.#records.length]);
    else noted.push(this.#records.length);
    this.#records.push({ entry, ...fact });
  }

  /** What a file says of accounts; of those behind too many, that it is not kept. */
  #within(said: FileAccounts): FileAccounts {
    this.#accounts += 1 + said.logins.length + (said.homes?.length ?? 0);
    if (this.#accounts <= mostOfLayer) return said;
    return { of: said.of, logins: [], lacks: 'its layer has more accounts than are kept' };
  }

  /** True if the archive is a Helm chart and nothing was wrong with it. */
  get isChart(): boolean {
    return this.#chart.isChart && this.#problems.length === 0;
  }

  /** What was found; call once, at the end, with the digests of the files. */
  finish(digests: LayerTree['digests']): {
    tree: LayerTree;
    records: readonly FileRecord[];
    problems: readonly Problem[];
  } {
    for (const [path, last] of this.#replacing) {
      const records = this.#noted.get(path)!.map((index) => this.#records[index]!);
      if (replacesTruth(records, last)) {
        const message = 'a file of note is replaced within the layer by one that does not say the same';
        this.problem('duplicate-entry', message, true, path);
      }
    }
    const { count, hides } = this.#unlisted;
    if (count > 0) {
      // The list is full; this one tells of the rest.
      this.#problems.push({ code: 'corrupt', message: `${count} more problems are not listed`, hides });
    }
    return {
      tree: this.#tree.finish(digests),
      records: this.#records,
      problems: this.#problems,
    };
  }
}
