import { digestLengths, type FileAlgorithm } from './hashing/chunk-hasher.ts';
import type { LayerTree } from './inventory.ts';

/** What an entry is, as LayerTree.types has it. */
export type NodeType = 'f' | 'd' | 'l' | 'h' | 'c' | 'w' | 'o';

/** Codes paths in a row, each by what it shares with the one before. */
class PathCoder {
  #previous = '';

  code(path: string): string {
    let shared = 0;
    const most = Math.min(path.length, this.#previous.length);
    while (shared < most && path.charCodeAt(shared) === this.#previous.charCodeAt(shared)) shared += 1;
    this.#previous = path;
    return `${shared} ${path.slice(shared)}`;
  }
}

/** What is known of an entry besides its name. */
export interface EntryDetails {
  readonly mode: number;
  /** bytes of a regular file */
  readonly size: number;
  readonly link?: string | undefined;
  /** bytes of the attribute security.capability */
  readonly capability?: Buffer | undefined;
}

/** The longest form of the attribute security.capability is shorter (linux/capability.h, vfs_ns_cap_data). */
const longestCapability = 64;

/** Modes as digits, each made once: a layer has millions of entries and few modes. */
const octals: string[] = [];

/** Collects the entries of a layer, as LayerTree has them. */
export class TreeWriter {
  readonly #paths: string[] = [];
  readonly #types: NodeType[] = [];
  readonly #links: Record<string, string> = {};
  readonly #modes: string[] = [];
  readonly #sizes: number[] = [];
  readonly #capabilities: Record<string, string> = {};
  readonly #coder = new PathCoder();
  #secondArchive: number | undefined;

  /** Adds an entry and returns its index. */
  add(path: string, type: NodeType, { mode, size, link, capability }: EntryDetails): number {
    const index = this.#paths.length;
    this.#paths.push(this.#coder.code(path));
    this.#types.push(type);
    this.#modes.push((octals[mode & 0o7777] ??= (mode & 0o7777).toString(8).padStart(4, '0')));
    if (type === 'f') this.#sizes.push(size);
    if (link !== undefined) this.#links[index] = link;
    if (capability !== undefined)
      this.#capabilities[index] = capability.toString('base64', 0, longestCapability);
    return index;
  }

  /** How many regular files there are so far. */
  get files(): number {
    return this.#sizes.length;
  }

  /** What is added from now on lies behind an end-of-archive marker. */
  beginSecondArchive(): void {
    this.#secondArchive ??= this.#paths.length;
  }

  finish(digests: LayerTree['digests']): LayerTree {
    const capabilities = this.#capabilities;
    return {
      paths: this.#paths,
      types: this.#types.join(''),
      links: this.#links,
      modes: this.#modes.join(''),
      sizes: this.#sizes,
      digests,
      ...(Object.keys(capabilities).length === 0 ? {} : { capabilities }),
      ...(this.#secondArchive === undefined ? {} : { secondArchive: this.#secondArchive }),
    };
  }
}

/** Paths in a row, each coded by what it shares with the one before, as LayerTree.paths. */
export function codePaths(paths: Iterable<string>): string[] {
  const coder = new PathCoder();
  return Array.from(paths, (path) => coder.code(path));
}

/** The paths that were coded so, in their order. */
export function* decodePaths(coded: readonly string[]): Generator<string, undefined> {
  let path = '';
  for (const one of coded) {
    const blank = one.indexOf(' ');
    path = path.slice(0, Number(one.slice(0, blank))) + one.slice(blank + 1);
    yield path;
  }
  return undefined;
}

/** Calls back for each entry in order, up to `end`. */
export function eachEntry(
  tree: LayerTree,
  visit: (index: number, path: string, type: NodeType, link: string | undefined) => void,
  end = tree.paths.length,
): void {
  let path = '';
  for (let index = 0; index < end; index += 1) {
    const coded = tree.paths[index]!;
    const blank = coded.indexOf(' ');
    path = path.slice(0, Number(coded.slice(0, blank))) + coded.slice(blank + 1);
    const type = tree.types[index] as NodeType;
    visit(index, path, type, type === 'l' || type === 'h' ? tree.links[index] : undefined);
  }
}

/** The tree of a layer that has no entries. */
export const emptyTree: LayerTree = {
  paths: [],
  types: '',
  links: {},
  modes: '',
  sizes: [],
  digests: { sha256: '' },
};

/** Answers for single entries of a layer what its tree keeps in columns. */
export class TreeColumns {
  readonly #tree: LayerTree;
  readonly #digests = new Map<FileAlgorithm, Buffer>();
  #files: Uint32Array | undefined;

  constructor(tree: LayerTree) {
    this.#tree = tree;
  }

  /** Permissions, with setuid, setgid and sticky bits. */
  mode(entry: number): number {
    return Number.parseInt(this.#tree.modes.slice(entry * 4, entry * 4 + 4), 8);
  }

  /** Bytes of a regular file. */
  size(entry: number): number {
    return this.#tree.sizes[this.#file(entry)] ?? 0;
  }

  /** The attribute security.capability, where the entry has one. */
  capability(entry: number): Buffer | undefined {
    const value = this.#tree.capabilities?.[entry];
    return value === undefined ? undefined : Buffer.from(value, 'base64');
  }

  /** Digest of what a regular file contains; undefined where the algorithm was not applied to it, as to empty files. */
  digest(entry: number, algorithm: FileAlgorithm): Buffer | undefined {
    let column = this.#digests.get(algorithm);
    if (column === undefined) {
      column = Buffer.from(this.#tree.digests[algorithm] ?? '', 'base64');
      this.#digests.set(algorithm, column);
    }
    const length = digestLengths[algorithm];
    const start = this.#file(entry) * length;
    const digest = column.subarray(start, start + length);
    return digest.length === length && digest.some((byte) => byte !== 0) ? digest : undefined;
  }

  /** How many regular files come before an entry. */
  #file(entry: number): number {
    if (this.#files === undefined) {
      const { types } = this.#tree;
      this.#files = new Uint32Array(types.length);
      let files = 0;
      for (let at = 0; at < types.length; at += 1) {
        this.#files[at] = files;
        if (types[at] === 'f') files += 1;
      }
    }
    return this.#files[entry]!;
  }
}
