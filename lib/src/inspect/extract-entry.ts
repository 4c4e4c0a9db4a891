import { createReadStream } from 'node:fs';
import { isDigest, type Digest } from '../oci/digest.ts';
import { frameOf } from './frames.ts';
import { giveUpRights } from './give-up-rights.ts';
import { isFields } from './json-fields.ts';
import { limitsFrom, type LayerLimits } from './limits.ts';
import { ExtractError, extractFile, extractMarks, type FileWanted } from './look/extract-file.ts';

/**
 * Program of the process that gives one file of a layer: reads the layer from the file descriptor that it was started with, and
 * writes the content to standard output in frames, each behind one byte that says what it is. Its only argument is an
 * ExtractRequest. It opens nothing, and ends when standard input closes.
 */
export interface ExtractRequest {
  readonly fd: number;
  readonly digest: Digest;
  readonly wanted: FileWanted;
  readonly limits: LayerLimits;
}

function parseRequest(text: string | undefined): ExtractRequest {
  const request: unknown = JSON.parse(text ?? '');
  if (!isFields(request) || !isFields(request['wanted'])) throw new TypeError('not a request');
  const { fd, digest, limits } = request;
  const { path, before, size, sha256 } = request['wanted'];
  if (typeof fd !== 'number' || !isDigest(digest)) throw new TypeError('not a layer');
  if (typeof path !== 'string' || typeof before !== 'number' || typeof size !== 'number')
    throw new TypeError('not a file');
  const wanted = { path, before, size, ...(typeof sha256 === 'string' && { sha256 }) };
  return { fd, digest, wanted, limits: limitsFrom(limits) };
}

/** Bytes that are read or told at once: far fewer than one answer may have. */
const pieceSize = 256 * 1024;

async function send(mark: number, bytes: Uint8Array = new Uint8Array()): Promise<void> {
  const frame = frameOf(Buffer.concat([Buffer.of(mark), bytes]));
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(frame, (error) => (error ? reject(error) : resolve()));
  });
}

giveUpRights();
process.stdin.on('end', () => process.exit(3)).resume();
const { fd, digest, wanted, limits } = parseRequest(process.argv[2]);
const bytes: AsyncIterable<Buffer> = createReadStream('', { fd, highWaterMark: pieceSize });
try {
  for await (const part of extractFile({ digest, bytes }, wanted, limits)) {
    for (let at = 0; at < part.length; at += pieceSize)
      await send(extractMarks.data, part.subarray(at, at + pieceSize));
  }
  await send(extractMarks.whole);
} catch (error) {
  if (!(error instanceof ExtractError)) throw error;
  await send(extractMarks.failed, Buffer.from(error.message));
}
process.exit(0);
