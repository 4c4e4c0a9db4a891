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
 * The registry itself, as who signs summaries of chains of custody that it walked, and what probes found that it ran. The former
 * are known as its own and count for nothing, as neither does anything else that it signs; what its probes found counts.
 *
 * @param identity logical identity of the registry
 * @param pem SubjectPublicKeyInfo
 */
export function registryItself(identity: string, pem: string): TrustedKey {
  return { name: identity, pem, purposes: ['probe'] };
}

/** True for who is known and trusted for nothing, but for what the probes found that he ran. */
export function isOnlyKnown({ purposes }: Pick<Signer, 'purposes'>): boolean {
  return purposes.every((purpose) => purpose === 'probe');
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
