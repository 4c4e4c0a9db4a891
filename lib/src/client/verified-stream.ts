import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, finishDigest, startDigest } from '../oci/digest.ts';

/**
 * Passes bytes on while it measures them. Who reads to the end without an error has read exactly what the descriptor says.
 * @param where said in errors
 * @throws WharfingerError SIZE_INVALID, BLOB_DIGEST_MISMATCH
 */
export async function* verifiedStream(
  source: AsyncIterable<Uint8Array>,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = digestAlgorithm(descriptor.digest);
  const hash = startDigest(algorithm);
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > descriptor.size) break;
    hash.update(piece);
    yield piece;
  }
  const remedy = 'the source is damaged or does not tell the truth; fetch or save the image again';
  if (size !== descriptor.size) {
    const measured = size > descriptor.size ? 'more' : `${size}`;
    throw new WharfingerError('SIZE_INVALID', {
      what: `${where}: ${descriptor.digest} should be ${descriptor.size} bytes, is ${measured}`,
      remedy,
    });
  }
  const digest = finishDigest(hash, algorithm);
  if (digest !== descriptor.digest) {
    throw new WharfingerError('BLOB_DIGEST_MISMATCH', {
      what: `${where}: ${descriptor.digest} is ${digest}`,
      remedy,
    });
  }
}

/** Reads a stream whole; the caller bounds it. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
