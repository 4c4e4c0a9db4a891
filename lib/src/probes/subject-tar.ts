import { tarEnd, tarPadding } from '../oci/tar/write.ts';
import type { FileNode, FolderNode, LinkNode } from './file-tree.ts';
import { readArchive, unreadable } from './read-layer.ts';
import { readSubjectTree, subjectLimits, type SubjectLayer } from './subject-tree.ts';
import { entryHeader } from './tar-entry.ts';

/** The image that a probe is run on. */
export interface ProbeSubject {
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
  /** base first */
  readonly layers: readonly SubjectLayer[];
}

/** Zero bytes of sparse files are written in pieces of this size. */
const zeros = Buffer.alloc(64 * 1024);

/**
 * What a probe sees, as one tar: `manifest.json`, `config.json`, and below `rootfs` the merged file system of the image, as an
 * engine would lay it out. Links stay links, and come last, so that whoever unpacks it writes through none of them. Devices, pipes and sockets
 * are left out, everything belongs to root and may be read by all, and no file is set-user-ID.
 *
 * The layers are read twice: once for what there is, once for the content.
 *
 * @throws WharfingerError PROBE_SUBJECT_UNREADABLE where any of it cannot be laid out; what the layers throw
 */
export async function* subjectTar({ manifest, config, layers }: ProbeSubject): AsyncGenerator<Buffer> {
  const root = await readSubjectTree(layers);
  for (const [name, bytes] of [
    ['manifest.json', manifest],
    ['config.json', config],
  ] as const) {
    yield entryHeader({ name, type: 'file', size: bytes.length });
    yield Buffer.from(bytes);
    yield tarPadding(bytes.length);
  }
  const places = placesIn(root);
  for (const name of places.folders) yield entryHeader({ name: `${name}/`, type: 'folder' });
  for (const [index, layer] of layers.entries()) {
    const wanted = places.files.get(index);
    if (wanted !== undefined) yield* contentOf(layer, wanted);
  }
  for (const [name, target] of places.hardLinks) yield entryHeader({ name, type: 'hardlink', target });
  for (const [name, { target }] of places.links) yield entryHeader({ name, type: 'link', target });
  yield tarEnd();
}

/** Where everything goes. */
interface Places {
  /** outer ones before inner ones */
  readonly folders: readonly string[];
  /** by layer, then by entry: the first name of each file */
  readonly files: ReadonlyMap<
    number,
    ReadonlyMap<number, { readonly name: string; readonly node: FileNode }>
  >;
  /** further names of files, and the first ones */
  readonly hardLinks: ReadonlyArray<readonly [name: string, first: string]>;
  readonly links: ReadonlyArray<readonly [name: string, link: LinkNode]>;
}

function placesIn(root: FolderNode): Places {
  const folders: string[] = [];
  const files = new Map<number, Map<number, { name: string; node: FileNode }>>();
  const hardLinks: Array<[string, string]> = [];
  const links: Array<[string, LinkNode]> = [];
  const firstNames = new Map<FileNode, string>();
  const open: Array<readonly [string, FolderNode]> = [['rootfs', root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [folder, { children }] = next;
    folders.push(folder);
    for (const [base, node] of children) {
      const name = `${folder}/${base}`;
      if (node.kind === 'folder') open.push([name, node]);
      else if (node.kind === 'link') links.push([name, node]);
      else if (node.kind === 'file') {
        const first = firstNames.get(node);
        if (first !== undefined) {
          hardLinks.push([name, first]);
          continue;
        }
        firstNames.set(node, name);
        const ofLayer = files.get(node.layer) ?? new Map<number, { name: string; node: FileNode }>();
        files.set(node.layer, ofLayer.set(node.entry, { name, node }));
      }
    }
  }
  return { folders, files, hardLinks, links };
}

async function* contentOf(
  layer: SubjectLayer,
  wanted: ReadonlyMap<number, { readonly name: string; readonly node: FileNode }>,
): AsyncGenerator<Buffer> {
  let entry = -1;
  let found = 0;
  /** what the piece that was read last gave: bytes, and lengths of holes */
  let pieces: Array<Buffer | number> = [];
  const visit: Parameters<typeof readArchive>[1] = () => {
    entry += 1;
    const file = wanted.get(entry);
    if (file === undefined) return undefined;
    const { size, executable } = file.node;
    let written = 0;
    found += 1;
    pieces.push(entryHeader({ name: file.name, type: 'file', size, executable }));
    return {
      data(bytes) {
        written += bytes.length;
        pieces.push(bytes);
      },
      hole(length) {
        written += length;
        pieces.push(length);
      },
      end(whole) {
        if (!whole || written !== size) unreadable('the content of a file breaks off');
        pieces.push(tarPadding(size));
      },
    };
  };
  for await (const _ of readArchive(layer.open(), visit, subjectLimits)) {
    const ready = pieces;
    pieces = [];
    for (const piece of ready) {
      if (typeof piece !== 'number') yield piece;
      else for (let left = piece; left > 0; left -= zeros.length) yield zeros.subarray(0, left);
    }
  }
  if (found !== wanted.size) unreadable('a layer is not the same when it is read again');
}
