import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { digestAlgorithm, finishDigest, startDigest } from '../../oci/digest.ts';
import { createDecompressor, describeFailure, detectCompression } from '../compression.ts';
import type { LayerSource } from '../layer.ts';
import { asBuffer, excessOf, peek } from '../layer-bytes.ts';
import { defaultLimits, type LayerLimits } from '../limits.ts';
import { placePath } from '../paths.ts';
import { TarReader, type TarEntry, type TarVisitor } from '../tar/reader.ts';
import type { FileSink } from '../tar/sink.ts';
import type { FilePlace } from './find-file.ts';

/** Which file of a layer is wanted. */
export type FileWanted = Pick<FilePlace, 'path' | 'before' | 'size' | 'sha256'>;

/** The content could not be given whole: the bytes of the layer are not those that were taken apart, or cannot be read. */
export class ExtractError extends Error {}

/** What a message of the process that gives files is, as its first byte: more of the content, its end, or why there is none. */
export const extractMarks = { data: 0, whole: 1, failed: 2 } as const;

const zeros = Buffer.alloc(64 * 1024);

/** Waits for one file of an archive, and queues what it contains. */
class Catcher implements TarVisitor {
  readonly queue: Buffer[] = [];
  ended: 'whole' | 'broken' | undefined;
  readonly #wanted: FileWanted;
  #before = 0;

  constructor(wanted: FileWanted) {
    this.#wanted = wanted;
  }

  entry({ name, type, size }: TarEntry): FileSink | undefined {
    const { path, before, size: wantedSize } = this.#wanted;
    if (type !== 'file' || this.ended !== undefined || placePath(name).path !== path) return undefined;
    this.#before += 1;
    if (this.#before !== before + 1 || size !== wantedSize) return undefined;
    return {
      data: (bytes) => void this.queue.push(bytes),
      hole: (length) => {
        for (let left = length; left > 0; left -= zeros.length)
          this.queue.push(zeros.subarray(0, Math.min(left, zeros.length)));
      },
      end: (whole) => void (this.ended = whole ? 'whole' : 'broken'),
    };
  }

  problem(): void {}
  secondArchive(): void {}
}

/**
 * Gives the content of one file of a layer while that is read, and reads no further. The last of it comes when all of it was compared
 * with the SHA-256 that was found when the layer was taken apart, or, where there is none, when the blob has its digest: who got it
 * to the end has that file. Memory stays bounded by the limits.
 *
 * @throws ExtractError, and what `source.bytes` throws
 */
export async function* extractFile(
  source: LayerSource,
  wanted: FileWanted,
  limits: LayerLimits = defaultLimits,
): AsyncGenerator<Buffer> {
  const catcher = new Catcher(wanted);
  const contentHash = createHash('sha256');
  const blob = startDigest(digestAlgorithm(source.digest));
  const needsBlob = wanted.sha256 === undefined && wanted.size > 0;
  const tar = new TarReader(catcher, limits);
  let kept: Buffer | undefined;
  for await (const chunk of unpacked(source, limits, (bytes) => needsBlob && blob.update(bytes))) {
    if (catcher.ended === undefined) tar.push(chunk);
    for (const bytes of catcher.queue.splice(0)) {
      contentHash.update(bytes);
      if (kept !== undefined) yield kept;
      // Copied: what it is a part of is gone when it comes to be given.
      kept = Buffer.from(bytes);
    }
    if (catcher.ended === 'broken') throw new ExtractError('the file breaks off');
    if (catcher.ended === 'whole' && !needsBlob) break;
  }
  if (catcher.ended !== 'whole')
    throw new ExtractError('the layer does not have the file that was found in it');
  const isSame = needsBlob
    ? finishDigest(blob, digestAlgorithm(source.digest)) === source.digest
    : wanted.size === 0 || contentHash.digest('hex') === wanted.sha256;
  if (!isSame) throw new ExtractError('its content is not what was found when the layer was taken apart');
  if (kept !== undefined) yield kept;
}

/** The bytes of a layer, unpacked; `seen` is told of them as they are. */
async function* unpacked(
  { bytes }: LayerSource,
  limits: LayerLimits,
  seen: (bytes: Uint8Array) => void,
): AsyncGenerator<Buffer> {
  const { head, rest } = await peek(bytes, 512);
  const { compression } = detectCompression(head);
  let [input, size] = [0, 0];
  let failure: unknown;
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of rest) {
        input += chunk.length;
        seen(chunk);
        yield asBuffer(chunk);
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  const stream =
    compression === 'none'
      ? counted()
      : // Failures come out of the iteration below as well.
        pipeline(
          Readable.from(counted(), { objectMode: true, highWaterMark: 2 }),
          createDecompressor(compression, limits),
          () => {},
        );
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      const excess = excessOf(size, input, limits);
      if (excess !== undefined) throw new ExtractError(excess.message);
      yield chunk;
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof ExtractError) throw error;
    throw new ExtractError(describeFailure(error).message);
  }
}
