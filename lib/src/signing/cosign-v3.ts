import { digestOf } from '../oci/digest.ts';
import { parseEnvelopeBundle, type EnvelopeBundle } from './bundle.ts';
import { preAuthEncoding } from './dsse.ts';
import { readBlob } from './evidence-reader.ts';
import { keyHint } from './keys.ts';
import { signerAmong, signerWith } from './known-signer.ts';
import { verifyBytes } from './raw-signature.ts';
import { refuse } from './refusal.ts';
import { parseStatement } from './statement.ts';
import type { FoundSigner, PieceVerifier, VerifyContext } from './verify-context.ts';

/**
 * Verifies a Sigstore bundle around a statement, as cosign 3 writes it. cosign's own verify takes any statement about the
 * image for a signature; here the predicate type says which of the two it is.
 */
export const verifyBundle: PieceVerifier = async ({ layer }, context) => {
  const bundle = parseEnvelopeBundle(await readBlob(context.source, layer, context.limits));
  const { payloadType, payload } = bundle.envelope;
  // nothing is read of what nobody signed who is trusted
  const signer = await (bundle.hint === undefined
    ? context.sigstore.bundleSigner(bundle, context)
    : keySigner(bundle, bundle.hint, context));
  const { subject, predicateType, predicate } = parseStatement(payloadType, payload);
  return { signer, subject, statement: { predicateType, predicate, payloadDigest: digestOf(payload) } };
};

async function keySigner(bundle: EnvelopeBundle, hint: string, context: VerifyContext): Promise<FoundSigner> {
  const signer = keyOf(bundle, hint, context);
  const signedAt = await context.sigstore.bundleTime(bundle, signer.keyId, context);
  return signedAt === undefined ? signer : { ...signer, signedAt };
}

/** The hint only chooses where to look first; what counts is whose signature it is. */
function keyOf({ envelope }: EnvelopeBundle, hint: string, context: VerifyContext): FoundSigner {
  const signed = preAuthEncoding(envelope.payloadType, envelope.payload);
  const named = context.keys.find((key) => keyHint(key) === hint);
  if (named === undefined)
    return signerAmong(context, signed, envelope.signature) ?? refuse('no trusted key signed it');
  return verifyBytes(named, signed, envelope.signature)
    ? signerWith(named)
    : refuse(`it names the trusted key ${named.name}, but that key did not sign it`);
}
