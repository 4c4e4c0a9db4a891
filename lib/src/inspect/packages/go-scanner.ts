import type { FileSink } from '../tar/sink.ts';
import { fileOffset, parseElfHead, readWord, type ElfHead } from './elf.ts';
import { Capture } from './go-capture.ts';
import { isGoVersion, parseModuleInfo, unwrapModuleInfo, type GoModule } from './go.ts';

/** What a Go binary was built from. */
export interface GoBuild {
  /** as `runtime.Version` gives it, such as go1.20.7 */
  readonly go: string;
  readonly modules: readonly GoModule[];
}

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
const magicWord = magic.readInt32LE();
/** The linker aligns it; elsewhere it is text of a program that reads build information. */
const alignment = 16;
const moduleStart = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
const moduleEnd = Buffer.from('f932433186182072008242104116d8f2', 'hex');
const versionStart = Buffer.from('go1.');

const headSize = 8192;
/** Longer than every pattern and every version, so that none is missed at the seam of two chunks. */
const seam = 64;
const maxHits = 64;

/** Where pointers of one magic number lead. */
interface Pointed {
  version?: { at: number; length: number };
  modules?: { at: number; length: number };
}

/**
 * Where the magic number stands next in bytes that lie at `offset` of a file; -1: nowhere.
 * @param from where to begin in `bytes`
 */
function nextMagic(bytes: Buffer, offset: number, from: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = from + ((alignment - ((offset + from) % alignment)) % alignment);
  for (let at = first; at <= bytes.length - magic.length; at += alignment)
    if (words.getInt32(at, true) === magicWord && magic.compare(bytes, at, at + magic.length) === 0)
      return at;
  return -1;
}

/** Length of a varint-prefixed string of inline build information; undefined: not whole yet. */
function readVarint(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let index = at; index < Math.min(bytes.length, at + 8); index += 1) {
    value += (bytes[index]! & 0x7f) * 2 ** (7 * (index - at));
    if (bytes[index]! < 0x80) return { value, next: index + 1 };
  }
  return undefined;
}

/**
 * Finds the build information of a Go binary while the file passes, without keeping the file: from Go 1.18 on it stands
 * inline behind its magic number; before, the magic is followed by pointers to string headers further on, which point
 * to text that passed before, so that text that may be meant is remembered by its place. A binary may hold others, or what only
 * looks like build information: all that can be read counts.
 */
export class GoScanner implements FileSink {
  readonly #limit: number;
  readonly #size: number;
  readonly #onEnd: (found: readonly GoBuild[] | 'broken') => void;
  #head: Buffer = Buffer.alloc(0);
  #elf: ElfHead | undefined;
  #carry: Buffer = Buffer.alloc(0);
  #offset = 0;
  #captures: Capture[] = [];
  readonly #hits = new Set<number>();
  /** places of inline build information of which not all was there */
  readonly #unread = new Set<number>();
  readonly #versions = new Map<number, string>();
  readonly #modules = new Map<number, Buffer>();
  readonly #pointed: Pointed[] = [];
  readonly #found: GoBuild[] = [];
  /** true: there is build information that was not read */
  #broken = false;

  /**
   * @param limit bytes of build information
   * @param size bytes that the file is said to have
   * @param onEnd told at the end of the file: what it was built from, nothing where it is no Go binary; `broken` where build
   * information is there and cannot be read
   */
  constructor(limit: number, size: number, onEnd: (found: readonly GoBuild[] | 'broken') => void) {
    this.#limit = limit;
    this.#size = size;
    this.#onEnd = onEnd;
  }

