import type { Descriptor } from '../../oci/descriptor.ts';
import { digestAlgorithm, digestHex, digestOf, type Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { artifactTypes } from '../../oci/wharfinger-names.ts';
import type { Purpose } from '../../routines/verdict.ts';
import { canonical } from '../judgement.ts';

/** What an archive says of itself: the config of its `saved` artifact. */
export interface SavedImage {
  /** the image or index that was saved */
  readonly image: Digest;
  /** the repository that it is judged as an image of */
  readonly repository: string;
  /** as it was asked for; what a tag meant when it was saved, for people */
  readonly tag?: string;
  readonly purpose: Purpose;
  /** children of the index that were left out, in order */
  readonly leftOut: readonly Digest[];
  /** everything that the layout lists besides this artifact, in order */
  readonly entries: readonly SavedEntry[];
}

/** A manifest that the layout lists. */
export interface SavedEntry {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** under which it is found, such as cosign 2 keeps signatures */
  readonly name?: string;
  /** true: of an image that the saved one was built on: its layers are not here */
  readonly ancestor?: boolean;
}

/** The file `oci-layout`. */
export const layoutFile = '{"imageLayoutVersion":"1.0.0"}';

const nameAnnotation = 'org.opencontainers.image.ref.name';

/** The file `index.json`: whoever has the entries comes to the same bytes. */
export function indexFile(entries: readonly SavedEntry[], saved: Descriptor): string {
  const listed = entries.map(({ digest, mediaType, size, name }) => ({
    digest,
    mediaType,
    size,
    ...(name === undefined ? {} : { annotations: { [nameAnnotation]: name } }),
  }));
  const { digest, mediaType, size } = saved;
  return canonical({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [...listed, { digest, mediaType, size, artifactType: artifactTypes.saved }],
  });
}

/** Where a blob lies. */
export function blobFile(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** Bytes as a part of the artifact. */
export interface SavedPart {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Names bytes by their digest. */
export function partOf(text: string, mediaType: string): SavedPart {
  const bytes = Buffer.from(text);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** The artifact that carries what an image was judged by: its manifest and its parts. */
export function savedArtifact(
  saved: SavedImage,
  parts: readonly SavedPart[],
): { readonly manifest: SavedPart; readonly config: SavedPart } {
  const config = partOf(canonical(saved), artifactTypes.savedConfig);
  const manifest = partOf(
    canonical({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: artifactTypes.saved,
      config: config.descriptor,
      layers: parts.map(({ descriptor }) => descriptor),
    }),
    mediaTypes.ociManifest,
  );
  return { manifest, config };
}
