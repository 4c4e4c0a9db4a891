import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { blockSize, isZeroBlock, parseHeader, type Header } from '../oci/tar/header.ts';
import { parsePax, paxNumber } from '../oci/tar/pax.ts';
import { readRange, unreadable, type FileSet } from './file-set.ts';

/** More entries than any archive of images has. */
const mostEntries = 100_000;

/** Longest extended header that is read. */
const mostExtension = 1024 * 1024;

type Entry = { readonly at: number; readonly size: number } | { readonly target: string };

/** What extended headers said of the entry that follows. */
interface Extension {
  name?: string;
  linkName?: string;
  size?: number;
}

/**
 * The files of an uncompressed tar, by random access: headers are read once, contents where they lie. Nothing is unpacked, so
 * that names lead nowhere; links are followed inside the archive alone, as docker save writes them for layers that repeat.
 * @throws WharfingerError ARCHIVE_INVALID: damaged, too many entries, a file that is there twice, names that lead outside
 */
export async function archiveFiles(name: string, handle: FileHandle, size: number): Promise<FileSet> {
  const entries = await readEntries(name, handle, size);
  const find = (path: string): { at: number; size: number } | undefined => {
    let wanted = path;
    for (let followed = 0; followed < 8; followed += 1) {
      const entry = entries.get(wanted);
      if (entry === undefined || 'at' in entry) return entry;
      wanted = entry.target;
    }
    throw unreadable(name, `${path} is a link that leads in a circle`);
  };
  return {
    name,
    size: async (path) => find(path)?.size,
    async *open(path) {
      const found = find(path);
      if (found === undefined) throw unreadable(name, `it has no ${path}`);
      yield* readRange(handle, found.at, found.size);
    },
    list: () => Promise.resolve([...entries.keys()]),
    close: () => handle.close(),
  };
}

async function readEntries(name: string, handle: FileHandle, size: number): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let extension: Extension = {};
  let count = 0;
  for (let at = 0; at + blockSize <= size;) {
    const block = await readExactly(handle, at, blockSize);
    if (block === undefined) break;
    if (isZeroBlock(block)) return entries;
    const header = parseHeader(block);
    if (header === undefined) throw unreadable(name, `what stands at byte ${at} is no tar header`);
    count += 1;
    if (count > mostEntries) throw unreadable(name, `it has more than ${mostEntries} entries`);
    const contents = at + blockSize;
    const length = extension.size ?? header.size;
    if (contents + length > size) throw unreadable(name, `it is cut off in ${JSON.stringify(header.name)}`);
    at = contents + Math.ceil(length / blockSize) * blockSize;
    if ('xgLK'.includes(header.flag)) {
      if (header.flag === 'g') continue;
      if (length > mostExtension) throw unreadable(name, 'an extended header is too long');
      const bytes = await readExactly(handle, contents, length);
      extension = extend(name, extension, header.flag, bytes ?? Buffer.alloc(0));
      continue;
    }
    add(name, entries, header, extension, { at: contents, size: length });
    extension = {};
  }
  throw unreadable(name, 'it has no end');
}

function extend(name: string, extension: Extension, flag: string, bytes: Buffer): Extension {
  const text = () => bytes.toString('utf8').replace(/\0.*$/s, '');
  if (flag === 'L') return { ...extension, name: text() };
  if (flag === 'K') return { ...extension, linkName: text() };
  const records = parsePax(bytes);
  if (records === undefined) throw unreadable(name, 'an extended header is malformed');
  const extended = { ...extension };
  for (const [key, value] of records) {
    if (key === 'path') extended.name = value;
    if (key === 'linkpath') extended.linkName = value;
    if (key !== 'size') continue;
    const size = paxNumber(value);
    if (size === undefined) throw unreadable(name, 'an extended header has a size that is no number');
    extended.size = size;
  }
  return extended;
}

function add(
  name: string,
  entries: Map<string, Entry>,
  header: Header,
  extension: Extension,
  contents: { at: number; size: number },
): void {
  const path = insidePath(name, extension.name ?? header.name);
  const linkName = extension.linkName ?? header.linkName;
  const isLink = header.flag === '1' || header.flag === '2';
  const isFile = header.flag === '0' || header.flag === '\0' || header.flag === '7';
  if (!isLink && !isFile) return;
  if (entries.has(path)) throw unreadable(name, `it has ${JSON.stringify(path)} twice`);
  const from = header.flag === '2' ? posix.join(posix.dirname(path), linkName) : linkName;
  entries.set(path, isLink ? { target: insidePath(name, from) } : contents);
}

/** A name without detours. */
function insidePath(name: string, path: string): string {
  const normal = posix.normalize(path);
  if (posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../')) {
    throw unreadable(name, `${JSON.stringify(path.slice(0, 200))} leads out of it`);
  }
  return normal;
}

async function readExactly(handle: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const target = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(target, filled, length - filled, at + filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return target;
}
