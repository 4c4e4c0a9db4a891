import { crc32 } from 'node:zlib';
import {
  centralSize,
  complete,
  endSize,
  localSize,
  readCentral,
  readEnd,
  readLocal,
  readZip64End,
  zip64EndSize,
  type DirectoryEnd,
  type EntryHeader,
} from './headers.ts';
import { Inflater } from './inflate.ts';
import type { Parser } from './passing-bytes.ts';
import { search, searchDescriptor, signatures } from './signatures.ts';
import type { FileSink } from '../tar/sink.ts';

/** Entries that are read, of one archive, and that it may have. */
const mostRead = 50_000;
const mostEntries = 1_000_000;
/** UTF-16 units of the name of an entry that is read. */
const longestName = 2000;

/** Takes what an archive contains. */
export interface ZipListener {
  /** whether an entry is read */
  wants(name: string): boolean;
  /** takes the content of an entry that is read */
  open(entry: EntryHeader): FileSink;
  /** told how many bytes were unpacked; false: no more are */
  spend(bytes: number): boolean;
  /** something of what is wanted could not be read */
  broken(what: string): void;
  /** told once, where nothing follows any more: false if there was no archive at all */
  end(found: boolean): void;
}

/** An entry that was read, by what its content turned out to be. */
interface ReadEntry {
  readonly header: EntryHeader;
  readonly packed: number;
  readonly size: number;
  readonly crc: number;
}

/** The directory, as far as it is about wanted entries. */
interface Directory {
  readonly start: number;
  readonly wanted: EntryHeader[];
  entries: number;
  large?: DirectoryEnd;
  /** where it ended */
  end: number;
  record?: DirectoryEnd;
  /** true: it lists wanted entries with names that are too long, or too many */
  excess: boolean;
  /** true: nothing but end records stands between the directory and the end of the archive */
  atEnd: boolean;
}

/**
 * Reads a zip archive while it passes: entry after entry by their local headers, wherever the first one begins. Readers that can
 * seek go by the directory at the end instead; both must say the same of what is wanted, in place, name, method, size and checksum.
 */
export function* readZip(position: () => number, listener: ZipListener): Parser {
  const read = new Map<number, ReadEntry>();
  let found = false;
  let directory: Directory | undefined;
  for (let parts = 0; ; parts += 1) {
    if (parts > mostEntries * 2) {
      listener.broken(`it has more than ${mostEntries} entries`);
      break;
    }
    yield search();
    const start = position();
    const signature = (yield { take: 4 })?.readUInt32LE(0);
    if (signature === undefined) break;
    found = true;
    if (signature === signatures.local) {
      directory = undefined;
      yield* readEntry(start, position, listener, read);
    } else if (signature === signatures.central) {
      if (directory === undefined || directory.end !== start || directory.record !== undefined) {
        directory = emptyDirectory(start);
      }
      yield* readDirectoryEntry(directory, listener);
      directory.end = position();
    } else if (signature === signatures.zip64End) {
      const bytes = yield { take: zip64EndSize };
      if (bytes !== undefined && directory?.end === start) directory.large = readZip64End(bytes);
    } else if (signature === signatures.end) {
      const bytes = yield { take: endSize };
      directory ??= emptyDirectory(start);
      directory.atEnd = directory.large !== undefined || directory.end === start;
      if (bytes !== undefined) directory.record = readEnd(bytes, directory.large);
    }
  }
  if (found) check(read, directory, listener);
  listener.end(found);
}

function emptyDirectory(start: number): Directory {
  return { start, wanted: [], entries: 0, end: start, excess: false, atEnd: false };
}

function* readEntry(
  start: number,
  position: () => number,
  listener: ZipListener,
  read: Map<number, ReadEntry>,
): Parser {
  const fixed = yield { take: localSize };
  if (fixed === undefined) return;
  const header = readLocal(fixed);
  const name = Buffer.from((yield { take: header.nameLength }) ?? '');
  const extra = yield { take: header.extraLength };
  if (extra === undefined) return;
  const entry = complete(header, name, extra);
  if (!listener.wants(entry.name)) {
    yield entry.sized ? { skip: entry.packed } : searchDescriptor(() => {});
    return;
  }
  const refusal = refusalOf(entry, read.size);
  if (refusal !== undefined) {
    listener.broken(`${entry.name.slice(0, longestName)} ${refusal}`);
    yield entry.sized ? { skip: entry.packed } : searchDescriptor(() => {});
    return;
  }
  const from = position();
  const content = new Content(entry, listener);
  yield { stream: (bytes) => content.take(bytes) };
  if (!content.whole) listener.broken(`${entry.name} cannot be unpacked whole`);
  read.set(start, { header: entry, packed: position() - from, size: content.size, crc: content.crc });
}

