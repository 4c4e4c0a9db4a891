import type { SignatureFacts, SignerFact } from '../routines/facts.ts';
import type { SignatureReport, Signer, TrustedKey } from '../signing/evidence.ts';

/** What was found when signatures were verified, and with which keys. */
export interface CheckedSignatures {
  readonly report: SignatureReport;
  /** the keys that it was made with */
  readonly trustedKeys: readonly TrustedKey[];
}

/** Signatures as facts. A key that was given under two names is one signer. */
export function signatureFacts({ report, trustedKeys }: CheckedSignatures): SignatureFacts {
  const signers = new Map<string, string>();
  const principals = new Map<string, string>();
  for (const { keyId, key, principal } of report.valid) {
    if (signers.has(keyId)) continue;
    signers.set(keyId, key);
    principals.set(keyId, principal);
  }
  return {
    valid: report.valid.map(({ format, ...signer }) => ({ format, ...signerFact(signer) })),
    signers: [...signers.values()],
    principals: [...new Set(principals.values())],
    refused: report.refused.map(({ format, evidence, reason }) => ({ format, evidence, reason })),
    trustedKeys: trustedKeys.map((key) => key.name),
  };
}

/** Who signed, as routines read it. */
export function signerFact(signer: Signer & { readonly evidence: string }): SignerFact {
  const { key, keyId, principal, team, signedAt, identity, evidence } = signer;
  return {
    key,
    keyId,
    principal,
    ...(team === undefined ? {} : { team }),
    ...(signedAt === undefined ? {} : { signedAt }),
    ...(identity === undefined ? {} : { identity: identity.subject, issuer: identity.issuer }),
    evidence,
  };
}
