import { WharfingerError } from '@wharfinger/lib/errors';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import { writeSbom, type SbomStyle } from '@wharfinger/lib/inspect/sbom/write-sbom';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { sbomPredicateTypes } from '@wharfinger/lib/signing/predicate-names';
import { registryItself, trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { defaultEvidenceLimits, verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { getImage } from '../stores/images.ts';
import type { Placed } from '../stores/repositories.ts';
import { attachStatement } from './attach-statement.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';

/** An SBOM that the registry signed and attached. */
export interface AttestedSbom {
  readonly predicateType: string;
  /** of the manifest that carries it */
  readonly attestation: Digest;
  /** of the key of the registry */
  readonly keyId: string;
  /** false: the image could not be read whole, which the SBOM says */
  readonly complete: boolean;
}

/** What attaching takes; `referrers`: how many manifests may refer to an image. */
export type SbomAttesterParts = Pick<PipelineParts, 'db' | 'catalog' | 'storage' | 'registryKey' | 'now'> & {
  readonly referrers: number;
};

/**
 * Writes the SBOM of an image, signs it as the registry, attaches it, and records who asked for it. Where the same was attached
 * before, that is told and nothing is added: who asks every day fills nothing up.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN, UNAVAILABLE where it was not taken apart yet; REFERRERS_TOO_MANY; INPUT_INVALID where the
 *   statement would be longer than those who verify read
 */
export async function attestSbom(
  parts: SbomAttesterParts,
  { repository, digest }: Placed,
  style: SbomStyle,
  by: string | null,
): Promise<AttestedSbom> {
  const { catalog, db, registryKey } = parts;
  const image = await catalog.getManifest(repository, digest);
  if (!image) throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${repository}, ${digest}` });
  const known = await getImage(db, digest, knownFormats);
  if (!known) {
    throw new WharfingerError('UNAVAILABLE', {
      what: `${digest} was not taken apart yet`,
      remedy: 'ask again in a moment',
    });
  }
  const { inventory } = known;
  const { complete } = inventory;
  const predicateType = sbomPredicateTypes[style.format];
  const write = (time: Date): object => writeSbom(inventory, { digest, name: repository, time }, style);
  const before = await attestedBefore(parts, { repository, digest }, predicateType, write);
  if (before) return { predicateType, attestation: before, keyId: registryKey.id, complete };
  const others = await catalog.referrers(repository, digest);
  if (others.length >= parts.referrers) {
    throw new WharfingerError('REFERRERS_TOO_MANY', {
      what: `${others.length} manifests refer to ${digest}, at most ${parts.referrers} may`,
    });
  }
  const at = parts.now();
  const subject = { mediaType: image.mediaType, digest, size: image.bytes.length };
  const signed = signStatement(subject, { predicateType, predicate: write(at) }, registryKey, at);
  const longest = Math.max(...signed.blobs.map(({ bytes }) => bytes.length));
  if (longest > defaultEvidenceLimits.bytes) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `its SBOM has ${longest} bytes when it is signed, and no more than ${defaultEvidenceLimits.bytes} are read of a statement`,
      remedy: 'fetch it with GET /api/v1/sbom and keep it elsewhere',
    });
  }
  await attachStatement(parts, repository, signed, by);
  const attestation = signed.manifest.digest;
  await recordAudit(db, {
    ...currentOrigin(),
    at,
    actor: by,
    action: 'attest-sbom',
    repository,
    digest,
    outcome: 'done',
    detail: { predicateType, attestation, complete },
  });
  return { predicateType, attestation, keyId: registryKey.id, complete };
}

/**
 * The attestation of the registry that says the same but for its time.
 * @param write the document as it would be, had it been written then
 */
async function attestedBefore(
  { catalog, storage, registryKey, now }: SbomAttesterParts,
  { repository, digest }: Placed,
  type: string,
  write: (time: Date) => object,
): Promise<Digest | undefined> {
  const trust = trustOfKeys([registryItself('registry', registryKey.publicPem)]);
  const { statements } = await verifyEvidence(
    { digest },
    ownEvidence(catalog, storage, repository),
    trust,
    now(),
  );
  return statements.find(({ predicateType, predicate }) => {
    const time = predicateType === type ? timeOf(predicate) : undefined;
    return time !== undefined && JSON.stringify(predicate) === JSON.stringify(write(time));
  })?.evidence;
}

/** When an SBOM was written, by its own word. */
function timeOf(predicate: unknown): Date | undefined {
  const { metadata, creationInfo } = predicate as {
    readonly metadata?: { readonly timestamp?: unknown };
    readonly creationInfo?: { readonly created?: unknown };
  };
  const time = new Date(String(metadata?.timestamp ?? creationInfo?.created));
  return Number.isNaN(time.getTime()) ? undefined : time;
}
