import type { ProblemCode } from '../inventory.ts';
import type { LayerLimits } from '../limits.ts';
import { decodeName } from '../../oci/tar/name.ts';
import { blockSize, isZeroBlock, parseHeader, parseNumber, type Header } from '../../oci/tar/header.ts';
import {
  capabilityKey,
  concernsOverlay,
  movesFiles,
  parsePax,
  paxNumber,
  type PaxRecord,
} from '../../oci/tar/pax.ts';
import type { FileSink } from './sink.ts';
import { isSparseMap, oldGnuStretches, paxStretches, spread, spreadWithMap, type Stretch } from './sparse.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'special';

/** One entry with its extended headers applied. Names are as the archive has them. */
export interface TarEntry {
  readonly name: string;
  readonly type: EntryType;
  readonly linkName: string;
  readonly mode: number;
  /** bytes of the file as it is meant, holes included */
  readonly size: number;
  /** extended attribute security.capability, where it has one; as decodeName gives it */
  readonly capability?: string;
}

/** Told of what an archive contains, in its order. */
export interface TarVisitor {
  /** Returns where the content of a file goes, if anywhere. */
  entry(entry: TarEntry): FileSink | undefined;
  /** `name` is the entry's as the archive has it */
  problem(code: ProblemCode, message: string, hides: boolean, name?: string): void;
  /** The next entry lies behind an end-of-archive marker. */
  secondArchive(): void;
}

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'special',
  '4': 'special',
  '5': 'directory',
  '6': 'special',
};

const noRecords: readonly PaxRecord[] = [];
const noFields: ReadonlyMap<string, string> = new Map();

/** What pax records say in the end: the last of a key counts, and an empty one takes it back. */
function fieldsOf(records: readonly PaxRecord[]): ReadonlyMap<string, string> {
  const fields = new Map(records);
  for (const [key, value] of fields) if (value === '') fields.delete(key);
  return fields;
}

type State = 'header' | 'body' | 'padding' | 'extended' | 'sparse-extension' | 'stopped';