function refusalOf(entry: EntryHeader, count: number): string | undefined {
  if (entry.encrypted) return 'is encrypted';
  if (entry.method !== 0 && entry.method !== 8)
    return `is packed by method ${entry.method}, which is not read`;
  if (entry.method === 0 && !entry.sized) return 'does not say how long it is';
  if (entry.name.length > longestName) return 'has a name that is too long';
  return count >= mostRead ? `is beyond the ${mostRead} entries that are read` : undefined;
}

/** The content of one entry, which ends where its header says, or else where its deflate stream does. */
class Content {
  readonly #listener: ZipListener;
  readonly #sink: FileSink;
  readonly #inflater: Inflater | undefined;
  #left: number;
  #stopped = false;
  size = 0;
  crc = 0;
  /** true, at the end: all of it was there */
  whole = false;

  constructor(entry: EntryHeader, listener: ZipListener) {
    this.#listener = listener;
    this.#sink = listener.open(entry);
    this.#left = entry.sized ? entry.packed : Infinity;
    if (entry.method === 8) this.#inflater = new Inflater((bytes) => this.#give(bytes));
  }

  #give(bytes: Buffer): void {
    this.#stopped ||= !this.#listener.spend(bytes.length);
    if (this.#stopped) return;
    this.size += bytes.length;
    this.crc = crc32(bytes, this.crc);
    this.#sink.data(bytes);
  }

  /** Takes bytes, undefined at the end of the file; gives back those that follow the content, once it is over. */
  take(bytes: Buffer | undefined): Buffer | undefined {
    if (bytes === undefined) {
      const rest = this.#inflater?.finish();
      this.#end();
      return rest;
    }
    const own = bytes.subarray(0, Math.min(bytes.length, this.#left));
    this.#left -= own.length;
    const rest = this.#stopped ? own : this.#unpack(own);
    if (this.#left === 0) {
      this.#inflater?.finish();
      this.#end();
      return bytes.subarray(own.length);
    }
    // Of known length: what follows a stream inside of its entry is passed over.
    if (rest === undefined || this.#left !== Infinity) return undefined;
    this.#end();
    return rest;
  }

  #unpack(bytes: Buffer): Buffer | undefined {
    if (this.#inflater !== undefined) return this.#inflater.push(bytes);
    this.#give(bytes);
    return undefined;
  }

  #end(): void {
    this.whole = !this.#stopped && (this.#inflater?.done ?? this.#left === 0);
    this.#sink.end(this.whole);
  }
}

function* readDirectoryEntry(directory: Directory, listener: ZipListener): Parser {
  const fixed = yield { take: centralSize };
  if (fixed === undefined) return;
  const header = readCentral(fixed);
  const name = Buffer.from((yield { take: header.nameLength }) ?? '');
  const extra = yield { take: header.extraLength };
  if (extra === undefined) return;
  const entry = complete(header, name, extra);
  directory.entries += 1;
  if (listener.wants(entry.name)) {
    if (entry.name.length > longestName || directory.wanted.length >= mostRead) directory.excess = true;
    else directory.wanted.push(entry);
  }
  yield { skip: header.commentLength };
}

/** Compares what was read with what the directory lists. */
function check(
  read: ReadonlyMap<number, ReadEntry>,
  directory: Directory | undefined,
  listener: ZipListener,
): void {
  const record = directory?.record;
  if (directory === undefined || record === undefined) {
    return listener.broken('the archive breaks off, or has no directory at its end');
  }
  const { start, end, entries, wanted } = directory;
  // Offsets count from the beginning of the archive, before which something else may stand.
  const base = start - record.offset;
  const agrees =
    record.size === end - start &&
    record.entries % 65_536 === entries % 65_536 &&
    base >= 0 &&
    directory.atEnd &&
    !directory.excess &&
    wanted.length === read.size &&
    wanted.every((entry) => isSame(entry, read.get(base + entry.offset)));
  if (!agrees) listener.broken('its directory and its entries do not say the same');
}

function isSame(entry: EntryHeader, found: ReadEntry | undefined): boolean {
  return (
    found !== undefined &&
    found.header.name === entry.name &&
    found.header.method === entry.method &&
    found.packed === entry.packed &&
    found.size === entry.size &&
    found.crc === entry.crc
  );
}
