import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Refuses to make more than this of what is stored: more than any inventory within its limits is. */
const maxBytes = 1 << 30;

/** Less than this is worked on at once: to have it done elsewhere would cost more. Of what is stored, a tenth of it. */
const small = 64 * 1024;

/** Of what is small a higher level makes hardly less. */
const quick = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** JSON as zstd, made off the calling thread where it is large. */
export async function packJson(value: unknown): Promise<Uint8Array> {
  return packText(JSON.stringify(value));
}

/** The same for JSON that is text already. */
export async function packText(json: string): Promise<Uint8Array> {
  return json.length < small ? zstdCompressSync(json, quick) : compress(json);
}

/** What packJson was given. */
export async function unpackJson(bytes: Uint8Array): Promise<unknown> {
  const options = { maxOutputLength: maxBytes };
  const text =
    bytes.length < small / 10 ? zstdDecompressSync(bytes, options) : await decompress(bytes, options);
  return JSON.parse(text.toString('utf8'));
}
