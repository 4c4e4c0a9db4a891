import type { TrustedKey, TrustedSigner, TrustSet } from './evidence.ts';
import { signatureFormats } from './evidence.ts';
import { parsePublicKey } from './keys.ts';
import type { KnownKey } from './verify-context.ts';

/** A policy of nothing but keys: every format counts. */
export function trustOfKeys(keys: readonly TrustedKey[]): TrustSet {
  return {
    signers: keys,
    formats: signatureFormats,
    sigstoreRoots: {},
    trustStores: {},
    certificateRevocations: [],
    revocations: [],
  };
}

/**
 * The keys of a policy, each once with all the records that name it.
 * @throws WharfingerError KEY_INVALID
 */
export function knownKeys(trust: TrustSet): KnownKey[] {
  const parsed = trust.signers.filter(isKey).map((record) => ({ record, key: parsePublicKey(record) }));
  return [...Map.groupBy(parsed, ({ key }) => key.id).values()].map((same) => ({
    ...same[0]!.key,
    records: same.map(({ record }) => record),
  }));
}

function isKey(signer: TrustedSigner): signer is TrustedKey {
  return 'pem' in signer;
}
