import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { WharfingerError } from '@wharfinger/lib/errors';
import { locateImage } from '@wharfinger/lib/client/image-location';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { sbomPredicateTypes } from '@wharfinger/lib/signing/predicate-names';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { z } from 'zod';
import { requireServer } from './api-client.ts';
import { readSigningKeys } from './key-file.ts';
import { withRemoteImage } from './remote-image.ts';
import type { Session } from './session.ts';

/** An SBOM that was signed and attached. */
export interface AttachedSbom {
  readonly predicateType: string;
  readonly attestations: ReadonlyArray<{ readonly keyId: string; readonly attestation: string }>;
}

/**
 * Signs an SBOM as a statement about the image that it was made of, and pushes it next to the image, once for each key.
 * @param image as the user named it: a reference in a registry
 * @param digest of the image, of one platform
 * @throws WharfingerError USAGE where the image lies in no registry; KEY_INVALID, REMOTE_FAILED
 */
export async function attachSbom(
  image: string,
  digest: string,
  { format, document }: { readonly format: keyof typeof sbomPredicateTypes; readonly document: object },
  keyFiles: readonly string[],
  session: Session,
): Promise<AttachedSbom> {
  const location = await locateImage(image);
  if (location.kind !== 'registry') {
    throw new WharfingerError('USAGE', {
      what: `${image} lies in no registry that an attestation could be pushed to`,
      remedy: 'write the bill with -o, and attest it with wharf attest where the image is',
    });
  }
  const keys = await readSigningKeys(keyFiles, session);
  const predicateType = sbomPredicateTypes[format];
  const { registry: host, repository: path } = location.reference;
  return withRemoteImage(`${host}/${path}@${digest}`, session, async ({ registry, repository, subject }) => {
    const attestations: Array<{ keyId: string; attestation: Digest }> = [];
    for (const { key } of keys) {
      const signed = signStatement(subject, { predicateType, predicate: document }, key, session.now());
      await pushArtifact(registry, repository, signed);
      attestations.push({ keyId: key.id, attestation: signed.manifest.digest });
    }
    return { predicateType, attestations };
  });
}

const asked = z.object({ predicateType: z.string(), attestation: z.string(), keyId: z.string() });

/**
 * Has the registry sign its own SBOM of an image and attach it.
 * @param digest of the image, of one platform
 * @throws WharfingerError USAGE where it lies in no registry, or in one that is no Wharfinger
 */
export async function askForSbom(
  image: string,
  digest: string,
  { format, specVersion }: { readonly format: keyof typeof sbomPredicateTypes; readonly specVersion: string },
  session: Session,
): Promise<AttachedSbom> {
  const location = await locateImage(image);
  if (location.kind !== 'registry') {
    throw new WharfingerError('USAGE', {
      what: `--attest without --key asks a registry to sign, and ${image} lies in none`,
      remedy: 'give --key, with an image in a registry',
    });
  }
  const { registry, repository } = location.reference;
  const server = await requireServer(registry, session);
  const style = format === 'cyclonedx' ? { format, version: specVersion } : { format };
  const body = { repository, reference: digest, ...style };
  const { predicateType, ...one } = await server.post('/api/v1/sbom/attestations', body, asked);
  return { predicateType, attestations: [one] };
}
