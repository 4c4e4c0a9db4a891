import { WharfingerError } from '@wharfinger/lib/errors';
import { inventoryFormat } from '@wharfinger/lib/inspect/inventory';
import { writeSbom, type SbomStyle } from '@wharfinger/lib/inspect/sbom/write-sbom';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { sbomPredicateTypes } from '@wharfinger/lib/signing/predicate-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { getImage } from '../stores/images.ts';
import type { Placed } from '../stores/repositories.ts';
import { attachStatement } from './attach-statement.ts';
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
 * Writes the SBOM of an image, signs it as the registry, attaches it, and records who asked for it.
 * @throws WharfingerError MANIFEST_UNKNOWN, UNAVAILABLE where it was not taken apart yet; REFERRERS_TOO_MANY
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
  const known = await getImage(db, digest, inventoryFormat);
  if (!known) {
    throw new WharfingerError('UNAVAILABLE', {
      what: `${digest} was not taken apart yet`,
      remedy: 'ask again in a moment',
    });
  }
  const { inventory } = known;
  const others = await catalog.referrers(repository, digest);
  if (others.length >= parts.referrers) {
    throw new WharfingerError('REFERRERS_TOO_MANY', {
      what: `${others.length} manifests refer to ${digest}, at most ${parts.referrers} may`,
    });
  }
  const at = parts.now();
  const predicate = writeSbom(inventory, { digest, name: repository, time: at }, style);
  const predicateType = sbomPredicateTypes[style.format];
  const subject = { mediaType: image.mediaType, digest, size: image.bytes.length };
  const signed = signStatement(subject, { predicateType, predicate }, registryKey, at);
  await attachStatement(parts, repository, signed, by);
  const attestation = signed.manifest.digest;
  const { complete } = inventory;
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
