import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, finishDigest, isDigest, startDigest, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { ContentSource } from './content-source.ts';
import { readSmall, unreadable, type FileSet } from './file-set.ts';
import { verifiedStream } from './verified-stream.ts';

/** One image of an archive as its manifest.json lists it. */
interface Saved {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

const jsonLimit = 8 * 1024 * 1024;
const mostLayers = 1000;

/**
 * Reads an archive of docker save in its own form, without manifests: `manifest.json` names config and layers. A manifest is
 * made from them, so that the image can be read as any other; its digest is none that a registry knows. That layers are what
 * they should be follows from the config, which lists their digests, and is checked while they are read.
 *
 * @param reference repository:tag or tag; absent: the archive holds one image
 * @throws WharfingerError ARCHIVE_INVALID, MANIFEST_UNKNOWN
 */
export async function dockerArchive(
  files: FileSet,
  reference: string | undefined,
): Promise<{ content: ContentSource; digest: Digest }> {
  const saved = choose(files, await listSaved(files), reference);
  const configBytes = await readSmall(files, saved.config, jsonLimit);
  const diffIds = diffIdsOf(files, configBytes);
  if (diffIds.length !== saved.layers.length) {
    throw unreadable(
      files.name,
      `it has ${saved.layers.length} layers, but its config lists ${diffIds.length}`,
    );
  }
  const paths = new Map<Digest, string>();
  const layers: Descriptor[] = [];
  for (const [at, path] of saved.layers.entries()) {
    const layer = await describeLayer(files, path, diffIds[at]!);
    paths.set(layer.digest, path);
    layers.push(layer);
  }
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length };
  paths.set(config.digest, saved.config);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  return { digest, content: madeContent(files, { digest, mediaType: mediaTypes.ociManifest, bytes }, paths) };
}

function madeContent(
  files: FileSet,
  made: { digest: Digest; mediaType: string; bytes: Uint8Array },
  paths: ReadonlyMap<Digest, string>,
): ContentSource {
  return {
    name: files.name,
    manifest: async (reference) => (reference === made.digest ? made : undefined),
    referrers: async () => [],
    blob: async () => undefined,
    open: (content) => {
      const path = paths.get(content.digest);
      if (path === undefined) throw unreadable(files.name, `it has no ${content.digest}`);
      return verifiedStream(files.open(path), content, files.name);
    },
  };
}

async function listSaved(files: FileSet): Promise<readonly Saved[]> {
  const list = parse(files, 'manifest.json', await readSmall(files, 'manifest.json', jsonLimit));
  if (!Array.isArray(list) || list.length === 0) throw unreadable(files.name, 'manifest.json lists no image');
  return list.map((item: unknown) => {
    const { Config: config, Layers: layers, RepoTags: tags } = isObject(item) ? item : {};
    if (typeof config !== 'string' || !isStrings(layers) || layers.length > mostLayers) {
      throw unreadable(files.name, 'manifest.json does not name config and layers');
    }
    return { config, layers, tags: isStrings(tags) ? tags : [] };
  });
}

function choose(files: FileSet, all: readonly Saved[], reference: string | undefined): Saved {
  const named = all.filter(
    ({ tags }) =>
      reference === undefined || tags.some((tag) => tag === reference || tag.endsWith(`:${reference}`)),
  );
  const [first, ...more] = named;
  if (first !== undefined && more.length === 0) return first;
  const tags = all.flatMap(({ tags }) => tags).slice(0, 50);
  throw new WharfingerError('MANIFEST_UNKNOWN', {
    what:
      first === undefined
        ? `${files.name} has no image ${reference}`
        : `${files.name} holds ${named.length} images`,
    remedy: tags.length === 0 ? 'save one image' : `add one of its names after a colon: ${tags.join(', ')}`,
  });
}

/** A layer's size and digest. Uncompressed, its digest is its diffID; compressed, which is rare, it has to be read. */
async function describeLayer(files: FileSet, path: string, diffId: Digest): Promise<Descriptor> {
  const size = await files.size(path);
  if (size === undefined) throw unreadable(files.name, `it has no ${path}`);
  const magic = await firstBytes(files.open(path), 4);
  const isGzip = magic.length > 1 && magic.readUInt16BE(0) === 0x1f8b;
  const isZstd = magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528;
  if (!isGzip && !isZstd) return { mediaType: mediaTypes.ociLayer, digest: diffId, size };
  const hash = startDigest();
  for await (const piece of files.open(path)) hash.update(piece);
  const mediaType = isGzip ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd;
  return { mediaType, digest: finishDigest(hash), size };
}

async function firstBytes(source: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  for await (const piece of source) return Buffer.from(piece.subarray(0, count));
  return Buffer.alloc(0);
}

function diffIdsOf(files: FileSet, configBytes: Buffer): readonly Digest[] {
  const config = parse(files, 'its config', configBytes);
  const rootfs = isObject(config) ? config['rootfs'] : undefined;
  const ids: unknown = isObject(rootfs) ? (rootfs['diff_ids'] ?? []) : undefined;
  if (!Array.isArray(ids) || !ids.every(isDigest)) {
    throw unreadable(files.name, 'its config does not list the digests of its layers');
  }
  return ids;
}

function parse(files: FileSet, what: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw unreadable(files.name, `${what} is not valid JSON`, error);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
