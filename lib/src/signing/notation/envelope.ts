/** Signing schemes of the Notary Project (signing-scheme specification). */
export const schemes = ['notary.x509', 'notary.x509.signingAuthority'] as const;

/** Who vouches for the time of signing: nobody but a timestamp authority, or the signing authority itself. */
export type SigningScheme = (typeof schemes)[number];

/** A signature envelope that was read. Nothing in it is verified yet. */
export interface Envelope {
  /** what it says that it was signed with: name in JWS, number in COSE */
  readonly algorithm: string | number;
  readonly scheme: SigningScheme;
  /** what the signer, or the signing authority, says */
  readonly signingTime: Date;
  readonly expiry: Date | undefined;
  /** the signed document */
  readonly payload: Uint8Array;
  /** what the signature is over: protected headers and payload, as the format puts them together */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** DER, from leaf to root */
  readonly chain: readonly Uint8Array[];
  /** RFC 3161 timestamp token, DER */
  readonly timestamp: Uint8Array | undefined;
}
