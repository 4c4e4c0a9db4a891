import { verifyBytes } from './raw-signature.ts';
import type { FoundSigner, KnownKey, VerifyContext } from './verify-context.ts';

/** Whose key of the policy signed exactly these bytes; undefined: none of them did. Each key is tried. */
export function signerAmong(
  context: VerifyContext,
  signed: Uint8Array,
  signature: Uint8Array,
): FoundSigner | undefined {
  context.spendChecks(context.keys.length);
  const key = context.keys.find((one) => verifyBytes(one, signed, signature));
  return key && signerWith(key);
}

/** Whoever has this key, as a signer. */
export function signerWith({ records, id, algorithm }: KnownKey): FoundSigner {
  return { records, keyId: id, algorithm };
}
