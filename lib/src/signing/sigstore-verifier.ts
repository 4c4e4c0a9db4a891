import type { EnvelopeBundle } from './bundle.ts';
import type { Envelope } from './dsse.ts';
import type { FoundSigner, VerifyContext } from './verify-context.ts';

/** A signature as cosign 2 keeps it: what proves it stands in annotations of its layer. */
export interface AnnotatedSignature {
  /** the signed bytes: a payload, or the pre-authentication encoding of an envelope */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** of an attestation */
  readonly envelope?: Envelope;
  /** the layer's blob */
  readonly document: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Verifies what a certificate authority, logs and timestamp authorities of Sigstore's kind vouch for. */
export interface SigstoreVerifier {
  /** Who signed a bundle that names a certificate. Refuses by `refuse`. */
  bundleSigner(bundle: EnvelopeBundle, context: VerifyContext): Promise<FoundSigner>;
  /** Who signed what carries a certificate in its annotations. Refuses by `refuse`. */
  annotatedSigner(signature: AnnotatedSignature, context: VerifyContext): Promise<FoundSigner>;
  /**
   * When a bundle signed with the key of this id was signed at the latest, by a log or timestamp authority of a root of the trust set;
   * undefined: none of them says so. What cannot be verified is no time, and no reason to refuse.
   */
  bundleTime(bundle: EnvelopeBundle, keyId: string, context: VerifyContext): Promise<Date | undefined>;
  /** The same for what carries them in its annotations. */
  annotatedTime(
    signature: AnnotatedSignature,
    keyId: string,
    context: VerifyContext,
  ): Promise<Date | undefined>;
}
