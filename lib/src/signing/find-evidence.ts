import type { Descriptor } from '../oci/descriptor.ts';
import { effectiveArtifactType, type Manifest } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import { isTag } from '../oci/reference.ts';
import { bundleTypePrefix } from './bundle.ts';
import { cosignArtifactPrefix, envelopeType, signatureTags, simpleSigningType } from './cosign-v2.ts';
import type { SignatureFormat } from './evidence.ts';
import { checkFetched, readReferrer, type Carrier } from './evidence-reader.ts';
import { notationArtifact, notationLayers } from './notation-types.ts';
import { refuse } from './refusal.ts';
import type { Known, Refusals } from './refusals.ts';
import type { Piece, PieceKind, VerifyContext } from './verify-context.ts';

type Given = Pick<VerifyContext, 'image' | 'source' | 'limits'>;

/** Larger manifests need not be taken by registries (distribution specification, "Pushing Manifests"). */
const largestManifest = 4 * 1024 * 1024;

/** So many manifests are fetched at once: each is a request. */
const atOnce = 8;

const likeSignature = (): Known => ({ purport: 'signature', genuine: false });
const likeStatement = (): Known => ({ purport: 'statement', genuine: false });

/** Artifact types under which registries list referrers whose own type they did not read. */
const vagueTypes: ReadonlySet<string | undefined> = new Set([
  undefined,
  '',
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);

/**
 * Finds everything that could be evidence of an image, under the tags of cosign 2 and among its referrers. Nothing is
 * verified yet. Small documents come first: so many of them, and of larger ones so many bytes, can be looked at that
 * bogus ones push none out short of a flood that its registry should not have taken. The order depends on nothing but
 * the content.
 *
 * @throws whatever the source throws: a look-up that fails is not an answer
 */
export async function findEvidence({ limits, ...given }: Given, refusals: Refusals): Promise<Piece[]> {
  const bytes = Math.min(limits.bytes, largestManifest);
  const search = { ...given, limits: { ...limits, bytes, total: limits.total / 4 } };
  const pieces = [...(await underTags(search, refusals)), ...(await amongReferrers(search, refusals))];
  return pieces.sort(
    (a, b) =>
      a.layer.size - b.layer.size ||
      compare(a.evidence, b.evidence) ||
      compare(a.layer.digest, b.layer.digest),
  );
}

async function underTags(search: Given, refusals: Refusals): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const [index, tag] of signatureTags(search.image.digest).entries()) {
    // The tag of a sha512 digest would be longer than tags can be.
    if (!isTag(tag)) continue;
    const fetched = await search.source.manifest(tag);
    if (fetched === undefined) continue;
    const listed = { format: 'cosign-v2', evidence: fetched.digest } as const;
    await refusals.gather(listed, index === 0 ? likeSignature : likeStatement, async () => {
      await addPieces(checkFetched(fetched, search.limits), 'cosign-v2', pieces, refusals);
    });
  }
  return pieces;
}

async function amongReferrers(search: Given, refusals: Refusals): Promise<Piece[]> {
  const { image, source, limits } = search;
  const listed = await source.referrers(image.digest);
  const candidates = [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()]
    .flatMap((descriptor) => {
      const format = claimedFormat(descriptor);
      return format === undefined ? [] : [{ descriptor, format }];
    })
    .sort(
      (a, b) =>
        Number(a.format === 'unknown') - Number(b.format === 'unknown') ||
        a.descriptor.size - b.descriptor.size ||
        compare(a.descriptor.digest, b.descriptor.digest),
    );
  let left = limits.total;
  const enough = candidates.findIndex(({ descriptor }, index) => {
    left -= Math.min(descriptor.size, limits.bytes);
    return index >= limits.count || left < 0;
  });
  const looked = enough < 0 ? candidates : candidates.slice(0, enough);
  if (looked.length < candidates.length)
    refusals.leaveOut(candidates.length - looked.length, 'more referrers were not looked at');
  const pieces: Piece[] = [];
  for (let at = 0; at < looked.length; at += atOnce) {
    await Promise.all(
      looked.slice(at, at + atOnce).map(({ descriptor, format }) =>
        refusals.gather({ format, evidence: descriptor.digest }, likeSignature, async () => {
          const carrier = await readReferrer(source, descriptor, limits);
          const found = formatOf(carrier.manifest) ?? format;
          if (found === 'unknown') return;
          if (carrier.manifest.subject?.digest !== image.digest)
            refuse('it is listed for this image, but refers to another');
          await addPieces(carrier, found, pieces, refusals);
        }),
      ),
    );
  }
  return pieces;
}

/** What a listing says that a referrer is; undefined: no evidence. */
function claimedFormat({ artifactType, mediaType }: Descriptor): SignatureFormat | 'unknown' | undefined {
  if (artifactType?.startsWith(bundleTypePrefix)) return 'cosign-v3';
  if (artifactType?.startsWith(cosignArtifactPrefix) || artifactType === envelopeType) return 'cosign-v2';
  if (artifactType === notationArtifact) return 'notation';
  return vagueTypes.has(artifactType) && isManifestType(mediaType) ? 'unknown' : undefined;
}

/** What the layers, or its own type, say that a manifest is; undefined: nothing that counts. */
function formatOf(manifest: Manifest): SignatureFormat | undefined {
  const layers = manifest.kind === 'manifest' ? manifest.layers : [];
  if (layers.some(({ mediaType }) => mediaType.startsWith(bundleTypePrefix))) return 'cosign-v3';
  if (layers.some(({ mediaType }) => mediaType === simpleSigningType || mediaType === envelopeType))
    return 'cosign-v2';
  return effectiveArtifactType(manifest) === notationArtifact ? 'notation' : undefined;
}

async function addPieces(
  { digest, manifest }: Carrier,
  format: SignatureFormat,
  pieces: Piece[],
  refusals: Refusals,
): Promise<void> {
  if (manifest.kind === 'index') return refuse('it is an index, which carries no signature');
  const { layers, annotations } = manifest;
  if (layers.length === 0) refuse('it carries no signature');
  // cosign 2 keeps what several signers made as layers of one manifest
  if (format !== 'cosign-v2' && layers.length > 1) refuse('it has several layers, exactly one counts');
  for (const layer of layers) {
    await refusals.gather({ format, evidence: digest }, likeSignature, async () => {
      pieces.push({ kind: kindOf(layer, format), format, evidence: digest, annotations, layer });
    });
  }
}

function kindOf({ mediaType }: Descriptor, format: SignatureFormat): PieceKind {
  if (format === 'cosign-v3' && mediaType.startsWith(bundleTypePrefix)) return 'bundle';
  if (format === 'cosign-v2' && mediaType === simpleSigningType) return 'simple-signing';
  if (format === 'cosign-v2' && mediaType === envelopeType) return 'envelope';
  if (format === 'notation' && notationLayers.includes(mediaType)) return 'notation';
  return refuse(
    `its layer is ${JSON.stringify(mediaType.slice(0, 200))}, which is no signed document of ${format}`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
