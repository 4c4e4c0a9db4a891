import type { Signer, TrustedKey, TrustedSigner, TrustSet } from './evidence.ts';
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
 * The registry itself, as who signs summaries of chains of custody that it walked. Its word is known as its own, and counts for
 * nothing: neither as a team's intake, nor for anything else.
 *
 * @param identity logical identity of the registry
 * @param pem SubjectPublicKeyInfo
 */
export function registryItself(identity: string, pem: string): TrustedKey {
  return { name: identity, pem, purposes: [] };
}

/** True for who is known and trusted for nothing. */
export function isOnlyKnown({ purposes }: Pick<Signer, 'purposes'>): boolean {
  return purposes.length === 0;
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
