import type { Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { bundleTypePrefix, parseKeyBundle, type KeyBundle } from './bundle.ts';
import { envelopeSigner } from './dsse.ts';
import type { EvidenceSource } from './evidence.ts';
import { readBlob, type SignatureLimits } from './evidence-reader.ts';
import { keyHint, type PublicKey } from './keys.ts';
import { refuse } from './refusal.ts';
import { parseStatement, type Statement } from './statement.ts';

/** Predicate type of the statement that `cosign sign` makes. Any other is an attestation, whoever signed it. */
export const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

/**
 * Verifies a referrer whose one layer is a Sigstore bundle, as cosign 3 writes it. cosign's own verify takes any statement
 * about the image for a signature; here the predicate type decides.
 * @returns the trusted key that signed that this is the image
 * @throws WharfingerError SIGNATURE_INVALID with the reason why it does not count; whatever the source throws
 */
export async function verifyBundleReferrer(
  subject: Digest,
  manifest: ImageManifest,
  source: EvidenceSource,
  keys: readonly PublicKey[],
  limits: SignatureLimits,
): Promise<PublicKey> {
  const [layer, ...more] = manifest.layers;
  if (layer === undefined || !layer.mediaType.startsWith(bundleTypePrefix)) {
    return refuse('its layer is not a Sigstore bundle');
  }
  if (more.length > 0) refuse('it has several layers, exactly one bundle counts');
  const bundle = parseKeyBundle(await readBlob(source, layer, limits));
  const key = bundleSigner(bundle, keys);
  const { payloadType, payload } = bundle.envelope;
  requireSignatureOf(subject, parseStatement(payloadType, payload), key);
  return key;
}

/** The hint only chooses where to look first; what counts is whose signature it is. */
function bundleSigner(bundle: KeyBundle, keys: readonly PublicKey[]): PublicKey {
  const named = keys.find((key) => keyHint(key) === bundle.hint);
  if (named === undefined) return envelopeSigner(bundle.envelope, keys) ?? refuse('no trusted key signed it');
  return (
    envelopeSigner(bundle.envelope, [named]) ??
    refuse(`it names the trusted key ${named.name}, but that key did not sign it`)
  );
}

function requireSignatureOf(subject: Digest, statement: Statement, key: PublicKey): void {
  if (statement.predicateType !== signaturePredicate) {
    refuse(
      `it is an attestation of type ${JSON.stringify(statement.predicateType.slice(0, 200))} by ${key.name}, which is not a signature`,
    );
  }
  if (statement.subject !== subject) refuse(`${key.name} signed another image, ${statement.subject}`);
}
