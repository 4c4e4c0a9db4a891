import { contentDigest } from '../contamination/compare-file.ts';
import type { FileFindings } from '../contamination/find-contamination.ts';
import type { LedgerEntry } from '../contamination/ledger.ts';
import { TreeColumns } from '../layer-tree.ts';
import { findingsOf, layLayers, type PlacedLayer } from '../merge-layers.ts';
import { MergedTree, type Folder, type MergedNode } from '../merged-tree.ts';
import type { PackageOwner } from '../packages/package-types.ts';
import { displayPath } from '../paths.ts';
import type { FileEntry } from './file-entry.ts';

/** All files of an image, and what is known of each. */
export class ImageFiles {
  readonly tree = new MergedTree('listed');
  readonly layers: readonly PlacedLayer[];
  readonly #columns: Array<TreeColumns | undefined> = [];
  readonly #types: string[] = [];
  readonly #findings: FileFindings;
  readonly #records: readonly LedgerEntry[];
  #owners: Map<string, PackageOwner> | undefined;

  /** @param layers base first */
  constructor(layers: readonly PlacedLayer[]) {
    this.layers = layers;
    for (const { inventory, layer } of layers) {
      this.tree.spend(inventory.tree.paths.length);
      if (this.tree.exhausted) break;
      this.tree.apply(inventory, layer);
      this.#columns[layer] = new TreeColumns(inventory.tree);
      this.#types[layer] = inventory.tree.types;
    }
    const laid = layLayers(layers);
    this.#findings = findingsOf(laid);
    this.#records = [...(laid.history?.ledger.entries.values() ?? [])];
  }

  /** False: a layer could not be read whole, or there was too much to follow. */
  get complete(): boolean {
    return !this.tree.exhausted && this.layers.every(({ inventory }) => inventory.complete);
  }

  /** What is known of a node at a path that is free of links. */
  describe(path: string, node: MergedNode): FileEntry {
    const shown = { name: displayPath(path.slice(path.lastIndexOf('/') + 1)), path: displayPath(path) };
    if (node.kind === 'folder') return { ...shown, ...this.#folder(node) };
    const { layer, entry } = node;
    const mode = { mode: this.#mode(layer, entry) };
    if (node.kind === 'link') {
      const owner = this.#recordedBy(path);
      const target = displayPath(node.target);
      return { ...shown, kind: 'link', ...mode, target, layer, ...(owner && { package: owner }) };
    }
    // What a hard link names that is not there has no entry.
    if (entry === undefined) return { ...shown, kind: 'file', layer };
    if (this.#types[layer]?.[entry] === 'c') return { ...shown, kind: 'special', ...mode, layer };
    const digest = contentDigest(this.#columns, node, 'sha256')?.toString('hex');
    return {
      ...shown,
      kind: 'file',
      ...mode,
      size: this.#columns[layer]!.size(entry),
      layer,
      ...(digest && { digest: `sha256:${digest}` }),
      ...this.#findings.standingOf(path, layer, entry),
    };
  }

  /** True if what the image has at a path is this entry of a layer. */
  has(path: string, layer: number, entry: number): boolean {
    const node = this.tree.at(path);
    return node !== undefined && node.kind !== 'folder' && node.layer === layer && node.entry === entry;
  }

  #folder({ children, described }: Folder): Omit<FileEntry, 'name' | 'path'> {
    return {
      kind: 'folder',
      ...(described && { mode: this.#mode(described.layer, described.entry), layer: described.layer }),
      entries: children.size,
    };
  }

  #mode(layer: number, entry: number | undefined): string {
    return entry === undefined
      ? '0000'
      : (this.#columns[layer]?.mode(entry) ?? 0).toString(8).padStart(4, '0');
  }

  /** Packages record links by the paths that they had before folders were merged into usr. */
  #recordedBy(path: string): PackageOwner | undefined {
    if (this.#owners === undefined) {
      this.#owners = new Map();
      for (const { owner, files } of this.#records)
        for (const recorded of files.keys()) this.#owners.set(recorded, owner);
    }
    return (
      this.#owners.get(path) ??
      (path.startsWith('usr/') ? this.#owners.get(path.slice('usr/'.length)) : undefined)
    );
  }
}
