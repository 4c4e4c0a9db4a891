import { WharfingerError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CustodyReport, StageReport } from '../report.ts';
import {
  chainComplete,
  intakeLevel,
  resourceUri,
  writeVerificationSummary,
} from '../statements/verification-summary.ts';
import { wholeSeconds } from './period.ts';

export interface SummaryRequest {
  /** the walk of the image */
  readonly report: CustodyReport;
  /** logical identity of the registry that the image is in */
  readonly registry: string;
  /** who verified it: a URI, or any name */
  readonly verifier: string;
  /** where the policy can be read; absent: only its digest is named */
  readonly policyUri?: string;
  /** absent: the layout of the report */
  readonly policyDigest?: Digest;
  readonly now: Date;
}

/**
 * Makes the predicate by which a team says that it verified an image before it builds on it. It rests on the link and the approvals of that
 * image.
 * @throws WharfingerError CUSTODY_INCOMPLETE
 */
export function makeIntake(request: SummaryRequest): object {
  const { stages } = requireComplete(request.report);
  return summaryOf(request, stages.slice(-1), intakeLevel);
}

/**
 * Makes the predicate by which a registry says that it walked the whole chain of a final image, so that a client needs one command.
 * @throws WharfingerError CUSTODY_INCOMPLETE
 */
export function makeChainSummary(request: SummaryRequest): object {
  return summaryOf(request, requireComplete(request.report).stages, chainComplete);
}

function summaryOf(request: SummaryRequest, stages: readonly StageReport[], level: string): object {
  const { report, registry, verifier, policyUri, policyDigest, now } = request;
  return writeVerificationSummary({
    verifier,
    timeVerified: wholeSeconds(now),
    resourceUri: resourceUri({ registry, repository: report.repository }, report.digest),
    policy: {
      ...(policyUri === undefined ? {} : { uri: policyUri }),
      digest: policyDigest ?? report.layoutDigest,
    },
    inputs: statementsOf(stages),
    passed: true,
    levels: [level],
  });
}

/** Payload digests of all that stages rest on, each once. */
export function statementsOf(stages: readonly StageReport[]): readonly Digest[] {
  const all = stages.flatMap(({ link, approvals, intake }) => [
    link,
    ...approvals.map(({ statement }) => statement),
    ...(intake === undefined ? [] : [intake.statement]),
  ]);
  return [...new Set(all)];
}

/**
 * Nobody builds on, or vouches for, what is not complete.
 * @throws WharfingerError CUSTODY_INCOMPLETE
 */
export function requireComplete(report: CustodyReport): CustodyReport {
  if (report.complete && report.kind === 'image') return report;
  const [first] = report.problems;
  throw new WharfingerError('CUSTODY_INCOMPLETE', {
    what:
      first === undefined
        ? `${report.repository}@${report.digest} is no image of one platform`
        : `${first.message}${report.problems.length > 1 ? `; and ${report.problems.length - 1} more problems` : ''}`,
  });
}
