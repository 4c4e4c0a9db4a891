import type { Digest } from '../../oci/digest.ts';
import { tarEnd, tarHeader, tarPadding } from '../../oci/tar/write.ts';
import { artifactTypes } from '../../oci/wharfinger-names.ts';
import type { Purpose } from '../../routines/verdict.ts';
import type { Advisory } from '../../advisories/advisory.ts';
import type { AdvisoryAge } from '../../advisories/ages.ts';
import { canonical } from '../judgement.ts';
import type { Collected } from './collect.ts';
import { blobFile, indexFile, layoutFile, partOf, savedArtifact, type SavedPart } from './format.ts';

/** The advisories that match anything in an image, and which ones they were chosen from. */
export interface SavedAdvisories {
  readonly generation: Digest;
  /** ecosystems that any advisory of that generation is about */
  readonly covered: readonly string[];
  /** how old they were for the verdict of each image, by its digest */
  readonly ages: Readonly<Record<string, readonly AdvisoryAge[]>>;
  /** what is known of the CVEs that match, in order */
  readonly threats: readonly unknown[];
  readonly records: ReadonlyArray<{
    readonly advisory: Pick<Advisory, 'id'>;
    /** RFC 3339: when the registry first imported it */
    readonly firstImported: string;
  }>;
}

/** What an image was judged by and from, as its registry gave it. */
export interface Judged {
  readonly repository: string;
  readonly tag?: string;
  readonly image: Digest;
  readonly purpose: Purpose;
  /** the signed judgement, as text */
  readonly judgement: string;
  /** signed receipts, as text: of the image, or of the index and of each image of it that was saved */
  readonly receipts: readonly string[];
  readonly advisories: SavedAdvisories;
}

/** The archive as a stream of bytes: the same for the same content. Each blob is read once, and no more than a piece of it is held. */
export async function* writeArchive(
  { entries, manifests, blobs, leftOut }: Collected,
  { repository, tag, image, purpose, judgement, receipts, advisories }: Judged,
): AsyncGenerator<Uint8Array> {
  const parts = [
    partOf(judgement, artifactTypes.savedJudgement),
    ...receipts.map((receipt) => partOf(receipt, artifactTypes.savedReceipt)),
    partOf(canonical(advisories), artifactTypes.savedAdvisories),
  ];
  const saved = { image, repository, ...(tag === undefined ? {} : { tag }), purpose, leftOut, entries };
  const artifact = savedArtifact(saved, parts);
  yield* wholeFile('oci-layout', Buffer.from(layoutFile));
  yield* wholeFile('index.json', Buffer.from(indexFile(entries, artifact.manifest.descriptor)));
  const written = new Set<Digest>();
  const add = function* ({ descriptor, bytes }: SavedPart): Generator<Uint8Array> {
    if (written.has(descriptor.digest)) return;
    written.add(descriptor.digest);
    yield* wholeFile(blobFile(descriptor.digest), bytes);
  };
  for (const part of [artifact.manifest, artifact.config, ...parts]) yield* add(part);
  for (const { digest, bytes, mediaType } of manifests.values())
    yield* add({ descriptor: { digest, mediaType, size: bytes.length }, bytes: Buffer.from(bytes) });
  for (const { descriptor, from } of blobs.values()) {
    if (written.has(descriptor.digest)) continue;
    written.add(descriptor.digest);
    yield tarHeader(blobFile(descriptor.digest), descriptor.size);
    yield* from.open(descriptor);
    yield tarPadding(descriptor.size);
  }
  yield tarEnd();
}

function* wholeFile(name: string, bytes: Buffer): Generator<Uint8Array> {
  yield tarHeader(name, bytes.length);
  yield bytes;
  yield tarPadding(bytes.length);
}
