import { createHash, hash, webcrypto, type Hash } from 'node:crypto';
import type { LayerTree } from './inventory.ts';
import type { LayerLimits } from './limits.ts';
import type { FileSink } from './tar/sink.ts';

/** Bytes of a digest of each algorithm by which the content of files is known. */
export const digestLengths = { sha256: 32, md5: 16, sha1: 20 } as const;

export type FileAlgorithm = keyof typeof digestLengths;

/**
 * What tells which package manager a layer's files belong to, and so which digest they will be compared with besides SHA-256:
 * dpkg records MD5, apk SHA-1, rpm SHA-256.
 */
const managers: ReadonlyArray<readonly [mark: string, algorithm: FileAlgorithm]> = [
  ['etc/debian_version', 'md5'],
  ['var/lib/dpkg/', 'md5'],
  ['etc/alpine-release', 'sha1'],
  ['etc/apk/', 'sha1'],
  ['lib/apk/', 'sha1'],
  ['usr/lib/apk/', 'sha1'],
  ['etc/redhat-release', 'sha256'],
  ['var/lib/rpm/', 'sha256'],
  ['usr/lib/sysimage/rpm/', 'sha256'],
];

/** Files up to this size are put together and hashed at once. */
const gathered = 8 * 1024 ** 2;

/** From this size on a file is worth handing to another thread. */
const handedOver = 64 * 1024;

/** Bytes that other threads may hold. */
const mostPending = 8 * 1024 ** 2;

/** Zero bytes of sparse files that are hashed for one layer: an archive holds none of them, so they cost its maker nothing. */
const mostHoles = 1024 ** 3;

const zeros = Buffer.alloc(64 * 1024);

/** The digests of one algorithm, one after the other in the order of the files; zeros where there is none. */
class DigestColumn {
  readonly #length: number;
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(algorithm: FileAlgorithm) {
    this.#length = digestLengths[algorithm];
  }

  set(file: number, digest: Uint8Array): void {
    const end = (file + 1) * this.#length;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2, 4096));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#bytes.set(digest, end - this.#length);
    this.#used = Math.max(this.#used, end);
  }

  finish(): string {
    return this.#bytes.toString('base64', 0, this.#used);
  }
}

/**
 * Hashes the content of a layer's regular files while it passes: SHA-256 of all, and what its package manager records. Until the
 * layer shows which one that is, MD5 and SHA-1 are both made. Larger files are hashed by other threads, so that `rest` must be
 * awaited while `busy`, and `settle` before `finish`.
 */
export class FileDigests {
  readonly #limits: LayerLimits;
  readonly #columns = {
    sha256: new DigestColumn('sha256'),
    md5: new DigestColumn('md5'),
    sha1: new DigestColumn('sha1'),
  };
  #shown: ReadonlySet<FileAlgorithm> = new Set();
  readonly #running = new Set<Promise<void>>();
  #pending = 0;
  #holes = 0;

  constructor(limits: LayerLimits) {
    this.#limits = limits;
  }

  /** Takes note of a path of the layer, which may show its package manager. */
  sees(path: string): void {
    for (const [mark, algorithm] of managers) {
      if (path.startsWith(mark) && !this.#shown.has(algorithm)) {
        this.#shown = new Set([...this.#shown, algorithm]);
      }
    }
  }

  /**
   * @param file how many regular files of the layer came before
   * @param size bytes that the file is said to have
   * @returns undefined where it is not hashed: what is empty needs no digest
   */
  begin(file: number, size: number): FileSink | undefined {
    if (size === 0 || file >= this.#limits.digests) return undefined;
    const others = (['md5', 'sha1'] as const).filter(
      (algorithm) => this.#shown.size === 0 || this.#shown.has(algorithm),
    );
    return new DigestSink(size, others, {
      done: (algorithm, digest) => this.#columns[algorithm].set(file, digest),
      handOver: (bytes) => this.#handOver(file, bytes),
      allowHole: (length) => {
        this.#holes += length;
        return this.#holes <= mostHoles;
      },
    });
  }

  #handOver(file: number, bytes: Buffer): void {
    this.#pending += bytes.length;
    // The bytes are copied by the call, before it returns.
    const running: Promise<void> = webcrypto.subtle
      .digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
      .then((digest) => {
        this.#columns.sha256.set(file, new Uint8Array(digest));
        this.#pending -= bytes.length;
        this.#running.delete(running);
      });
    this.#running.add(running);
    // Whoever awaits it hears of a failure; until then it is no unhandled one.
    running.catch(() => {});
  }

  /** True while other threads hold as much as they may. */
  get busy(): boolean {
    return this.#pending > mostPending;
  }

  /** Waits until other threads have room. */
  async rest(): Promise<void> {
    while (this.busy) await Promise.race(this.#running);
  }

  /** Waits until all is hashed. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  finish(): LayerTree['digests'] {
    const [sha256, md5, sha1] = (['sha256', 'md5', 'sha1'] as const).map((one) =>
      this.#columns[one].finish(),
    );
    return { sha256: sha256!, ...(md5 === '' ? {} : { md5: md5! }), ...(sha1 === '' ? {} : { sha1: sha1! }) };
  }
}

interface DigestTaker {
  done(algorithm: FileAlgorithm, digest: Uint8Array): void;
  /** makes the SHA-256 elsewhere */
  handOver(bytes: Buffer): void;
  /** whether so many zeros more may be hashed */
  allowHole(length: number): boolean;
}

/** Hashes one file: at once where it is small, else part by part. What breaks off or has another size gets no digest. */
class DigestSink implements FileSink {
  readonly #size: number;
  readonly #others: readonly FileAlgorithm[];
  readonly #taker: DigestTaker;
  #filled = 0;
  #content: Buffer | undefined;
  #hashes: ReadonlyMap<FileAlgorithm, Hash> | undefined;
  #spoilt = false;

  constructor(size: number, others: readonly FileAlgorithm[], taker: DigestTaker) {
    this.#size = size;
    this.#others = others;
    this.#taker = taker;
  }

  data(bytes: Buffer): void {
    const at = this.#filled;
    this.#filled += bytes.length;
    if (this.#filled > this.#size) this.#spoilt = true;
    if (this.#spoilt) return;
    if (at === 0 && bytes.length === this.#size) this.#content = bytes;
    else if (this.#size <= gathered) {
      this.#content ??= Buffer.allocUnsafeSlow(this.#size);
      bytes.copy(this.#content, at);
    } else {
      this.#hashes ??= new Map(
        (['sha256', ...this.#others] as const).map((algorithm) => [algorithm, createHash(algorithm)]),
      );
      for (const one of this.#hashes.values()) one.update(bytes);
    }
  }

  hole(length: number): void {
    if (!this.#taker.allowHole(length)) this.#spoilt = true;
    for (let left = length; left > 0 && !this.#spoilt; left -= zeros.length) {
      this.data(left < zeros.length ? zeros.subarray(0, left) : zeros);
    }
  }

  end(whole: boolean): void {
    const content = this.#content;
    this.#content = undefined;
    if (!whole || this.#spoilt || this.#filled !== this.#size) return;
    for (const [algorithm, one] of this.#hashes ?? []) this.#taker.done(algorithm, one.digest());
    if (content === undefined) return;
    for (const algorithm of this.#others) this.#taker.done(algorithm, hash(algorithm, content, 'buffer'));
    if (content.length >= handedOver) this.#taker.handOver(content);
    else this.#taker.done('sha256', hash('sha256', content, 'buffer'));
  }
}
