import type { Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason } from '../signing/refusal.ts';
import { isOnlyKnown } from '../signing/trusted-signers.ts';
import { statementsOf } from './make/make-summary.ts';
import type { CustodyReport } from './report.ts';
import {
  isOfWholeChain,
  readVerificationSummary,
  resourceUri,
  type VerificationSummary,
} from './statements/verification-summary.ts';

/** The word of a registry that the chain of an image was complete when it walked it. */
export interface RegistrySummary {
  /** logical identity of the registry */
  readonly by: string;
  /** RFC 3339 */
  readonly timeVerified: string;
  /** digest of the manifest that carries it */
  readonly evidence: Digest;
  /** as it says itself, such as oci://registry/repository@digest */
  readonly about: string;
}

/** A summary beside the chain as it was walked now. */
export interface ComparedSummary extends RegistrySummary {
  /** `same`: it rests on what the chain rests on now; `other`: what it says is of another state, or of another place */
  readonly state: 'same' | 'other';
}

/** What a registry says of whole chains, among verified statements; what cannot be read says nothing. The latest comes first. */
export function registrySummaries(statements: readonly VerifiedStatement[]): readonly RegistrySummary[] {
  return readAll(statements).map(({ summary: _summary, ...told }) => told);
}

/**
 * The same, compared with the chain as it is: a summary stays true of the moment in which it was made, and says nothing of what
 * the chain has become since.
 *
 * @param registry logical identity of the registry that the chain is walked for
 */
export function compareSummaries(
  report: CustodyReport,
  registry: string,
  statements: readonly VerifiedStatement[],
): readonly ComparedSummary[] {
  const restsOn = new Set(statementsOf(report.stages));
  const place = resourceUri({ registry, repository: report.repository }, report.digest);
  return readAll(statements).map(({ summary, ...told }): ComparedSummary => {
    const isSame =
      report.complete &&
      summary.passed &&
      summary.resourceUri === place &&
      summary.policy.digest === report.layoutDigest &&
      new Set(summary.inputs).symmetricDifference(restsOn).size === 0;
    return { ...told, state: isSame ? 'same' : 'other' };
  });
}

function readAll(
  statements: readonly VerifiedStatement[],
): Array<RegistrySummary & { readonly summary: VerificationSummary }> {
  return statements
    .flatMap((statement) => {
      const { predicateType, signer, evidence } = statement;
      if (predicateType !== predicateTypes.verificationSummary || !isOnlyKnown(signer)) return [];
      const summary = summaryOr(statement);
      if (summary === undefined || !isOfWholeChain(summary)) return [];
      const { timeVerified, resourceUri: about } = summary;
      return [{ by: signer.key, timeVerified, evidence, about, summary }];
    })
    .sort((a, b) => Date.parse(b.timeVerified) - Date.parse(a.timeVerified));
}

function summaryOr({ predicate }: VerifiedStatement): VerificationSummary | undefined {
  try {
    return readVerificationSummary(predicate);
  } catch (error) {
    if (refusalReason(error) === undefined) throw error;
    return undefined;
  }
}
