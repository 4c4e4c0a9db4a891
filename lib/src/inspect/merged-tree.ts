import { isOfFile, type FileRecord } from './file-facts.ts';
import type { LayerInventory, LayerTree } from './inventory.ts';
import { eachEntry } from './layer-tree.ts';

/**
 * Steps that all of an image's paths, links and files of note may take together: some seconds of work, many times what
 * real images need. Composing ends by itself, wherever it happens: the command line does it in its own thread.
 */
const usualSteps = 20_000_000;

/** As many links as the Linux kernel follows. */
const maxLinks = 40;

export interface Folder {
  readonly kind: 'folder';
  readonly children: Map<string, MergedNode>;
  /** the entry that describes it; absent where none does, and where folders are not listed */
  readonly described?: { readonly layer: number; readonly entry: number };
}

export interface Link {
  readonly kind: 'link';
  readonly target: string;
  readonly layer: number;
  /** index of its entry in the tree of its layer */
  readonly entry: number;
}

/** A file of note; without records: one that a hard link names and that says nothing. */
export interface NotedFile {
  readonly kind: 'file';
  readonly records: readonly FileRecord[];
  readonly layer: number;
  /** index of its entry in the tree of its layer; absent for what a hard link names that is not there */
  readonly entry?: number;
  /** true: a lower layer had a file at its path */
  readonly replaces?: boolean;
}

export type MergedNode = Folder | Link | NotedFile;

/** Where a path leads. */
export interface Walk {
  /** undefined: nothing of note is there */
  readonly node: MergedNode | undefined;
  /** links followed that stood at the end of a path, one after the other */
  readonly chain: number;
  readonly looped: boolean;
  /** true: `..` at the root was disregarded, as the kernel does */
  readonly escaped: boolean;
}

function newFolder(): Folder {
  return { kind: 'folder', children: new Map() };
}

/**
 * Which files are kept: those `noted` for the packages and the distribution that they tell of, or `all` of them, with what is
 * known of executables too; or whatever stands in it, to be `listed`: folders that nothing lies in and devices as well.
 */
export type Kept = 'noted' | 'all' | 'listed';

/**
 * The merged file system of an image, as far as it matters for what the image contains: links, files of note and the
 * folders that lead to them. All else is left out, which keeps it small, unless all files are asked for; an entry that is left
 * out still replaces what it stands upon.
 */
export class MergedTree {
  readonly root: Folder = newFolder();
  /** changes with everything that may change what is found */
  version = 0;
  /** paths of entries whose folder could not be found for a loop of links */
  readonly lost: string[] = [];
  /** changes when something is taken away that was there */
  losses = 0;
  readonly #kept: Kept;
  readonly #most: number;
  #steps = 0;
  /** changes with everything that may change which folder a path leads to */
  #shape = 0;
  /** folders by path, as long as the shape is the same */
  readonly #folders = new Map<string, Folder | undefined>();
  #foldersShape = 0;

  /** @param most steps that it may take before it is exhausted */
  constructor(kept: Kept = 'noted', most = usualSteps) {
    this.#kept = kept;
    this.#most = most;
  }

  /**
   * Lays a layer upon what is there: first its whiteouts and opaque folders, which hide lower layers only, then its
   * entries in their order, parents resolved through links as engines do (OCI image specification, layer.md).
   *
   * @param end index of the first entry that is disregarded
   */
  apply(inventory: LayerInventory, layer: number, end = inventory.tree.paths.length): void {
    const { tree } = inventory;
    const linked = this.#linkedBefore(tree, end);
    if (tree.types.includes('w') || tree.types.includes('o')) {
      eachEntry(
        tree,
        (_index, path, type) => {
          if (type === 'w') this.#remove(path);
          else if (type === 'o') this.#empty(path);
        },
        end,
      );
    }
    const records = new Map<number, FileRecord[]>();
    for (const record of inventory.records) {
      if (this.#kept === 'noted' && isOfFile(record.kind)) continue;
      const known = records.get(record.entry);
      if (known === undefined) records.set(record.entry, [record]);
      else known.push(record);
    }
    eachEntry(
      tree,
      (index, path, type, link = '') => {
        if (path === '' || type === 'w' || type === 'o') return;
        if (type === 'd') this.#folderAt(path, { layer, entry: index });
        else if (type === 'l') this.#put(path, { kind: 'link', target: link, layer, entry: index });
        else if (type === 'h') this.#put(path, this.#linked(link, layer, linked.get(index)));
        else if (records.has(index) || (this.#kept === 'all' && type === 'f') || this.#kept === 'listed')
          this.#put(path, { kind: 'file', records: records.get(index) ?? [], layer, entry: index });
        else this.#remove(path);
      },
      end,
    );
  }

  /** True once the image took more work than any real one; what is found then is not all. */
  get exhausted(): boolean {
    return this.#steps > this.#most;
  }

  /** Counts work that was done for this image elsewhere. */
  spend(steps: number): void {
    this.#steps += steps;
  }

  /** Follows a path from the root, links included; the last name only where `followLast`. */
  walk(path: string, followLast = true): Walk {
    return this.#walk(path, followLast, false);
  }

  /** What stands at a path, which leads there through links but is not followed itself. Cheaper than `walk` for many paths. */
  at(path: string): MergedNode | undefined {
    this.#steps += 1;
    return this.exhausted
      ? undefined
      : this.#parent(path, false)?.children.get(path.slice(path.lastIndexOf('/') + 1));
  }

  /** Calls back for everything of note below a folder. */
  each(visit: (path: string, node: Link | NotedFile) => void, folder = this.root, prefix = ''): void {
    const open: Array<readonly [Folder, string]> = [[folder, prefix]];
    for (let next = open.pop(); next !== undefined && !this.exhausted; next = open.pop()) {
      this.#steps += next[0].children.size;
      for (const [name, node] of next[0].children) {
        const path = next[1] === '' ? name : `${next[1]}/${name}`;
        if (node.kind === 'folder') open.push([node, path]);
        else visit(path, node);
      }
    }
  }

  #walk(path: string, followLast: boolean, create: boolean): Walk {
    const names = path.split('/').reverse();
    let folders: Folder[] = [this.root];
    let links = 0;
    let chain = 0;
    let escaped = false;
    let found: MergedNode = this.root;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      this.#steps += 1;
      if (this.exhausted) return { node: undefined, chain, looped: false, escaped };
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (folders.length > 1) folders.pop();
        else escaped = true;
        found = folders.at(-1)!;
        continue;
      }
      const folder = folders.at(-1)!;
      let child: MergedNode | undefined = folder.children.get(name);
      const isLast = names.length === 0;
      if (child?.kind === 'link' && (!isLast || followLast)) {
        links += 1;
        if (isLast) chain += 1;
        if (links > maxLinks) return { node: undefined, chain, looped: true, escaped };
        if (child.target.startsWith('/')) folders = [this.root];
        names.push(...child.target.split('/').reverse());
        found = folders.at(-1)!;
        continue;
      }
      if (child === undefined || (child.kind === 'file' && !isLast)) {
        // What is not of note may be there all the same: `..` leads back out of it.
        const made = newFolder();
        if (create) {
          if (child !== undefined) this.losses += 1;
          folder.children.set(name, made);
          this.version += 1;
          this.#shape += 1;
        } else if (isLast) return { node: undefined, chain, looped: false, escaped };
        child = made;
      }
      found = child;
      if (child.kind === 'folder') folders.push(child);
    }
    return { node: found, chain, looped: false, escaped };
  }

