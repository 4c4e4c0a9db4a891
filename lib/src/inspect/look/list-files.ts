import { WharfingerError } from '../../errors.ts';
import { eachEntry, TreeColumns } from '../layer-tree.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import type { MergedNode } from '../merged-tree.ts';
import { displayPath, placePath } from '../paths.ts';
import { mostEntries, type EntryKind, type FileEntry, type FilePage, type FileQuery } from './file-entry.ts';
import { findPath, unknown } from './find-path.ts';
import { ImageFiles } from './image-files.ts';

/** An entry that may be on the page: described only if it is. */
interface Candidate {
  readonly path: string;
  readonly describe: () => FileEntry;
}

/**
 * Lists a folder of an image or of one of its layers, or the files of a package or of one state below it, a page at a time.
 * No byte of the image is read.
 *
 * @param layers inventories of its layers, base first
 * @throws WharfingerError FILE_UNKNOWN where nothing is at the path; INPUT_INVALID where there is no such layer
 */
export function listFiles(layers: readonly PlacedLayer[], query: FileQuery): FilePage {
  const image = new ImageFiles(layers);
  const { path, candidates } =
    query.layer === undefined
      ? candidatesOfImage(image, query)
      : { path: placePath(query.path).path, candidates: candidatesOfLayer(image, query, query.layer) };
  return { ...pageOf(candidates, query), path: displayPath(path), complete: image.complete };
}

function pageOf(
  candidates: readonly Candidate[],
  { after, limit }: FileQuery,
): Pick<FilePage, 'entries' | 'total' | 'next'> {
  const keyed = candidates.map((one) => [displayPath(one.path), one] as const);
  const sorted = keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const start = after === undefined ? 0 : sorted.findIndex(([path]) => path > after);
  const rest = start < 0 ? [] : sorted.slice(start);
  const shown = rest.slice(0, Math.min(limit, mostEntries));
  const last = shown.at(-1)?.[0];
  return {
    entries: shown.map(([, one]) => one.describe()),
    total: sorted.length,
    ...(last !== undefined && rest.length > shown.length && { next: last }),
  };
}

function candidatesOfImage(image: ImageFiles, query: FileQuery): { path: string; candidates: Candidate[] } {
  const { path, node } = findPath(image.tree, query.path);
  const candidate = (at: string, one: MergedNode): Candidate => ({
    path: at,
    describe: () => image.describe(at, one),
  });
  const isSearch = query.package !== undefined || query.state !== undefined;
  if (node.kind !== 'folder') {
    const entry = image.describe(path, node);
    return { path, candidates: !isSearch || isWanted(entry, query) ? [candidate(path, node)] : [] };
  }
  const candidates: Candidate[] = [];
  if (isSearch) {
    image.tree.each(
      (at, one) => {
        const entry = image.describe(at, one);
        if (isWanted(entry, query)) candidates.push({ path: at, describe: () => entry });
      },
      node,
      path,
    );
  } else {
    for (const [name, one] of node.children)
      candidates.push(candidate(path === '' ? name : `${path}/${name}`, one));
  }
  return { path, candidates };
}

function isWanted(entry: FileEntry, { package: owner, state }: FileQuery): boolean {
  return (
    (owner === undefined || entry.package?.name === owner) && (state === undefined || entry.state === state)
  );
}

const kinds: Readonly<Record<string, EntryKind>> = {
  f: 'file',
  d: 'folder',
  l: 'link',
  h: 'hardlink',
  c: 'special',
  w: 'whiteout',
  o: 'opaque',
};

/** Entries of a layer as it has them, by their own paths. */
function candidatesOfLayer(image: ImageFiles, query: FileQuery, layer: number): Candidate[] {
  const placed = image.layers.find((one) => one.layer === layer);
  if (placed === undefined) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `there is no layer ${layer} that was read`,
      remedy: 'give the index of a layer, counted from 0',
    });
  }
  const folder = placePath(query.path).path;
  const entries = new Map<string, Candidate & { readonly type?: string }>();
  const isSearch = query.package !== undefined || query.state !== undefined;
  const columns = new TreeColumns(placed.inventory.tree);
  let found = folder === '';
  eachEntry(placed.inventory.tree, (index, raw, type, link) => {
    const shown = displayPath(raw);
    const isIn = folder === '' || shown.startsWith(`${folder}/`);
    if (shown === folder || raw === folder) found = true;
    if ((!isIn && shown !== folder) || (raw === '' && type !== 'o')) return;
    found = true;
    const describe = () => describeEntry(image, placed, columns, { index, path: raw, type, link });
    const isOwn = shown === folder && type !== 'd' && type !== 'o';
    const below = shown.slice(folder === '' ? 0 : folder.length + 1);
    if (type === 'o') {
      if (shown === folder) entries.set(`${shown} opaque`, { path: raw, type, describe });
    } else if (isSearch) {
      if (isWanted(describe(), query)) entries.set(shown, { path: raw, type, describe });
    } else if (isOwn || (isIn && !below.includes('/'))) {
      entries.set(shown, { path: raw, type, describe });
    } else if (isIn) {
      const name = shown.slice(0, shown.length - below.length + below.indexOf('/'));
      // No entry of its own describes it, or one that comes later.
      if (!entries.has(name)) {
        const entry = { name: name.slice(name.lastIndexOf('/') + 1), path: name, kind: 'folder' } as const;
        entries.set(name, { path: name, describe: () => entry });
      }
    }
  });
  if (!found) throw unknown(query.path);
  return [...entries.values()];
}

function describeEntry(
  image: ImageFiles,
  { inventory, layer }: PlacedLayer,
  columns: TreeColumns,
  one: {
    readonly index: number;
    readonly path: string;
    readonly type: string;
    readonly link: string | undefined;
  },
): FileEntry {
  const { index, path, type, link } = one;
  const isContent = type === 'f' || type === 'l' || type === 'c';
  const isThere = isContent && image.has(path, layer, index);
  // Whose it is, only what became part of the image can tell.
  const node = isThere ? image.tree.at(path) : undefined;
  const known = node === undefined ? undefined : image.describe(path, node);
  const digest = type === 'f' ? columns.digest(index, 'sha256')?.toString('hex') : undefined;
  return {
    name: displayPath(path.slice(path.lastIndexOf('/') + 1)),
    path: displayPath(path),
    kind: kinds[inventory.tree.types[index]!]!,
    ...(type === 'w' || type === 'o' ? {} : { mode: columns.mode(index).toString(8).padStart(4, '0') }),
    ...(type === 'f' && { size: columns.size(index) }),
    ...(link !== undefined && { target: displayPath(link) }),
    layer,
    ...(digest && { digest: `sha256:${digest}` }),
    ...(known?.package && { package: known.package }),
    ...(known?.state && { state: known.state }),
    ...(isContent && !isThere && { hidden: true as const }),
  };
}
