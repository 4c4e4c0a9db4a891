import { placePath } from '../inspect/paths.ts';
import { defaultLimits, type LayerLimits } from '../inspect/limits.ts';
import type { TarEntry } from '../inspect/tar/reader.ts';
import { applyLayer, newFolder, type Change, type FolderNode } from './file-tree.ts';
import { readArchive, unreadable } from './read-layer.ts';

/** A layer whose bytes can be read more than once, each time checked. */
export interface SubjectLayer {
  open(): AsyncIterable<Uint8Array>;
}

/** What of an image is laid out for a probe at most. */
export const subjectLimits: LayerLimits & {
  /** bytes of all files together, holes included */
  readonly files: number;
} = {
  ...defaultLimits,
  bytes: 8 * 1024 ** 3,
  entries: 500_000,
  names: 64 * 1024 ** 2,
  files: 8 * 1024 ** 3,
};

/** Bytes of a name, by every file system that engines use. */
const longestName = 255;
const opaqueMarker = '.wh..wh..opq';

/**
 * The merged file system of an image, base layer first: which files there are, and where the content of each is.
 *
 * @throws WharfingerError PROBE_SUBJECT_UNREADABLE; what the layers throw
 */
export async function readSubjectTree(layers: readonly SubjectLayer[]): Promise<FolderNode> {
  const root = newFolder();
  const total = { entries: 0, files: 0, names: 0 };
  for (const [index, layer] of layers.entries()) {
    const changes: Change[] = [];
    let entry = -1;
    const visit = (one: TarEntry): undefined => {
      entry += 1;
      const change = changeOf(one, index, entry);
      total.entries += 1;
      total.names += one.name.length + one.linkName.length;
      total.files += one.size;
      if (total.entries > subjectLimits.entries)
        unreadable(`it has more than ${subjectLimits.entries} entries`);
      if (total.names > subjectLimits.names) unreadable('the names of its files are too long in all');
      if (total.files > subjectLimits.files)
        unreadable(`its files are larger than ${subjectLimits.files} bytes in all`);
      changes.push(change);
    };
    for await (const _ of readArchive(layer.open(), visit, subjectLimits)) {
      // what it contains was told to `visit`
    }
    applyLayer(root, changes);
  }
  return root;
}

function changeOf({ name, type, linkName, mode, size }: TarEntry, layer: number, entry: number): Change {
  const { path, depth } = placePath(name);
  const slash = path.lastIndexOf('/');
  const last = path.slice(slash + 1);
  if (depth > subjectLimits.depth || Math.max(path.length, linkName.length) > subjectLimits.path)
    unreadable('a path is too long or too deep to be laid out');
  if (path.includes('\0') || linkName.includes('\0')) unreadable('a name contains a NUL');
  if (path.split('/').some((part) => Buffer.byteLength(part) > longestName))
    unreadable(`a name is longer than ${longestName} bytes`);
  if (last.startsWith('.wh.')) {
    const folder = path.slice(0, Math.max(slash, 0));
    if (last === opaqueMarker) return { what: 'opaque', path: folder };
    const hidden = last.slice('.wh.'.length);
    if (hidden === '' || hidden === '.' || hidden === '..') unreadable('a whiteout names no file');
    return { what: 'whiteout', path: folder === '' ? hidden : `${folder}/${hidden}` };
  }
  switch (type) {
    case 'file': {
      const executable = (mode & 0o111) !== 0;
      return { what: 'file', path, node: { kind: 'file', layer, entry, size, executable } };
    }
    case 'symlink':
      if (linkName === '') unreadable('a link leads nowhere');
      return { what: 'link', path, target: linkName };
    case 'hardlink':
      return { what: 'hardlink', path, target: placePath(linkName).path };
    case 'directory':
      return { what: 'folder', path };
    case 'special':
      return { what: 'special', path };
    default:
      return type satisfies never;
  }
}
