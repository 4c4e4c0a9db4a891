import type { PlacedLayer } from '../merge-layers.ts';
import type { Folder, MergedNode } from '../merged-tree.ts';
import { displayPath } from '../paths.ts';
import type { FileEntry } from './file-entry.ts';
import { ImageFiles } from './image-files.ts';

/** What may differ between two files at the same path. */
export const fileAspects = ['kind', 'content', 'mode', 'target'] as const;

export type FileAspect = (typeof fileAspects)[number];

/** One file that an image has otherwise than another, or that only one of them has. */
export interface FileChange {
  readonly path: string;
  /** of a file that both have */
  readonly aspects?: readonly FileAspect[];
  /** in the first image; absent: it does not have it */
  readonly before?: FileEntry;
  /** in the second image */
  readonly after?: FileEntry;
}

/** How the files of two images differ. Folders count where both have them with other permissions, and where they are empty. */
export interface FileChanges {
  readonly counts: { readonly added: number; readonly removed: number; readonly changed: number };
  /** the first of each kind by their paths: added, removed, changed */
  readonly files: readonly FileChange[];
  /** false: an image could not be read whole, so that there may be other differences */
  readonly complete: boolean;
}

type Pair = readonly [path: string, before: MergedNode | undefined, after: MergedNode | undefined];

/**
 * Compares the files of two images by what they contain, without reading a byte of them.
 * @param listed differences of each kind that are told
 */
export function compareFiles(
  first: readonly PlacedLayer[],
  second: readonly PlacedLayer[],
  listed: number,
): FileChanges {
  const [before, after] = [new ImageFiles(first), new ImageFiles(second)];
  const digestsOf = (layers: readonly PlacedLayer[]): LayerDigests =>
    new Map(layers.map(({ inventory, layer }) => [layer, inventory.digest]));
  const digests = [digestsOf(first), digestsOf(second)] as const;
  const added: Pair[] = [];
  const removed: Pair[] = [];
  const changed: Array<readonly [pair: Pair, aspects: readonly FileAspect[]]> = [];
  const open: Array<readonly [string, Folder | undefined, Folder | undefined]> = [
    ['', before.tree.root, after.tree.root],
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [folder, left, right] = next;
    for (const name of new Set([...(left?.children.keys() ?? []), ...(right?.children.keys() ?? [])])) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const [old, now] = [left?.children.get(name), right?.children.get(name)];
      const folders = [asFolder(old), asFolder(now)] as const;
      if (folders[0] !== undefined || folders[1] !== undefined) open.push([path, ...folders]);
      if (old === undefined || now === undefined) {
        if (isLeaf(now)) added.push([path, old, now]);
        if (isLeaf(old)) removed.push([path, old, now]);
      } else if (!isSameEntry(digests, old, now)) {
        const aspects = aspectsOf(before.describe(path, old), after.describe(path, now));
        if (aspects.length > 0) changed.push([[path, old, now], aspects]);
      }
    }
  }
  const tell = ([path, old, now]: Pair): FileChange => ({
    path: displayPath(path),
    ...(old && { before: before.describe(path, old) }),
    ...(now && { after: after.describe(path, now) }),
  });
  changed.sort(([[a]], [[b]]) => (a < b ? -1 : 1));
  return {
    counts: { added: added.length, removed: removed.length, changed: changed.length },
    files: [
      ...firstOf(added, listed).map(tell),
      ...firstOf(removed, listed).map(tell),
      ...changed.slice(0, listed).map(([pair, aspects]) => ({ ...tell(pair), aspects })),
    ],
    complete: before.complete && after.complete,
  };
}

function firstOf(pairs: Pair[], listed: number): readonly Pair[] {
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, listed);
}

function asFolder(node: MergedNode | undefined): Folder | undefined {
  return node?.kind === 'folder' ? node : undefined;
}

/** Of a folder that only one image has, what lies in it is told. */
function isLeaf(node: MergedNode | undefined): boolean {
  return node !== undefined && (node.kind !== 'folder' || node.children.size === 0);
}

type LayerDigests = ReadonlyMap<number, string>;

/** The same entry of the same layer is the same, whatever it is. */
function isSameEntry(
  [first, second]: readonly [LayerDigests, LayerDigests],
  old: MergedNode,
  now: MergedNode,
): boolean {
  const [left, right] = [placeOf(old), placeOf(now)];
  if (left?.entry === undefined || right === undefined || left.entry !== right.entry) return false;
  return first.get(left.layer) === second.get(right.layer);
}

function placeOf(node: MergedNode): { readonly layer: number; readonly entry?: number } | undefined {
  return node.kind === 'folder' ? node.described : node;
}

function aspectsOf(old: FileEntry, now: FileEntry): FileAspect[] {
  if (old.kind !== now.kind) return ['kind'];
  const aspects: FileAspect[] = [];
  // What has no digest is not known to be the same unless it is empty.
  const isUnknown = old.kind === 'file' && old.digest === undefined && old.size !== 0;
  if (old.digest !== now.digest || old.size !== now.size || isUnknown) aspects.push('content');
  if (old.target !== now.target) aspects.push('target');
  if (old.mode !== undefined && now.mode !== undefined && old.mode !== now.mode) aspects.push('mode');
  return aspects;
}