/**
 * Reads a tar as a stream: ustar, pax with global headers, GNU long names and links, GNU sparse files in the old and
 * the three pax forms, base-256 numbers, archives behind archives. Where dialects leave a choice it does what the
 * reader of the Go standard library does, which container engines unpack with; where readers are known to differ, it
 * says so as a problem. Memory is bounded by `limits.header` and the maps of sparse files.
 */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #limits: LayerLimits;
  readonly #block: Buffer = Buffer.alloc(blockSize);
  #filled = 0;
  #state: State = 'header';
  #left = 0;
  #padding = 0;
  #sink: FileSink | undefined;
  #flag = '';
  #extended: Buffer[] = [];
  #globals: readonly PaxRecord[] = [];
  #pax: readonly PaxRecord[] = [];
  #longName: string | undefined;
  #longLink: string | undefined;
  #described = false;
  #zeroBlocks = 0;
  #headers = 0;
  #sawGarbage = false;
  #capability: { readonly capability?: string } = {};
  #sparse: { header: Header; map: Stretch[]; realSize: number } | undefined;

  constructor(visitor: TarVisitor, limits: LayerLimits) {
    this.#visitor = visitor;
    this.#limits = limits;
  }

  /** Headers read so far, those that only describe others included. */
  get headers(): number {
    return this.#headers;
  }

  /** True if what follows the end marker is no archive. */
  get sawGarbage(): boolean {
    return this.#sawGarbage;
  }

  /** Reads more of the archive; buffers given to sinks are views of `chunk`. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'stopped') {
      if (this.#state === 'header' || this.#state === 'sparse-extension') {
        const block = this.#takeBlock(chunk, at);
        at += block.taken;
        if (block.bytes === undefined) return;
        if (this.#state === 'header') this.#onBlock(block.bytes);
        else this.#onSparseExtension(block.bytes);
        continue;
      }
      const take = Math.min(this.#left, chunk.length - at);
      if (this.#state === 'body') this.#sink?.data(chunk.subarray(at, at + take));
      else if (this.#state === 'extended') this.#extended.push(Buffer.from(chunk.subarray(at, at + take)));
      at += take;
      this.#left -= take;
      if (this.#left === 0) this.#onEndOfPart();
    }
  }

  /** The bytes are at their end; says so where the archive is not. */
  end(): void {
    if (this.#state === 'stopped') return;
    const whole = this.#state === 'header' && this.#filled === 0 && !this.#described && this.#zeroBlocks >= 2;
    this.#state = 'stopped';
    this.#sink?.end(false);
    this.#sink = undefined;
    if (!whole) this.#visitor.problem('truncated', 'the archive ends before its end marker', true);
  }

  #stop(code: ProblemCode, message: string): void {
    this.#state = 'stopped';
    this.#sink?.end(false);
    this.#sink = undefined;
    this.#visitor.problem(code, message, true);
  }

  #takeBlock(chunk: Buffer, at: number): { bytes: Buffer | undefined; taken: number } {
    if (this.#filled === 0 && chunk.length - at >= blockSize) {
      return { bytes: chunk.subarray(at, at + blockSize), taken: blockSize };
    }
    const taken = chunk.copy(this.#block, this.#filled, at, at + blockSize - this.#filled);
    this.#filled += taken;
    if (this.#filled < blockSize) return { bytes: undefined, taken };
    this.#filled = 0;
    return { bytes: this.#block, taken };
  }

  #onBlock(block: Buffer): void {
    if (block[0] === 0 && isZeroBlock(block)) {
      this.#zeroBlocks += 1;
      if (this.#described) this.#stop('corrupt', 'an extended header is not followed by what it describes');
      return;
    }
    const header = parseHeader(block);
    if (header === undefined) {
      if (this.#zeroBlocks < 2) return this.#stop('corrupt', 'a header does not carry its checksum');
      this.#state = 'stopped';
      this.#sawGarbage = true;
      this.#visitor.problem('corrupt', 'something that is no archive follows the end marker', false);
      return;
    }
    if (this.#zeroBlocks === 1) {
      this.#visitor.problem('corrupt', 'half an end marker lies between entries, where readers differ', true);
    } else if (this.#zeroBlocks > 1 && this.#headers > 0) this.#visitor.secondArchive();
    this.#zeroBlocks = 0;
    this.#headers += 1;
    if (this.#headers > this.#limits.entries) {
      return this.#stop('too-many-entries', `it has more than ${this.#limits.entries} entries`);
    }
    if ('xgLK'.includes(header.flag)) this.#onExtendedHeader(header);
    else this.#onEntry(header, block);
  }

  #onExtendedHeader(header: Header): void {
    if (header.size > this.#limits.header) {
      return this.#stop('too-large', `an extended header of ${header.size} bytes`);
    }
    if (header.flag === 'g' && this.#described) {
      return this.#stop('corrupt', 'an extended header is not followed by what it describes');
    }
    this.#flag = header.flag;
    if (header.flag !== 'g') this.#described = true;
    this.#begin('extended', header.size);
  }

  #begin(state: 'body' | 'extended', size: number): void {
    this.#state = state;
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
    if (size === 0) this.#onEndOfPart();
  }

  #onEndOfPart(): void {
    const { flag, state } = { flag: this.#flag, state: this.#state };
    this.#state = 'header';
    if (state === 'body') {
      this.#sink?.end(true);
      this.#sink = undefined;
    } else if (state === 'extended') this.#applyExtended(flag);
    if (state !== 'padding' && this.#padding > 0 && this.#stateIs('header')) {
      this.#state = 'padding';
      this.#left = this.#padding;
    }
  }

  #stateIs(state: State): boolean {
    return this.#state === state;
  }

  #applyExtended(flag: string): void {
    const bytes = Buffer.concat(this.#extended);
    this.#extended = [];
    if (flag === 'L' || flag === 'K') {
      const nul = bytes.indexOf(0);
      // An empty one says nothing: the name of the header counts.
      const name = decodeName(nul < 0 ? bytes : bytes.subarray(0, nul)) || undefined;
      if (flag === 'L') this.#longName = name;
      else this.#longLink = name;
      return;
    }
    const records = parsePax(bytes);
    if (records === undefined) return this.#stop('corrupt', 'a pax header is malformed');
    if (records.some(([key]) => concernsOverlay(key))) {
      const message = 'an attribute tells the overlay file system where files lie, or that they do not';
      this.#visitor.problem('unsupported', message, true);
    }
    if (flag === 'x') {
      this.#pax = records.filter(([key]) => movesFiles(key) || key === capabilityKey);
      return;
    }
    const moving = records.filter(([key]) => movesFiles(key));
    if (moving.length === 0) return;
    const message = 'a global pax header renames or resizes all that follows, which engines disregard';
    this.#visitor.problem('corrupt', message, true);
    const replaced = new Set(moving.map(([key]) => key));
    this.#globals = [...this.#globals.filter(([key]) => !replaced.has(key)), ...moving].slice(-100);
  }

  #onEntry(raw: Header, block: Buffer): void {
    const isBare = this.#globals.length === 0 && this.#pax.length === 0;
    const records = isBare ? noRecords : [...this.#globals, ...this.#pax];
    const of = isBare ? noFields : fieldsOf(records);
    const stated = of.get('size');
    const size = stated === undefined ? raw.size : paxNumber(stated);
    if (size === undefined) return this.#stop('corrupt', 'a pax header gives a size that is no number');
    const name = this.#longName ?? of.get('path') ?? raw.name;
    const linkName = this.#longLink ?? of.get('linkpath') ?? raw.linkName;
    const capability = of.get(capabilityKey);
    this.#capability = capability === undefined ? {} : { capability };
    this.#pax = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#described = false;
    const header: Header = { ...raw, name, linkName, size };
    if (raw.flag === 'S') return this.#onOldSparse(header, block);
    const isOldFolder = raw.flag === '\0' && name.endsWith('/');
    if (isOldFolder && size > 0) {
      return this.#stop('corrupt', 'a folder, told by its slash alone, has content, which readers differ on');
    }
    const type = isOldFolder ? 'directory' : types[raw.flag];
    if (type === undefined) {
      const message = `an entry of the unknown type ${JSON.stringify(raw.flag)}`;
      this.#visitor.problem('unsupported', message, true, name);
      return this.#begin('body', size);
    }
    if (type === 'file' && of.size > 0 && this.#onPaxSparse(header, records, of)) return;
    this.#deliver(header, type);
  }

  #deliver(header: Header, type: EntryType, realSize = header.size, map?: readonly Stretch[]): void {
    const { name, linkName, mode } = header;
    const size = type === 'file' ? realSize : 0;
    const sink = this.#visitor.entry({ name, type, linkName, mode, size, ...this.#capability });
    this.#sink = sink !== undefined && map !== undefined ? spread(sink, map, realSize) : sink;
    // Links, directories and devices have no content, whatever their size field says.
    this.#begin('body', type === 'file' ? header.size : 0);
  }

  #onOldSparse(header: Header, block: Buffer): void {
    const map = oldGnuStretches(block, 386, 4);
    const realSize = parseNumber(block, 483, 12);
    if (map === undefined || realSize === undefined)
      return this.#stop('corrupt', 'a sparse header is malformed');
    this.#sparse = { header, map, realSize };
    if (block[482] === 0) this.#deliverSparse();
    else this.#state = 'sparse-extension';
  }

  #onSparseExtension(block: Buffer): void {
    const sparse = this.#sparse!;
    const more = oldGnuStretches(block, 0, 21);
    if (more === undefined) return this.#stop('corrupt', 'a sparse header is malformed');
    sparse.map.push(...more);
    if (sparse.map.length > 100_000) return this.#stop('too-large', 'a sparse file of too many pieces');
    if (block[504] === 0) this.#deliverSparse();
  }

  #deliverSparse(): void {
    const { header, map, realSize } = this.#sparse!;
    this.#sparse = undefined;
    this.#state = 'header';
    this.#deliverMapped(header, map, realSize);
  }

  #deliverMapped(header: Header, map: readonly Stretch[], realSize: number): void {
    const sum = map.reduce((total, stretch) => total + stretch.length, 0);
    if (!isSparseMap(map, realSize) || sum !== header.size) {
      return this.#stop('corrupt', 'a sparse file whose map does not fit its content');
    }
    this.#deliver(header, 'file', realSize, map);
  }

  /** True if the records describe a sparse file, which is then delivered or refused. */
  #onPaxSparse(header: Header, records: readonly PaxRecord[], of: ReadonlyMap<string, string>): boolean {
    const major = of.get('GNU.sparse.major');
    const minor = of.get('GNU.sparse.minor');
    const isOne = major === '1' && minor === '0';
    const hasMap = of.has('GNU.sparse.map') || of.has('GNU.sparse.offset');
    const isBare = major === undefined && minor === undefined && hasMap;
    const isZero = isBare || (major === '0' && (minor === '0' || minor === '1'));
    if (!isOne && !isZero) {
      const isOther = [...of.keys()].some((key) => key.startsWith('GNU.sparse.'));
      if (isOther) this.#stop('corrupt', 'a sparse file of a form that is not known');
      return isOther;
    }
    const sizes = ['GNU.sparse.size', 'GNU.sparse.realsize'].flatMap((key) => of.get(key) ?? []);
    const realSize = sizes.length === 0 ? header.size : paxNumber(sizes[0]!);
    const named = { ...header, name: of.get('GNU.sparse.name') ?? header.name };
    if (realSize === undefined) this.#stop('corrupt', 'a sparse file of no size');
    else if (new Set(sizes).size > 1)
      this.#stop('corrupt', 'a sparse file of two sizes, of which readers take different ones');
    else if (isOne) {
      const { name, linkName, mode } = named;
      const entry = { name, type: 'file', linkName, mode, size: realSize, ...this.#capability } as const;
      const sink = this.#visitor.entry(entry);
      const invalid = (): void =>
        this.#visitor.problem('corrupt', 'a sparse file whose map cannot be read', true, name);
      this.#sink = sink === undefined ? undefined : spreadWithMap(sink, realSize, invalid);
      this.#begin('body', header.size);
    } else {
      const map = paxStretches(records);
      if (map === undefined) this.#stop('corrupt', 'a sparse file whose map cannot be read');
      else this.#deliverMapped(named, map, realSize);
    }
    return true;
  }
}
