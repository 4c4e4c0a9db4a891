import { digestAlgorithm, finishDigest, startDigest, type Digest } from '../oci/digest.ts';
import { createDecompressor, describeFailure, detectCompression } from './compression.ts';
import { hashHere, type HashLane } from './hashing/chunk-hasher.ts';
import { inventoryFormat, type LayerInventory } from './inventory.ts';
import { asBuffer, excessOf, peek } from './layer-bytes.ts';
import { ContentReader } from './layer-content.ts';
import { defaultLimits, type LayerLimits } from './limits.ts';
import { unpack } from './unpack.ts';

/** One layer's blob. */
export interface LayerSource {
  /** what its bytes must hash to */
  readonly digest: Digest;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Reads a layer once, as a stream, and says everything that it contributes to an image. Whatever is wrong with the
 * bytes becomes a problem in the answer; memory stays bounded by the limits.
 *
 * Compression is told from the bytes. The SHA-256 of the uncompressed bytes is measured (the diffID), and the digest of
 * the blob is checked.
 *
 * @param lane where bytes are hashed; here, where nothing is given
 * @throws what `source.bytes` throws, and the reason of `signal`
 */
export async function readLayer(
  source: LayerSource,
  limits: LayerLimits = defaultLimits,
  signal?: AbortSignal,
  lane: HashLane = hashHere(),
): Promise<LayerInventory> {
  const algorithm = digestAlgorithm(source.digest);
  const blobHash = startDigest(algorithm);
  const input = { size: 0, failure: undefined as Error | undefined };
  const { head, rest } = await peek(source.bytes, 512);
  const { compression, foreign } = detectCompression(head);
  const content = new ContentReader(limits, lane);
  if (foreign !== undefined)
    content.refuse('unsupported', `it is compressed with ${foreign}, which is not read`);
  // Uncompressed bytes are the blob's own, which need no second hash.
  const hashOnce = compression === 'none' && algorithm === 'sha256';
  let size = 0;

  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of rest) {
        signal?.throwIfAborted();
        input.size += chunk.length;
        if (!hashOnce) blobHash.update(chunk);
        yield asBuffer(chunk);
      }
    } catch (error) {
      input.failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  /**
   * True once a limit is exceeded, and nothing more is read: what lies before it is.
   * @param compressed bytes from which all up to these came
   */
  function onChunk(chunk: Buffer, compressed: number): boolean {
    const excess = excessOf(size + chunk.length, compressed, limits);
    const within = excess === undefined ? chunk : chunk.subarray(0, excess.at - size);
    size += within.length;
    if (within.length > 0) content.push(within, compression === 'none');
    if (excess === undefined) return false;
    content.refuse(excess.code, excess.message);
    return true;
  }

  let stopped = false;
  if (compression === 'none') {
    for await (const chunk of counted()) {
      stopped = onChunk(chunk, input.size);
      if (stopped) break;
      if (content.busy) await content.rest();
    }
  } else {
    const unpacked = createDecompressor(compression, limits);
    try {
      for await (const { bytes, from } of unpack(counted(), unpacked)) {
        stopped = onChunk(bytes, from);
        if (stopped) break;
        if (content.busy) await content.rest();
      }
      if (!stopped && unpacked.bytesWritten < input.size) {
        content.problem('corrupt', 'bytes that are not compressed follow those that are', true);
      }
    } catch (error) {
      if (input.failure !== undefined) throw input.failure;
      stopped = true;
      const { code, message } = describeFailure(error);
      content.refuse(code, message);
    }
  }

  const hashed = await content.hashed();
  const whole: Digest = `sha256:${hashed.whole}`;
  const measured = stopped ? undefined : hashOnce ? whole : finishDigest(blobHash, algorithm);
  if (measured !== undefined && measured !== source.digest) {
    content.problem('digest-mismatch', `the blob has the digest ${measured}`, true);
  }
  const diffId = stopped ? undefined : whole;
  return {
    format: inventoryFormat,
    digest: source.digest,
    compression,
    ...(diffId === undefined ? {} : { diffId }),
    size,
    ...content.finish(compression === 'gzip', hashed),
  };
}
