/** The bytes of one JSON value of a longer text, not parsed yet; `tooLong` in place of bytes that were not kept. */
export type JsonSlice = { readonly bytes: Buffer } | { readonly tooLong: true };

const newline = 10;
const quote = 34;
const backslash = 92;
const comma = 44;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Keeps the bytes of one value, as long as they are not too many. */
class Pieces {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#limit) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  get exceeded(): boolean {
    return this.#length > this.#limit;
  }

  take(): JsonSlice {
    const slice = this.exceeded ? ({ tooLong: true } as const) : { bytes: Buffer.concat(this.#pieces) };
    this.#pieces = [];
    this.#length = 0;
    return slice;
  }
}

/**
 * Splits JSON lines. A line that is broken or longer than `limit` bytes does not harm the next one.
 * @yields every line, empty ones included, so that they can be counted
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<JsonSlice> {
  const pieces = new Pieces(limit);
  let rest = false;
  for await (const chunk of withoutMark(chunks)) {
    let begin = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, begin)) {
      pieces.add(chunk.subarray(begin, end));
      begin = end + 1;
      yield pieces.take();
    }
    pieces.add(chunk.subarray(begin));
    rest = begin < chunk.length || (rest && begin === 0);
  }
  if (rest) yield pieces.take();
}

/**
 * Splits a text into its JSON objects: a single one, several one after the other, or the elements of one array. Only brackets
 * and strings are looked at; whether a slice is JSON shows when it is parsed.
 *
 * @throws SyntaxError where the text is anything else, or ends in the middle
 */
export async function* splitObjects(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<JsonSlice> {
  const pieces = new Pieces(limit);
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inArray: boolean | undefined;
  let ended = false;
  for await (const chunk of withoutMark(chunks)) {
    let begin = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (depth === 0) {
        if (isBlank(byte) || (byte === comma && inArray === true)) continue;
        if (byte === openBrace && !ended) {
          depth = 1;
          begin = at;
          inArray ??= false;
        } else if (byte === openBracket && inArray === undefined) inArray = true;
        else if (byte === closeBracket && inArray === true && !ended) ended = true;
        else throw new SyntaxError(`"${String.fromCharCode(byte ?? 0)}" where a JSON object should begin`);
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth === 0) {
          pieces.add(chunk.subarray(begin, at + 1));
          yield pieces.take();
        }
      }
    }
    if (depth > 0) pieces.add(chunk.subarray(begin));
  }
  if (depth > 0 || (inArray === true && !ended)) throw new SyntaxError('the text ends in the middle');
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === newline || byte === 13 || byte === 9;
}

/** The chunks as buffers, without a byte order mark at the begin of the first one. */
async function* withoutMark(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const marked = first && buffer.subarray(0, 3).equals(byteOrderMark);
    first = false;
    yield marked ? buffer.subarray(3) : buffer;
  }
}
