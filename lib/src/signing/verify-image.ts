import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isManifestType } from '../oci/media-types.ts';
import { isTag } from '../oci/reference.ts';
import { bundleTypePrefix } from './bundle.ts';
import {
  cosignSignatureArtifact,
  signatureTag,
  simpleSigningType,
  verifySimpleSigning,
} from './cosign-v2.ts';
import { verifyBundleReferrer } from './cosign-v3.ts';
import {
  usualPurposes,
  type EvidenceSource,
  type RefusedSignature,
  type SignatureFormat,
  type SignatureReport,
  type Signer,
  type TrustedKey,
  type ValidSignature,
} from './evidence.ts';
import { checkFetched, readReferrer, type Carrier, type SignatureLimits } from './evidence-reader.ts';
import { parsePublicKey, type PublicKey } from './keys.ts';
import { refusalReason, refuse } from './refusal.ts';

/** What is looked at for one image where the caller does not say. */
export const defaultSignatureLimits: SignatureLimits = { count: 64, bytes: 4 * 1024 * 1024 };

/** Artifact types under which registries list referrers whose own type they did not read. */
const vagueTypes: ReadonlySet<string | undefined> = new Set([
  undefined,
  '',
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);

interface Search {
  readonly subject: Digest;
  readonly source: EvidenceSource;
  readonly keys: readonly PublicKey[];
  readonly limits: SignatureLimits;
  readonly valid: ValidSignature[];
  readonly refused: RefusedSignature[];
  /** signatures looked at so far */
  seen: number;
}

/**
 * Looks for cosign signatures of an image, of both formats, and verifies each against the trusted keys.
 *
 * What is found and does not count is reported with its reason. Nothing found is a report without entries; a look-up that
 * fails throws, so that it is never taken for that. No more is read than the limits allow; what was left out is reported.
 *
 * @param image digest of the manifest or index whose own signatures are meant
 * @throws WharfingerError KEY_INVALID; whatever the source throws
 */
export async function verifyImageSignatures(
  image: { readonly digest: Digest },
  source: EvidenceSource,
  trusted: readonly TrustedKey[],
  limits: SignatureLimits = defaultSignatureLimits,
): Promise<SignatureReport> {
  const search: Search = {
    subject: image.digest,
    source,
    keys: trusted.map(parsePublicKey),
    limits,
    valid: [],
    refused: [],
    seen: 0,
  };
  await searchTag(search);
  await searchReferrers(search);
  return { valid: search.valid, refused: search.refused };
}

async function searchTag(search: Search): Promise<void> {
  const tag = signatureTag(search.subject);
  // The tag of a sha512 digest would be longer than tags can be.
  if (!isTag(tag)) return;
  const fetched = await search.source.manifest(tag);
  if (fetched === undefined) return;
  await orReport(search, 'cosign-v2', fetched.digest, async () => {
    await verifyLayers(search, checkFetched(fetched, search.limits));
  });
}

async function searchReferrers(search: Search): Promise<void> {
  const listed = await search.source.referrers(search.subject);
  const unique = [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const candidates = unique
    .map((descriptor) => ({ descriptor, format: claimedFormat(descriptor) }))
    .filter(({ format }) => format !== undefined);
  // Those that say what they are come first, so that a flood of others cannot push them beyond the limit.
  candidates.sort((left, right) => Number(left.format === 'unknown') - Number(right.format === 'unknown'));
  for (const { descriptor, format = 'unknown' } of candidates.slice(0, search.limits.count)) {
    await orReport(search, format, descriptor.digest, async () => {
      await verifyReferrer(search, await readReferrer(search.source, descriptor, search.limits), format);
    });
  }
  const left = candidates.length - search.limits.count;
  if (left > 0) {
    search.refused.push({
      format: 'unknown',
      evidence: search.subject,
      reason: `${left} more referrers were not looked at: no more than ${search.limits.count} are`,
    });
  }
}

/** What a listing says that a referrer is; undefined: something else than a signature. */
function claimedFormat(descriptor: Descriptor): SignatureFormat | 'unknown' | undefined {
  if (descriptor.artifactType?.startsWith(bundleTypePrefix)) return 'cosign-v3';
  if (descriptor.artifactType === cosignSignatureArtifact) return 'cosign-v2';
  return vagueTypes.has(descriptor.artifactType) && isManifestType(descriptor.mediaType)
    ? 'unknown'
    : undefined;
}

async function verifyReferrer(
  search: Search,
  carrier: Carrier,
  claimed: SignatureFormat | 'unknown',
): Promise<void> {
  const { manifest, digest } = carrier;
  const layers = manifest.kind === 'manifest' ? manifest.layers : [];
  const holdsBundle = layers.some((layer) => layer.mediaType.startsWith(bundleTypePrefix));
  const holdsPayload = layers.some((layer) => layer.mediaType === simpleSigningType);
  if (claimed === 'unknown' && !holdsBundle && !holdsPayload) return;
  const format = holdsBundle ? 'cosign-v3' : holdsPayload ? 'cosign-v2' : claimed;
  await orReport(search, format, digest, async () => {
    if (manifest.subject?.digest !== search.subject)
      refuse('it is listed for this image, but refers to another');
    if (manifest.kind === 'index') refuse('it is an index, which carries no signature');
    if (format === 'cosign-v2') return verifyLayers(search, carrier);
    if (!spend(search, digest, format)) return;
    const key = await verifyBundleReferrer(
      search.subject,
      manifest,
      search.source,
      search.keys,
      search.limits,
    );
    search.valid.push({ format: 'cosign-v3', ...signerOf(key), evidence: digest });
  });
}

/** cosign 2 keeps the signatures of several signers as layers of one manifest. */
async function verifyLayers(search: Search, { digest, manifest }: Carrier): Promise<void> {
  if (manifest.kind === 'index') return refuse('it is an index, which carries no signature');
  if (manifest.layers.length === 0) refuse('it carries no signature');
  for (const layer of manifest.layers) {
    if (!spend(search, digest, 'cosign-v2')) return;
    await orReport(search, 'cosign-v2', digest, async () => {
      const key = await verifySimpleSigning(search.subject, layer, search.source, search.keys, search.limits);
      search.valid.push({ format: 'cosign-v2', ...signerOf(key), evidence: digest });
    });
  }
}

function signerOf(key: PublicKey): Signer {
  return { key: key.name, keyId: key.id, principal: key.name, purposes: usualPurposes };
}

/** Counts one more signature; false, and reported, where that is beyond the limit. */
function spend(search: Search, evidence: Digest, format: SignatureFormat | 'unknown'): boolean {
  search.seen += 1;
  if (search.seen <= search.limits.count) return true;
  const reason = `it was not looked at: no more than ${search.limits.count} signatures are`;
  search.refused.push({ format, evidence, reason });
  return false;
}

async function orReport(
  search: Search,
  format: SignatureFormat | 'unknown',
  evidence: Digest,
  verify: () => Promise<void>,
): Promise<void> {
  try {
    await verify();
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    search.refused.push({ format, evidence, reason });
  }
}
