import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource } from './evidence.ts';
import { readBlob, type SignatureLimits } from './evidence-reader.ts';
import type { PublicKey } from './keys.ts';
import { verifyBytes } from './raw-signature.ts';
import { refuse } from './refusal.ts';
import { parseSimpleSigning } from './simple-signing.ts';
import { base64Of } from './strict-fields.ts';

/** Type of layers that are simple-signing payloads. */
export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Artifact type of signatures that cosign 2 attaches as referrers. */
export const cosignSignatureArtifact = 'application/vnd.dev.cosign.artifact.sig.v1+json';

const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const certificateAnnotation = 'dev.sigstore.cosign/certificate';
const attestationLayer = 'application/vnd.dsse.envelope.v1+json';

/** The tag that cosign 2 keeps signatures of an image under, in the image's repository. */
export function signatureTag(subject: Digest): string {
  return `${subject.replace(':', '-')}.sig`;
}

/**
 * Verifies one layer of a cosign 2 signature manifest: payload, signature in an annotation (sigstore/cosign,
 * specs/SIGNATURE_SPEC.md).
 * @returns the trusted key that signed that this is the image
 * @throws WharfingerError SIGNATURE_INVALID with the reason why it does not count; whatever the source throws
 */
export async function verifySimpleSigning(
  subject: Digest,
  layer: Descriptor,
  source: EvidenceSource,
  keys: readonly PublicKey[],
  limits: SignatureLimits,
): Promise<PublicKey> {
  if (layer.mediaType === attestationLayer) refuse('it is an attestation, which is not a signature');
  if (layer.mediaType !== simpleSigningType) {
    refuse(`its layer is ${JSON.stringify(layer.mediaType.slice(0, 200))}, not a simple-signing payload`);
  }
  const annotation = layer.annotations?.[signatureAnnotation];
  if (annotation === undefined || annotation === '') refuse('the payload carries no signature');
  const signature = base64Of(annotation, 'the signature');
  const payload = await readBlob(source, layer, limits);
  const key = keys.find((key) => verifyBytes(key, payload, signature));
  if (key === undefined) {
    return refuse(
      layer.annotations?.[certificateAnnotation] === undefined
        ? 'no trusted key signed it'
        : 'keyless is not trusted here yet',
    );
  }
  const { image } = parseSimpleSigning(payload);
  if (image !== subject) refuse(`${key.name} signed another image, ${image}`);
  return key;
}
