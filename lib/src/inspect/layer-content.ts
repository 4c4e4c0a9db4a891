import { parseStrictJson } from '../oci/strict-json.ts';
import { classifyDocument } from './documents.ts';
import type { FileRecord } from './file-facts.ts';
import type { DocumentKind, LayerContent, LayerTree, Problem, ProblemCode } from './inventory.ts';
import type { HashLane, HashedLayer } from './hashing/chunk-hasher.ts';
import { LayerBuilder } from './layer-builder.ts';
import type { LayerLimits } from './limits.ts';
import { blockSize, isZeroBlock, parseHeader } from '../oci/tar/header.ts';
import { TarReader } from './tar/reader.ts';

/** What the bytes of a layer turned out to be and to say. */
export interface FoundContent {
  readonly content: LayerContent;
  readonly document?: DocumentKind;
  readonly entries: number;
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly tree: LayerTree;
  readonly records: readonly FileRecord[];
}

type Shape = 'unknown' | 'tar' | 'zeros' | 'document' | 'opaque';

/**
 * Takes the uncompressed bytes of a layer and tells what they are by the first block:
 * - a block with a valid header checksum begins a tar, whatever else the bytes may be taken for;
 * - a block of zeros is the end of an empty tar, `empty` unless something else follows;
 * - text that begins as JSON does is `json` if all of it is one JSON document within the limit;
 * - all else is `opaque`.
 * Where reading broke off before that could be told, the layer counts as a file system: an engine may read more of it.
 */
export class ContentReader {
  readonly #limits: LayerLimits;
  readonly #lane: HashLane;
  readonly #builder: LayerBuilder;
  readonly #tar: TarReader;
  #shape: Shape = 'unknown';
  #first: Buffer = Buffer.alloc(0);
  #document: Buffer[] = [];
  #size = 0;
  #refused = false;

  /** @param lane where all bytes, and those of the files in them, are hashed */
  constructor(limits: LayerLimits, lane: HashLane) {
    this.#limits = limits;
    this.#lane = lane;
    this.#builder = new LayerBuilder(limits);
    this.#tar = new TarReader(this.#builder, limits);
  }

  /** Notes something wrong with the layer. */
  problem(code: ProblemCode, message: string, hides: boolean): void {
    this.#builder.problem(code, message, hides);
  }

  /** Notes why nothing more will come, or why what comes cannot be read. */
  refuse(code: ProblemCode, message: string): void {
    this.#refused = true;
    this.problem(code, message, true);
  }

  /** @param lent false: nobody uses the memory of the chunk afterwards */
  push(chunk: Buffer, lent: boolean): void {
    this.#size += chunk.length;
    if (this.#shape !== 'unknown') return this.#use(chunk, lent);
    const all = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    if (all.length < blockSize) {
      this.#first = Buffer.from(all);
      return;
    }
    this.#shape = shapeOf(all);
    this.#use(all, lent || all !== chunk);
  }

  /** True while more must not be pushed before `rest` has ended. */
  get busy(): boolean {
    return this.#lane.busy;
  }

  /** Waits until more can be taken. */
  rest(): Promise<void> {
    return this.#lane.rest();
  }

  /** The digests of all, when the last is pushed; `finish` needs them. */
  async hashed(): Promise<HashedLayer> {
    if (this.#shape === 'unknown') this.#hash(this.#first, true, () => {});
    return this.#lane.finish();
  }

  #use(bytes: Buffer, lent: boolean): void {
    this.#hash(bytes, lent, () => this.#read(bytes));
  }

  /** Hashes bytes, and of the files in them what `read` finds. */
  #hash(bytes: Buffer, lent: boolean, read: () => void): void {
    const { digests } = this.#builder;
    digests.enter(bytes);
    read();
    this.#lane.take(digests.leave(), lent);
  }

  #read(bytes: Buffer): void {
    if (this.#shape === 'tar' || this.#shape === 'zeros') return this.#tar.push(bytes);
    if (this.#shape !== 'document') return;
    if (this.#size > this.#limits.json) {
      this.#shape = 'opaque';
      this.#document = [];
    } else this.#document.push(Buffer.from(bytes));
  }

  /** @param packed true: the blob is compressed with gzip, as charts are */
  finish(packed: boolean, { files }: HashedLayer): FoundContent {
    if (this.#shape === 'unknown' && this.#first.length > 0) {
      this.#shape = startsAsDocument(this.#first) ? 'document' : 'opaque';
      if (this.#shape === 'document') this.#document.push(this.#first);
    }
    const isArchive = this.#shape === 'tar' || (this.#shape === 'zeros' && this.#tar.headers > 0);
    // What broke off is told of already; the archive's own end adds nothing.
    if (isArchive && !this.#refused) this.#tar.end();
    const kind = this.#kind(isArchive, packed);
    const { tree, records, problems } = this.#builder.finish(files);
    return {
      ...kind,
      entries: tree.paths.length,
      complete: !problems.some((problem) => problem.hides),
      problems,
      tree,
      records,
    };
  }

  #kind(isArchive: boolean, packed: boolean): { content: LayerContent; document?: DocumentKind } {
    if (isArchive) return { content: packed && this.#builder.isChart ? 'chart' : 'filesystem' };
    if (this.#refused) return { content: 'filesystem' };
    if (this.#size === 0) return { content: 'empty' };
    if (this.#shape === 'zeros') return { content: this.#tar.sawGarbage ? 'opaque' : 'empty' };
    if (this.#shape !== 'document') return { content: 'opaque' };
    const bytes = Buffer.concat(this.#document);
    if (bytes.toString('latin1', 0, 34) === '-----BEGIN PGP SIGNED MESSAGE-----') {
      return { content: 'opaque', document: 'provenance' };
    }
    try {
      const value = parseStrictJson(bytes, (what) => {
        throw new SyntaxError(what);
      });
      return { content: 'json', document: classifyDocument(value) };
    } catch {
      return { content: 'opaque' };
    }
  }
}

function startsAsDocument(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', 0, blockSize).trimStart();
  return (
    text.startsWith('{') || text.startsWith('[') || text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')
  );
}

function shapeOf(bytes: Buffer): Shape {
  if (isZeroBlock(bytes)) return 'zeros';
  if (parseHeader(bytes) !== undefined) return 'tar';
  return startsAsDocument(bytes) ? 'document' : 'opaque';
}