  #parent(path: string, create: boolean): Folder | undefined {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (this.#foldersShape !== this.#shape || this.#folders.size > 10_000) {
      this.#folders.clear();
      this.#foldersShape = this.#shape;
    }
    const known = this.#folders.get(folder);
    if (known !== undefined || (!create && this.#folders.has(folder))) return known;
    const { node, looped } = this.#walk(folder, true, create);
    if (looped && this.lost.length < 20) this.lost.push(path);
    const result = node?.kind === 'folder' ? node : undefined;
    if (this.#foldersShape === this.#shape) this.#folders.set(folder, result);
    return result;
  }

  #put(path: string, node: MergedNode): void {
    this.version += 1;
    const parent = this.#parent(path, true);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const there = parent?.children.get(name);
    if (node.kind === 'link' || (there !== undefined && there.kind !== 'file')) this.#shape += 1;
    if (there?.kind === 'folder') this.losses += 1;
    const replaces =
      this.#kept === 'all' &&
      node.kind === 'file' &&
      there?.kind === 'file' &&
      (there.layer < node.layer || there.replaces === true);
    parent?.children.set(name, replaces ? { ...node, replaces } : node);
  }

  #remove(path: string): void {
    const parent = this.#parent(path, false);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const there = parent?.children.get(name);
    if (there === undefined) return;
    parent!.children.delete(name);
    this.version += 1;
    this.losses += 1;
    if (there.kind !== 'file') this.#shape += 1;
  }

  /** A folder takes the place of whatever is no folder. */
  #folderAt(path: string, described: NonNullable<Folder['described']>): void {
    const isListed = this.#kept === 'listed';
    const parent = this.#parent(path, isListed);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const there = parent?.children.get(name);
    if (isListed && parent !== undefined) {
      if (there?.kind !== 'folder') this.#shape += 1;
      const children = there?.kind === 'folder' ? there.children : new Map<string, MergedNode>();
      parent.children.set(name, { kind: 'folder', children, described });
      return;
    }
    if (there === undefined || there.kind === 'folder') return;
    parent!.children.delete(name);
    this.version += 1;
    this.losses += 1;
    this.#shape += 1;
  }

  #empty(path: string): void {
    const { node } = this.walk(path);
    if (node?.kind !== 'folder' || node.children.size === 0) return;
    node.children.clear();
    this.version += 1;
    this.losses += 1;
    this.#shape += 1;
  }

  /** What hard links of a layer find before its whiteouts: they may name what the same layer takes away. */
  #linkedBefore(tree: LayerTree, end: number): ReadonlyMap<number, MergedNode> {
    const linked = new Map<number, MergedNode>();
    if (!tree.types.includes('h') || !/[wo]/.test(tree.types)) return linked;
    eachEntry(
      tree,
      (index, _path, type, link = '') => {
        const node = type === 'h' ? this.walk(link, false).node : undefined;
        if (node !== undefined) linked.set(index, node);
      },
      end,
    );
    return linked;
  }

  #linked(target: string, layer: number, before: MergedNode | undefined): MergedNode {
    const node = this.walk(target, false).node ?? before;
    return node === undefined || node.kind === 'folder' ? { kind: 'file', records: [], layer } : node;
  }
}
