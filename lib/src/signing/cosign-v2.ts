import { digestOf, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { parseEnvelope, preAuthEncoding } from './dsse.ts';
import { readBlob } from './evidence-reader.ts';
import { signerAmong } from './known-signer.ts';
import { refuse } from './refusal.ts';
import type { AnnotatedSignature } from './sigstore-verifier.ts';
import { parseSimpleSigning } from './simple-signing.ts';
import { parseStatement } from './statement.ts';
import { base64Of } from './strict-fields.ts';
import type { FoundSigner, PieceVerifier, VerifyContext } from './verify-context.ts';

/** Type of layers that are simple-signing payloads. */
export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Type of layers that are attestations: DSSE envelopes. */
export const envelopeType = 'application/vnd.dsse.envelope.v1+json';

/** Artifact types of what cosign 2 attaches as referrers begin with it. */
export const cosignArtifactPrefix = 'application/vnd.dev.cosign.artifact.';

const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const certificateAnnotation = 'dev.sigstore.cosign/certificate';

/** The tags that cosign 2 keeps signatures and attestations of an image under, in the image's repository. */
export function signatureTags(subject: Digest): readonly [signatures: string, attestations: string] {
  const name = subject.replace(':', '-');
  return [`${name}.sig`, `${name}.att`];
}

/** Verifies a simple-signing payload, whose signature stands in an annotation (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export const verifySimpleSigning: PieceVerifier = async ({ layer }, context) => {
  const annotations = layer.annotations ?? {};
  const annotation = annotations[signatureAnnotation] ?? '';
  if (annotation === '') refuse('the payload carries no signature');
  const signature = base64Of(annotation, 'the signature');
  const document = await readBlob(context.source, layer, context.limits);
  const signer = await annotatedSigner({ signed: document, signature, document, annotations }, context);
  return { signer, subject: parseSimpleSigning(document).image };
};

/** Verifies an attestation as cosign 2 keeps it: an envelope as a layer (sigstore/cosign, specs/ATTESTATION_SPEC.md). */
export const verifyEnvelope: PieceVerifier = async ({ layer }, context) => {
  const document = await readBlob(context.source, layer, context.limits);
  const envelope = parseEnvelope(
    parseStrictJson(document, (what) => refuse(`the envelope cannot be read: ${what}`)),
  );
  const { payloadType, payload, signature } = envelope;
  const signed = preAuthEncoding(payloadType, payload);
  const annotations = layer.annotations ?? {};
  const signer = await annotatedSigner({ signed, signature, envelope, document, annotations }, context);
  const { subject, predicateType, predicate } = parseStatement(payloadType, payload);
  return { signer, subject, statement: { predicateType, predicate, payloadDigest: digestOf(payload) } };
};

async function annotatedSigner(found: AnnotatedSignature, context: VerifyContext): Promise<FoundSigner> {
  const key = signerAmong(context, found.signed, found.signature);
  if (key !== undefined) {
    const signedAt = await context.sigstore.annotatedTime(found, key.keyId, context);
    return signedAt === undefined ? key : { ...key, signedAt };
  }
  return found.annotations[certificateAnnotation] === undefined
    ? refuse('no trusted key signed it')
    : context.sigstore.annotatedSigner(found, context);
}
