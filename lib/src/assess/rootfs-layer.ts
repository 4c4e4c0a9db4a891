import { createHash } from 'node:crypto';
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { WharfingerError } from '../errors.ts';
import { createDecompressor, describeFailure, detectCompression } from '../inspect/compression.ts';
import type { LayerInventory } from '../inspect/inventory.ts';
import { eachEntry } from '../inspect/layer-tree.ts';
import { defaultLimits } from '../inspect/limits.ts';
import type { Digest } from '../oci/digest.ts';

/** Ways in which the layer of an imported file system may be compressed. */
export const rootfsCompressions = ['gzip', 'zstd'] as const;

export type RootfsCompression = (typeof rootfsCompressions)[number];

/** A layer that was written. */
export interface WrittenLayer {
  readonly digest: Digest;
  /** bytes as compressed */
  readonly size: number;
  readonly diffId: Digest;
}

function invalid(what: string, remedy?: string): never {
  throw new WharfingerError('ROOTFS_INVALID', { what, ...(remedy !== undefined && { remedy }) });
}

/**
 * Writes the tar of a root file system as a layer, in pieces as it comes: unpacked where it is compressed with gzip or zstd, and
 * compressed anew, so that the same files give the same layer. Whether it is a tar, `checkRootfs` tells.
 *
 * @param write takes the layer's bytes in order
 * @throws WharfingerError ROOTFS_INVALID; what `bytes` and `write` throw
 */
export async function writeRootfsLayer(
  bytes: AsyncIterable<Uint8Array>,
  compression: RootfsCompression,
  write: (piece: Buffer) => Promise<unknown>,
): Promise<WrittenLayer> {
  const [diff, blob] = [createHash('sha256'), createHash('sha256')];
  let size = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    let unpackedSize = 0;
    for await (const piece of unpacked(bytes)) {
      unpackedSize += piece.length;
      if (unpackedSize > defaultLimits.bytes) invalid(`it is larger than ${defaultLimits.bytes} bytes`);
      diff.update(piece);
      yield piece;
    }
  }
  const packer =
    compression === 'gzip'
      ? createGzip()
      : createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  for await (const piece of through(measured(), packer)) {
    size += piece.length;
    blob.update(piece);
    await write(piece);
  }
  return { digest: `sha256:${blob.digest('hex')}`, size, diffId: `sha256:${diff.digest('hex')}` };
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head.length === 0) invalid('it is empty');
  async function* all(): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  }
  const { compression, foreign } = detectCompression(head);
  if (foreign !== undefined)
    invalid(`it is compressed with ${foreign}`, 'unpack it first: gzip and zstd are read');
  if (compression === 'none') {
    yield* all();
    return;
  }
  const unpacker = createDecompressor(compression, defaultLimits);
  try {
    yield* through(all(), unpacker);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !/^(?:Z|ZSTD)_/.test(String(error.code)))
      throw error;
    invalid(describeFailure(error).message);
  }
}

/** What comes out of a stream that others are fed into; failures of either come out too. */
async function* through(source: AsyncIterable<Buffer>, stream: Transform): AsyncGenerator<Buffer> {
  let failure: unknown;
  pipeline(Readable.from(source, { objectMode: true, highWaterMark: 2 }), stream, (error) => {
    failure = error;
  });
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw failure ?? error;
  }
}

const archives =
  'push it as what it is: skopeo copy docker-archive:FILE docker://REF, or docker load and docker push';

/**
 * Refuses what is no root file system: by what was read of it as a layer.
 * @throws WharfingerError ROOTFS_INVALID
 */
export function checkRootfs(layer: LayerInventory): void {
  const { content, tree, problems } = layer;
  if (content === 'empty') invalid('there is nothing in it');
  const hidden = problems.find(({ hides }) => hides);
  if (content !== 'filesystem')
    invalid(hidden?.message ?? `it is no tar of files (${content})`, 'give a tar');
  const names = new Set<string>();
  eachEntry(tree, (_index, path) => {
    names.add(path);
  });
  if (names.has('oci-layout') && names.has('index.json'))
    invalid('it is an archive of an OCI layout', archives);
  const isSaved = [...names].some((name) =>
    /^(?:[0-9a-f]{64}\/layer\.tar|[0-9a-f]{64}\.json|[0-9a-f]{64}\.tar(?:\.gz)?|blobs\/sha256)$/.test(name),
  );
  if (names.has('manifest.json') && isSaved) invalid('it is an archive of docker save', archives);
  if (/[wo]/.test(tree.types)) {
    invalid('it has whiteouts (.wh.…): it is a layer of an image, not a whole file system');
  }
  if (hidden !== undefined) {
    invalid(hidden.path === undefined ? hidden.message : `${hidden.path}: ${hidden.message}`);
  }
}

/** Architectures of OCI by what ELF files are for. */
const architectures: Readonly<Record<string, { readonly architecture: string; readonly variant?: string }>> =
  {
    'x86-64': { architecture: 'amd64' },
    i386: { architecture: '386' },
    aarch64: { architecture: 'arm64', variant: 'v8' },
    arm: { architecture: 'arm' },
    s390: { architecture: 's390x' },
    riscv: { architecture: 'riscv64' },
    loongarch: { architecture: 'loong64' },
  };

/** What most programs and libraries of a file system are for; undefined: there are none that are known, or as many of several. */
export function architectureOf({
  records,
}: LayerInventory): { readonly architecture: string; readonly variant?: string } | undefined {
  const counts = new Map<string, number>();
  for (const record of records) {
    if (record.kind !== 'executable' || record.type === 'object') continue;
    counts.set(record.machine, (counts.get(record.machine) ?? 0) + 1);
  }
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  return first === undefined || first[1] === second?.[1] ? undefined : architectures[first[0]];
}
