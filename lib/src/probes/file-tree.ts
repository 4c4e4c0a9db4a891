import { unreadable } from './read-layer.ts';

/** As many links as the Linux kernel follows. */
const maxLinks = 40;

/** A regular file; hard links to it are the same object. */
export interface FileNode {
  readonly kind: 'file';
  /** where its content is: index of the layer, and of the entry in it */
  readonly layer: number;
  readonly entry: number;
  readonly size: number;
  readonly executable: boolean;
}
export interface LinkNode {
  readonly kind: 'link';
  readonly target: string;
}
export interface FolderNode {
  readonly kind: 'folder';
  readonly children: Map<string, TreeNode>;
}
/** A device, pipe or socket: it takes a place and is never laid out. */
interface SpecialNode {
  readonly kind: 'special';
}
export type TreeNode = FileNode | LinkNode | FolderNode | SpecialNode;

/** What a layer does at a path, below the root and without `.` and `..`. */
export type Change =
  | { readonly what: 'file'; readonly path: string; readonly node: FileNode }
  | { readonly what: 'link'; readonly path: string; readonly target: string }
  /** `target`: a path below the root */
  | { readonly what: 'hardlink'; readonly path: string; readonly target: string }
  | { readonly what: 'folder'; readonly path: string }
  | { readonly what: 'special'; readonly path: string }
  | { readonly what: 'whiteout'; readonly path: string }
  | { readonly what: 'opaque'; readonly path: string };

export function newFolder(): FolderNode {
  return { kind: 'folder', children: new Map() };
}

/**
 * Lays a layer upon the tree: first what it hides of lower layers, then its entries in their order, parents resolved through
 * links inside of the root, as engines do (OCI image specification, layer.md).
 *
 * @throws WharfingerError PROBE_SUBJECT_UNREADABLE where engines would fail, or differ
 */
export function applyLayer(root: FolderNode, changes: readonly Change[]): void {
  const linked = new Map<Change, TreeNode>();
  for (const change of changes) {
    if (change.what !== 'hardlink') continue;
    const node = find(root, change.target, false);
    if (node !== undefined) linked.set(change, node);
  }
  for (const { what, path } of changes) {
    if (what === 'whiteout') parentOf(root, path, false)?.children.delete(nameOf(path));
    else if (what === 'opaque') {
      const node = path === '' ? root : find(root, path, true);
      if (node?.kind === 'folder') node.children.clear();
    }
  }
  for (const change of changes) {
    const { path } = change;
    if (path === '' || change.what === 'whiteout' || change.what === 'opaque') continue;
    const parent = parentOf(root, path, true) ?? unreadable(`the folder of ${shown(path)} is no folder`);
    const name = nameOf(path);
    if (change.what === 'folder') {
      if (parent.children.get(name)?.kind !== 'folder') parent.children.set(name, newFolder());
    } else if (change.what === 'file') parent.children.set(name, change.node);
    else if (change.what === 'link') parent.children.set(name, { kind: 'link', target: change.target });
    else if (change.what === 'special') parent.children.set(name, { kind: 'special' });
    else {
      const node = find(root, change.target, false) ?? linked.get(change);
      if (node === undefined || node.kind === 'folder')
        unreadable(`${shown(path)} is a hard link to ${shown(change.target)}, which is no file`);
      else parent.children.set(name, node);
    }
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}

function parentOf(root: FolderNode, path: string, create: boolean): FolderNode | undefined {
  const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  const node = folder === '' ? root : find(root, folder, true, create);
  return node?.kind === 'folder' ? node : undefined;
}

/** What a path leads to inside of the root; links at its end are followed where `followLast`. */
function find(root: FolderNode, path: string, followLast: boolean, create = false): TreeNode | undefined {
  const names = path.split('/').reverse();
  let folders: FolderNode[] = [root];
  let found: TreeNode = root;
  let links = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (folders.length > 1) folders.pop();
      found = folders.at(-1)!;
      continue;
    }
    const folder = folders.at(-1)!;
    let child: TreeNode | undefined = folder.children.get(name);
    const isLast = names.length === 0;
    if (child?.kind === 'link' && (!isLast || followLast)) {
      links += 1;
      if (links > maxLinks)
        return unreadable(`the links on the way to ${shown(path)} lead around in circles`);
      if (child.target.startsWith('/')) folders = [root];
      names.push(...child.target.split('/').reverse());
      found = folders.at(-1)!;
      continue;
    }
    if (child === undefined) {
      if (!create) return undefined;
      child = newFolder();
      folder.children.set(name, child);
    }
    found = child;
    if (child.kind === 'folder') folders.push(child);
    else if (!isLast) return undefined;
  }
  return found;
}
