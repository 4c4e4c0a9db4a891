import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../signing/evidence.ts';
import type { CustodyLayout } from './layout.ts';

const own: ReadonlySet<string> = new Set([
  predicateTypes.layerLink,
  predicateTypes.approval,
  predicateTypes.assembly,
]);

/**
 * The statements of custody among all, in an order that does not depend on who listed them; what is there twice, once.
 * Summaries are made of a base by everybody who builds on it: only those of teams of this layout are looked at.
 */
export function custodyStatements(
  statements: readonly VerifiedStatement[],
  layout: CustodyLayout,
): VerifiedStatement[] {
  const keyed = new Map<string, VerifiedStatement>();
  for (const statement of statements) {
    const { predicateType, signer, payloadDigest, evidence } = statement;
    const summary =
      predicateType === predicateTypes.verificationSummary &&
      layout.stages.some(({ teams }) => teams.some(({ signers }) => signers.includes(signer.key)));
    if (own.has(predicateType) || summary)
      keyed.set(`${payloadDigest} ${signer.keyId} ${evidence}`, statement);
  }
  return [...keyed].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, statement]) => statement);
}
