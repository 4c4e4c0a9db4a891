import { others, steps, type HashWork } from './hashing/chunk-hasher.ts';
import type { LayerLimits } from './limits.ts';
import type { FileSink } from './tar/sink.ts';

/** Shown by managers that record nothing else. */
const sha256Alone = 4;

/**
 * What tells which package manager a layer's files belong to, and so which digest they will be compared with besides SHA-256:
 * dpkg records MD5, apk SHA-1, rpm SHA-256.
 */
const managers: ReadonlyArray<readonly [mark: string, algorithm: number]> = [
  ['etc/debian_version', others.md5],
  ['var/lib/dpkg/', others.md5],
  ['etc/alpine-release', others.sha1],
  ['etc/apk/', others.sha1],
  ['lib/apk/', others.sha1],
  ['usr/lib/apk/', others.sha1],
  ['etc/redhat-release', sha256Alone],
  ['var/lib/rpm/', sha256Alone],
  ['usr/lib/sysimage/rpm/', sha256Alone],
];

/** Zero bytes of sparse files that are hashed for one layer: an archive holds none of them, so they cost its maker nothing. */
const mostHoles = 1024 ** 3;

/**
 * Says which of a layer's bytes are to be hashed for which regular file while they pass: SHA-256 of all, and what its package manager
 * records. Until the layer shows which one that is, MD5 and SHA-1 are both made. The work itself is done elsewhere, chunk by chunk.
 */
export class FileDigests implements FileSink {
  readonly #limits: LayerLimits;
  #shown = 0;
  #chunk: Uint8Array = new Uint8Array();
  #steps: number[] = [];
  #copies: Uint8Array[] = [];
  #holes = 0;
  /** of the file that passes: bytes that it is said to have, and those that came */
  #size = 0;
  #filled = 0;
  #spoilt = false;

  constructor(limits: LayerLimits) {
    this.#limits = limits;
  }

  /** Takes note of a path of the layer, which may show its package manager. */
  sees(path: string): void {
    for (const [mark, algorithm] of managers) if (path.startsWith(mark)) this.#shown |= algorithm;
  }

  /** What passes until `leave` is part of this chunk. */
  enter(chunk: Uint8Array): void {
    this.#chunk = chunk;
  }

  /** What there is to do with the chunk. */
  leave(): HashWork {
    const work = { chunk: this.#chunk, steps: this.#steps, copies: this.#copies };
    this.#steps = [];
    this.#copies = [];
    return work;
  }

  /**
   * @param file how many regular files of the layer came before
   * @param size bytes that the file is said to have
   * @returns undefined where it is not hashed: what is empty needs no digest; else what its content goes to before another begins
   */
  begin(file: number, size: number): FileSink | undefined {
    if (size === 0 || file >= this.#limits.digests) return undefined;
    const all = others.md5 | others.sha1;
    this.#steps.push(steps.begin, file, this.#shown === 0 ? all : this.#shown & all);
    this.#size = size;
    this.#filled = 0;
    this.#spoilt = false;
    return this;
  }

  data(bytes: Buffer): void {
    if (!this.#grow(bytes.length)) return;
    const { buffer, byteOffset, byteLength } = this.#chunk;
    const at = bytes.byteOffset - byteOffset;
    if (bytes.buffer === buffer && at >= 0 && at + bytes.length <= byteLength)
      this.#steps.push(steps.data, at, bytes.length);
    else this.#steps.push(steps.copied, this.#copies.push(Uint8Array.from(bytes)) - 1, 0);
  }

  hole(length: number): void {
    this.#holes += length;
    if (this.#holes > mostHoles) this.#spoilt = true;
    if (this.#grow(length)) this.#steps.push(steps.zeros, length, 0);
  }

  /** What breaks off or has another size gets no digest. */
  end(whole: boolean): void {
    const isWhole = whole && !this.#spoilt && this.#filled === this.#size;
    this.#steps.push(steps.end, isWhole ? 1 : 0, 0);
  }

  #grow(length: number): boolean {
    this.#filled += length;
    if (this.#filled > this.#size) this.#spoilt = true;
    return !this.#spoilt;
  }
}