  data(bytes: Buffer): void {
    // Nothing else counts without its magic number. Most files come in one piece.
    if (this.#offset === 0 && bytes.length >= this.#size && nextMagic(bytes, 0, 0) < 0) return;
    if (this.#head.length < headSize) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, headSize - this.#head.length)]);
    }
    for (const capture of this.#captures) capture.feed(bytes, this.#offset);
    const join = Buffer.concat([this.#carry, bytes.subarray(0, seam)]);
    this.#search(join, this.#offset - this.#carry.length, bytes);
    this.#search(bytes, this.#offset, bytes);
    this.#captures = this.#captures.filter((capture) => !capture.done);
    this.#carry = Buffer.from((bytes.length < seam ? join : bytes).subarray(-seam));
    this.#offset += bytes.length;
  }

  hole(length: number): void {
    this.#offset += length;
    this.#carry = Buffer.alloc(0);
  }

  end(whole: boolean): void {
    for (const pointed of this.#pointed) {
      const found = this.#resolve(pointed);
      if (found !== undefined) this.#found.push(found);
      // Pointers that lead nowhere are other bytes, where it is told elsewhere.
      else if (pointed.version !== undefined || this.#found.length === 0) this.#broken = true;
    }
    if (this.#unread.size > 0) this.#broken = true;
    this.#onEnd(this.#broken && whole ? 'broken' : this.#found);
  }

  #search(bytes: Buffer, offset: number, chunk: Buffer): void {
    for (let at = nextMagic(bytes, offset, 0); at >= 0; at = nextMagic(bytes, offset, at + alignment))
      this.#onMagic(offset + at, bytes, offset, chunk);
    for (let at = bytes.indexOf(moduleStart); at >= 0; at = bytes.indexOf(moduleStart, at + 1)) {
      this.#onModuleStart(offset + at, bytes, offset, chunk);
    }
    for (let at = bytes.indexOf(versionStart); at >= 0; at = bytes.indexOf(versionStart, at + 1)) {
      if (this.#versions.size >= 20_000) return;
      this.#versions.set(offset + at, bytes.toString('latin1', at, at + 40));
    }
  }

  #isNew(hit: number): boolean {
    if (this.#hits.has(hit)) return false;
    if (this.#hits.size >= maxHits) {
      this.#broken = true;
      return false;
    }
    this.#hits.add(hit);
    return true;
  }

  #capture(capture: Capture, bytes: Buffer, offset: number, chunk: Buffer): void {
    capture.feed(bytes, offset);
    if (bytes !== chunk) capture.feed(chunk, this.#offset);
    if (!capture.done) this.#captures.push(capture);
  }

  #onMagic(hit: number, bytes: Buffer, offset: number, chunk: Buffer): void {
    if (!this.#isNew(hit)) return;
    this.#elf ??= parseElfHead(this.#head);
    const onEnough = (all: Buffer): number | 'done' => {
      if ((all[15]! & 2) !== 0) return this.#onInline(hit, all);
      this.#onPointers(all, chunk);
      return 'done';
    };
    this.#capture(new Capture(hit, 32, this.#limit, onEnough), bytes, offset, chunk);
  }

  #onInline(hit: number, all: Buffer): number | 'done' {
    const version = readVarint(all, 32);
    if (version === undefined) return all.length < 48 ? all.length + 1 : 'done';
    if (version.value > 200) return 'done';
    const text = version.next + version.value;
    const go = all.toString('utf8', version.next, text);
    if (all.length < text) return text;
    if (!isGoVersion(go)) return 'done';
    // From here on it is build information, which must not go unread.
    this.#unread.add(hit);
    const modules = readVarint(all, text);
    if (modules === undefined) return all.length < text + 10 ? text + 10 : 'done';
    const end = modules.next + modules.value;
    if (end > all.length) return end;
    this.#unread.delete(hit);
    this.#found.push({ go, modules: parseModuleInfo(unwrapModuleInfo(all.subarray(modules.next, end))) });
    return 'done';
  }

  /** Before Go 1.18: pointer size, byte order, then the addresses of two string headers. */
  #onPointers(all: Buffer, chunk: Buffer): void {
    const elf = this.#elf;
    const wide = all[14] === 8;
    const bigEndian = (all[15]! & 1) !== 0;
    if (elf === undefined || (!wide && all[14] !== 4)) return;
    const pointed: Pointed = {};
    this.#pointed.push(pointed);
    const word = wide ? 8 : 4;
    for (const [index, role] of (['version', 'modules'] as const).entries()) {
      const address = readWord(all, 16 + index * word, wide, bigEndian);
      const place = address === undefined || address === 0 ? undefined : fileOffset(elf, address);
      if (place === undefined) continue;
      const onEnough = (header: Buffer): 'done' => {
        const text = readWord(header, 0, wide, bigEndian);
        const length = readWord(header, word, wide, bigEndian);
        const at = text === undefined ? undefined : fileOffset(elf, text);
        if (at !== undefined && length !== undefined) pointed[role] = { at, length };
        return 'done';
      };
      this.#capture(new Capture(place, word * 2, word * 2, onEnough), chunk, this.#offset, chunk);
    }
  }

  #onModuleStart(hit: number, bytes: Buffer, offset: number, chunk: Buffer): void {
    if (this.#modules.size >= 4 || !this.#isNew(hit)) return;
    const onEnough = (all: Buffer): number | 'done' => {
      const end = all.indexOf(moduleEnd);
      // Doubled, so that searching costs no more than the text is long.
      if (end < 0) return all.length * 2;
      this.#modules.set(hit, all.subarray(0, end + moduleEnd.length));
      return 'done';
    };
    this.#capture(new Capture(hit, moduleStart.length, this.#limit, onEnough), bytes, offset, chunk);
  }

  #resolve({ version, modules }: Pointed): GoBuild | undefined {
    if (version === undefined) return undefined;
    const go = this.#versions.get(version.at)?.slice(0, version.length);
    if (go === undefined || !isGoVersion(go)) return undefined;
    if (modules === undefined || modules.length === 0) return { go, modules: [] };
    const text = this.#modules.get(modules.at);
    return text === undefined ? undefined : { go, modules: parseModuleInfo(unwrapModuleInfo(text)) };
  }
}
