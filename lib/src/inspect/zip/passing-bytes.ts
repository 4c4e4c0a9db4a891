import type { FileSink } from '../tar/sink.ts';

/**
 * What a parser of a passing file asks for: so many bytes as one buffer; so many left out; or all that come, in parts, until it
 * says where that ends: `stream` is given undefined at the end of the file, and returns what it did not use once it has enough.
 */
export type Request =
  | { readonly take: number }
  | { readonly skip: number }
  | { readonly stream: (bytes: Buffer | undefined) => Buffer | undefined };

/** Answers are the bytes of `take`, undefined where the file ends before; a parser that ends disregards what follows. */
export type Parser = Generator<Request, void, Buffer | undefined>;

/** Zeros that a sparse file may have where a parser does not skip them. */
const mostZeros = 64 * 1024 ** 2;
const zeros = Buffer.alloc(64 * 1024);
const nothing = Buffer.alloc(0);

/** Runs a parser over a file while it passes; parsers keep copies of what they need longer than their next request. */
export class PassingBytes implements FileSink {
  readonly #parser: Parser;
  readonly #onEnd: (whole: boolean) => void;
  #request: Request | undefined;
  #pending: Buffer = nothing;
  #skip = 0;
  #passed = 0;
  #zeros = 0;

  /**
   * @param parse makes the parser; it is given a function that says at which byte of the file it is
   * @param onEnd told after the parser has seen the end, whether the file was there whole
   */
  constructor(parse: (position: () => number) => Parser, onEnd: (whole: boolean) => void = () => {}) {
    this.#parser = parse(() => this.#passed - this.#pending.length);
    this.#onEnd = onEnd;
    this.#next(undefined);
  }

  data(bytes: Buffer): void {
    this.#passed += bytes.length;
    if (this.#request === undefined) return;
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#serve();
    // What is left is only lent.
    this.#pending = Buffer.from(this.#pending);
  }

  hole(length: number): void {
    const skipped = Math.min(length, this.#skip);
    this.#skip -= skipped;
    this.#passed += skipped;
    this.#zeros += length - skipped;
    if (this.#zeros > mostZeros) this.#request = undefined;
    for (let left = length - skipped; left > 0 && this.#request !== undefined; left -= zeros.length) {
      this.data(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  end(whole: boolean): void {
    for (let request = this.#request; request !== undefined; request = this.#request) {
      if ('stream' in request) this.#pending = request.stream(undefined) ?? nothing;
      this.#skip = 0;
      this.#next(undefined);
      this.#serve();
    }
    this.#onEnd(whole && this.#zeros <= mostZeros);
  }

  #next(answer: Buffer | undefined): void {
    const { value, done } = this.#parser.next(answer);
    this.#request = done === true ? undefined : value;
    if (this.#request !== undefined && 'skip' in this.#request) this.#skip = this.#request.skip;
  }

  /** Answers requests as far as there are bytes. */
  #serve(): void {
    for (;;) {
      const request = this.#request;
      if (request === undefined) {
        this.#pending = nothing;
        return;
      }
      if ('take' in request) {
        if (this.#pending.length < request.take) return;
        const taken = this.#pending.subarray(0, request.take);
        this.#pending = this.#pending.subarray(request.take);
        this.#next(taken);
      } else if ('skip' in request) {
        const skipped = Math.min(this.#skip, this.#pending.length);
        this.#skip -= skipped;
        this.#pending = this.#pending.subarray(skipped);
        if (this.#skip > 0) return;
        this.#next(undefined);
      } else {
        if (this.#pending.length === 0) return;
        const bytes = this.#pending;
        this.#pending = nothing;
        const rest = request.stream(bytes);
        if (rest === undefined) return;
        this.#pending = rest;
        this.#next(undefined);
      }
    }
  }
}
