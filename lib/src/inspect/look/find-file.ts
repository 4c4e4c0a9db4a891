import { WharfingerError } from '../../errors.ts';
import { eachEntry, TreeColumns } from '../layer-tree.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { displayPath } from '../paths.ts';
import { findPath, unknown } from './find-path.ts';
import { ImageFiles } from './image-files.ts';

/** Longer files are not given, in bytes. */
export const longestContent = 1024 ** 3;

/** Which file is asked for. */
export interface ContentQuery {
  /** as paths are displayed, or as it is */
  readonly path: string;
  /** what this layer alone has; absent: what the image has */
  readonly layer?: number;
}

/** Where the content of a file stands. */
export interface FilePlace {
  /** the one that it has in its layer, as it is */
  readonly path: string;
  /** index of the layer in the image, from 0 */
  readonly layer: number;
  /** regular files of this path that come before it in the layer: of several the last counts */
  readonly before: number;
  /** bytes */
  readonly size: number;
  /** SHA-256 of the content, in hexadecimal; absent: it is empty or was not hashed */
  readonly sha256?: string;
  /** false: a layer could not be read whole, so that another file may stand at the path */
  readonly complete: boolean;
}

/**
 * Finds the file that a path leads to, as a program in the image does: links are followed, inside of the image alone, and what a later
 * layer took away is not there.
 *
 * @param layers inventories of the layers of the image, base first
 * @throws WharfingerError FILE_UNKNOWN where nothing is there; INPUT_INVALID where it is no file, is too long, or where there is no such
 *   layer
 */
export function findFile(layers: readonly PlacedLayer[], { path, layer }: ContentQuery): FilePlace {
  const meant = layer === undefined ? layers : layers.filter((one) => one.layer === layer);
  if (meant.length === 0 && layer !== undefined) throw noLayer(layer);
  const image = new ImageFiles(meant);
  const found = findPath(image.tree, path);
  const shown = JSON.stringify(displayPath(found.path) || '/');
  const { node, looped } =
    found.node.kind === 'link' ? image.tree.walk(found.path) : { node: found.node, looped: false };
  if (looped) throw refused(`${shown} is a link in a circle`);
  if (node === undefined) throw unknown(path);
  if (node.kind === 'folder') throw refused(`${shown} is a folder`, 'list it with wharf files');
  // A walk that follows links ends at none.
  if (node.kind === 'link') throw unknown(path);
  const { entry } = node;
  const placed = meant.find((one) => one.layer === node.layer);
  if (entry === undefined || placed === undefined) {
    const where = layer === undefined ? '' : ' in this layer';
    throw refused(`${shown} is another name of a file that is not there${where}`);
  }
  const { tree } = placed.inventory;
  if (tree.types[entry] === 'c') throw refused(`${shown} is a device, a pipe or a socket`);
  const columns = new TreeColumns(tree);
  const size = columns.size(entry);
  if (size > longestContent) throw refused(`${shown} has ${size} bytes, more than ${longestContent}`);
  const sha256 = columns.digest(entry, 'sha256')?.toString('hex');
  return {
    ...ownPath(placed, entry),
    layer: node.layer,
    size,
    ...(sha256 === undefined ? {} : { sha256 }),
    complete: image.complete,
  };
}

/** The path that an entry has itself, and how many files of the same come before it. */
function ownPath({ inventory: { tree } }: PlacedLayer, entry: number): Pick<FilePlace, 'path' | 'before'> {
  let path = '';
  eachEntry(tree, (_index, one) => (path = one), entry + 1);
  let before = 0;
  eachEntry(tree, (_index, one, type) => (before += type === 'f' && one === path ? 1 : 0), entry);
  return { path, before };
}

function noLayer(layer: number): WharfingerError {
  return new WharfingerError('INPUT_INVALID', {
    what: `there is no layer ${layer} that was read`,
    remedy: 'give the index of a layer, counted from 0',
  });
}

function refused(what: string, remedy?: string): WharfingerError {
  return new WharfingerError('INPUT_INVALID', {
    what: `${what}: it has no content that could be given`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
