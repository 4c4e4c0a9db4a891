import type { SignatureFacts, SignerFact } from '../routines/facts/evidence.ts';
import type { Digest } from '../oci/digest.ts';
import {
  isTrustedFor,
  type EvidenceReport,
  type RefusedSignature,
  type SignatureReport,
  type Signer,
  type VerifiedStatement,
} from '../signing/evidence.ts';
import type { Rules } from './rules-for.ts';

/** What was found when signatures were verified, and with which keys. */
export interface CheckedSignatures {
  readonly report: SignatureReport;
  /** whose signatures of images of the repository count; who only attests or stamps is none of them */
  readonly trustedKeys: ReadonlyArray<{ readonly name: string }>;
}

/** So many attestations are told of where a signature is missing. */
const mostMistaken = 10;

/**
 * A report with the rules that it was made by; where nobody counts, it says why. Where nothing but attestations was found, it
 * says that they are no signatures: cosign takes them for some.
 */
export function checkedSignatures(
  digest: Digest,
  evidence: Pick<EvidenceReport, 'valid' | 'refused' | 'statements'>,
  rules: Pick<Rules, 'signers' | 'noneCounts'>,
): CheckedSignatures {
  const { noneCounts } = rules;
  const trustedKeys = rules.signers.filter((signer) => isTrustedFor(signer, 'release'));
  const { valid } = evidence;
  const mistaken = valid.length > 0 ? [] : evidence.statements.slice(0, mostMistaken).map(noSignature);
  const refused = [...evidence.refused, ...mistaken];
  if (noneCounts === undefined || refused.length === 0) return { report: { valid, refused }, trustedKeys };
  const why = { format: 'unknown' as const, evidence: digest, reason: noneCounts };
  return { report: { valid, refused: [why, ...refused] }, trustedKeys };
}

function noSignature({ format, evidence, predicateType, signer }: VerifiedStatement): RefusedSignature {
  const type = JSON.stringify(predicateType.slice(0, 200));
  const reason = `it is an attestation of type ${type} by ${signer.key}, which is not a signature`;
  return { format, evidence, reason };
}

/**
 * Signatures as facts. A key that was given under two names is one signer; so is an identity, which has a new key for every
 * signature.
 */
export function signatureFacts({ report, trustedKeys }: CheckedSignatures): SignatureFacts {
  const signers = new Map<string, string>();
  const principals = new Map<string, string>();
  for (const { keyId, key, principal, identity } of report.valid) {
    const who = identity === undefined ? keyId : JSON.stringify([identity.issuer, identity.subject]);
    if (signers.has(who)) continue;
    signers.set(who, key);
    principals.set(who, principal);
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
