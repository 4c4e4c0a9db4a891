import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Refuses to make more than this of what is stored: more than any inventory within its limits is. */
const maxBytes = 1 << 30;

/** JSON as zstd, made off the calling thread. */
export async function packJson(value: unknown): Promise<Uint8Array> {
  return packText(JSON.stringify(value));
}

/** The same for JSON that is text already. */
export async function packText(json: string): Promise<Uint8Array> {
  return compress(json);
}

/** What packJson was given. */
export async function unpackJson(bytes: Uint8Array): Promise<unknown> {
  const text = await decompress(bytes, { maxOutputLength: maxBytes });
  return JSON.parse(text.toString('utf8'));
}
