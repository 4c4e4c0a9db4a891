import type { SignatureFacts } from '../routines/facts.ts';
import type { SignatureReport, TrustedKey } from '../signing/evidence.ts';

/** What was found when signatures were verified, and with which keys. */
export interface CheckedSignatures {
  readonly report: SignatureReport;
  /** the keys that it was made with */
  readonly trustedKeys: readonly TrustedKey[];
}

/** Signatures as facts. A key that was given under two names is one signer. */
export function signatureFacts({ report, trustedKeys }: CheckedSignatures): SignatureFacts {
  const signers = new Map<string, string>();
  for (const { keyId, key } of report.valid) if (!signers.has(keyId)) signers.set(keyId, key);
  return {
    valid: report.valid.map(({ format, key, evidence }) => ({ format, key, evidence })),
    signers: [...signers.values()],
    refused: report.refused.map(({ format, evidence, reason }) => ({ format, evidence, reason })),
    trustedKeys: trustedKeys.map((key) => key.name),
  };
}
