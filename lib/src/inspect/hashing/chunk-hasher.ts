import { createHash, hash, type Hash } from 'node:crypto';
import type { LayerTree } from '../inventory.ts';

/** Bytes of a digest of each algorithm by which the content of files is known. */
export const digestLengths = { sha256: 32, md5: 16, sha1: 20 } as const;

export type FileAlgorithm = keyof typeof digestLengths;

/**
 * What is done with a chunk of a layer, in rows of three numbers, which other threads are given at little cost:
 * - `begin`, file, what else than SHA-256 is made (`others`);
 * - `data`, offset in the chunk, length;
 * - `copied`, index among the copies, 0: bytes of the file that are not in the chunk;
 * - `zeros`, length, 0;
 * - `end`, 1 where the file is whole, else 0, 0.
 * A file may go on in the next chunk.
 */
export const steps = { begin: 0, data: 1, copied: 2, zeros: 3, end: 4 } as const;

/** What else is made of a file, as bits. */
export const others = { md5: 1, sha1: 2 } as const;

/** Some of the uncompressed bytes of a layer, in their order, and what is done with the files in them. */
export interface HashWork {
  readonly chunk: Uint8Array;
  readonly steps: readonly number[];
  readonly copies: readonly Uint8Array[];
}

/** Digests of a layer and of its files. */
export interface HashedLayer {
  /** SHA-256 of all chunks, in hexadecimal digits */
  readonly whole: string;
  readonly files: LayerTree['digests'];
}

/** Where the work of one layer is done: `rest` must be awaited while it is `busy`. */
export interface HashLane {
  /** @param lent false: the memory of the chunk may be given away */
  take(work: HashWork, lent: boolean): void;
  readonly busy: boolean;
  rest(): Promise<void>;
  finish(): Promise<HashedLayer>;
}

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

/** Hashes a layer and its files, chunk by chunk; small files at once, others part by part. */
export class ChunkHasher {
  readonly #whole = createHash('sha256');
  readonly #columns = {
    sha256: new DigestColumn('sha256'),
    md5: new DigestColumn('md5'),
    sha1: new DigestColumn('sha1'),
  };
  #file = 0;
  #algorithms: readonly FileAlgorithm[] = [];
  /** all of the file so far, where that is one part of this chunk */
  #only: Uint8Array | undefined;
  #hashes: readonly Hash[] | undefined;

  take({ chunk, steps: rows, copies }: HashWork): void {
    this.#whole.update(chunk);
    for (let at = 0; at < rows.length; at += 3) {
      const [step, first, second] = [rows[at], rows[at + 1]!, rows[at + 2]!];
      if (step === steps.begin) this.#begin(first, second);
      else if (step === steps.data) this.#data(chunk.subarray(first, first + second));
      else if (step === steps.copied) this.#data(copies[first]!);
      else if (step === steps.zeros) this.#zeros(first);
      else this.#end(first === 1);
    }
    // The next part of the file comes with another chunk.
    if (this.#only !== undefined) this.#goOn();
  }

  finish(): HashedLayer {
    const [sha256, md5, sha1] = (['sha256', 'md5', 'sha1'] as const).map((one) =>
      this.#columns[one].finish(),
    );
    return {
      whole: this.#whole.digest('hex'),
      files: {
        sha256: sha256!,
        ...(md5 === '' ? {} : { md5: md5! }),
        ...(sha1 === '' ? {} : { sha1: sha1! }),
      },
    };
  }

  #begin(file: number, also: number): void {
    this.#file = file;
    this.#algorithms = [
      'sha256',
      ...(['md5', 'sha1'] as const).filter((algorithm) => (also & others[algorithm]) !== 0),
    ];
    this.#only = undefined;
    this.#hashes = undefined;
  }

  #goOn(): readonly Hash[] {
    this.#hashes ??= this.#algorithms.map((algorithm) => createHash(algorithm));
    if (this.#only !== undefined) for (const one of this.#hashes) one.update(this.#only);
    this.#only = undefined;
    return this.#hashes;
  }

  #data(bytes: Uint8Array): void {
    if (this.#only === undefined && this.#hashes === undefined) this.#only = bytes;
    else for (const one of this.#goOn()) one.update(bytes);
  }

  #zeros(length: number): void {
    const hashes = this.#goOn();
    for (let left = length; left > 0; left -= zeros.length) {
      const part = left < zeros.length ? zeros.subarray(0, left) : zeros;
      for (const one of hashes) one.update(part);
    }
  }

  #end(whole: boolean): void {
    const only = this.#only;
    for (const [index, algorithm] of whole ? this.#algorithms.entries() : []) {
      const digest = only === undefined ? this.#hashes?.[index]?.digest() : hash(algorithm, only, 'buffer');
      if (digest !== undefined) this.#columns[algorithm].set(this.#file, digest);
    }
    this.#only = undefined;
    this.#hashes = undefined;
  }
}

/** Does the work where it is given. */
export function hashHere(): HashLane {
  const hasher = new ChunkHasher();
  return {
    take: (work) => hasher.take(work),
    busy: false,
    rest: async () => {},
    finish: async () => hasher.finish(),
  };
}
