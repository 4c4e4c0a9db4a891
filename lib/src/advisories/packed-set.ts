import type { Descriptor } from '../oci/descriptor.ts';
import { WharfingerError } from '../errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { advisorySetTypes, artifactTypes } from '../oci/wharfinger-names.ts';

/** What a file of advisories holds. */
export type FeedKind = keyof typeof advisorySetTypes;

/** A file of advisories as an OCI artifact: first the blobs, then the manifest. The layer lies where it was packed. */
export interface PackedSet {
  readonly kind: FeedKind;
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer };
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Buffer };
  readonly layer: Descriptor;
}

/** Larger sets are not fetched. All of OSV takes less than 1 GiB. */
export const largestSet = 16 * 1024 ** 3;

/**
 * The artifact of one file of advisories: the file is its one layer. The same file gives the same digest, wherever and whenever it
 * is packed.
 *
 * @param file digest and size of the file as it is stored, gzipped
 */
export function describeSet(
  kind: FeedKind,
  file: { readonly digest: Digest; readonly size: number },
): PackedSet {
  const layer: Descriptor = { mediaType: advisorySetTypes[kind], digest: file.digest, size: file.size };
  const empty = Buffer.from('{}');
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.length };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: artifactTypes.advisories,
      config,
      layers: [layer],
    }),
  );
  return {
    kind,
    manifest: { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes },
    config: { descriptor: config, bytes: empty },
    layer,
  };
}

/**
 * Where the file of a packed set lies, and what it holds.
 * @throws WharfingerError ADVISORIES_UNREADABLE: the manifest is none of a set of advisories
 */
export function fileOfSet(manifest: Manifest): { readonly kind: FeedKind; readonly layer: Descriptor } {
  if (manifest.kind === 'index' || manifest.artifactType !== artifactTypes.advisories)
    return refuse('it is not a packed set of advisories');
  const [layer] = manifest.layers;
  const kinds = Object.entries(advisorySetTypes) as ReadonlyArray<[FeedKind, string]>;
  const kind = kinds.find(([, mediaType]) => mediaType === layer?.mediaType)?.[0];
  if (layer === undefined || kind === undefined || manifest.layers.length !== 1)
    return refuse('it does not have one file of advisories as its one layer');
  if (layer.size > largestSet) return refuse(`its file is larger than ${largestSet} bytes`);
  return { kind, layer };
}

function refuse(what: string): never {
  throw new WharfingerError('ADVISORIES_UNREADABLE', {
    what,
    remedy: 'name an artifact that wharf advisories push made',
  });
}
