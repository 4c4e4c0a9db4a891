import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason } from '../signing/refusal.ts';
import type { AcceptedLink, Refusal } from './choose-link.ts';
import type { CustodyImage } from './custody-image.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import type { CustodyProblemCode } from './problem.ts';
import type { CountedIntake } from './report.ts';
import {
  isOfWholeChain,
  readVerificationSummary,
  resourceUri,
  type VerificationSummary,
} from './statements/verification-summary.ts';

/** What a team builds on, and what it says of that. */
export interface IntakeQuestion {
  readonly parent: CustodyImage;
  readonly parentLink: AcceptedLink;
  /** the link of the team that built on it */
  readonly accepted: AcceptedLink;
  readonly stage: CustodyStage;
  readonly layout: CustodyLayout;
}

export interface IntakeFinding {
  /** absent: none counts */
  readonly intake?: CountedIntake;
  readonly refusals: readonly Refusal[];
}

/** Looks for the summary by which a team says that it verified its parent before it built on it, among the statements about the parent. */
export function findIntake(
  question: IntakeQuestion,
  statements: readonly VerifiedStatement[],
): IntakeFinding {
  const refusals: Refusal[] = [];
  const counted: CountedIntake[] = [];
  for (const statement of statements) {
    if (statement.predicateType !== predicateTypes.verificationSummary) continue;
    if (statement.subject !== question.parent.digest) continue;
    const summary = readOr(statement);
    // a registry's word on a whole chain is no word of a team on what it builds on, whoever signs it
    if (typeof summary !== 'string' && isOfWholeChain(summary)) continue;
    const against =
      typeof summary === 'string'
        ? { code: 'intake-invalid' as const, reason: summary }
        : objection(question, summary, statement);
    if (against !== undefined) refusals.push({ ...against, evidence: statement.evidence });
    else if (typeof summary !== 'string') {
      counted.push({
        principal: statement.signer.principal,
        keyId: statement.signer.keyId,
        key: statement.signer.key,
        timeVerified: summary.timeVerified,
        policy: summary.policy.digest,
        statement: statement.payloadDigest,
        evidence: statement.evidence,
      });
    }
  }
  const last = counted.sort((a, b) => Date.parse(b.timeVerified) - Date.parse(a.timeVerified))[0];
  refusals.sort((a, b) => ranks.indexOf(b.code) - ranks.indexOf(a.code));
  return { refusals, ...(last === undefined ? {} : { intake: last }) };
}

function readOr(statement: VerifiedStatement): VerificationSummary | string {
  try {
    return readVerificationSummary(statement.predicate);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/** The further a summary got, the more its refusal tells. */
const ranks: readonly CustodyProblemCode[] = [
  'intake-invalid',
  'intake-signer',
  'intake-purpose',
  'intake-scope',
  'intake-other-link',
  'intake-failed',
  'intake-policy',
  'intake-late',
];

function objection(
  { parent, parentLink, accepted, stage, layout }: IntakeQuestion,
  summary: VerificationSummary,
  { signer }: VerifiedStatement,
): { code: CustodyProblemCode; reason: string } | undefined {
  const { link, statement } = accepted;
  const team = stage.teams.find((one) => one.team === link.team);
  const who = `the summary of ${signer.key}`;
  if (team?.signers.includes(signer.key) !== true) {
    return { code: 'intake-signer', reason: `${who} is not by team ${link.team}` };
  }
  if (!signer.purposes.includes('intake')) {
    return { code: 'intake-purpose', reason: `${who} does not count: the key is not trusted for intakes` };
  }
  const uri = resourceUri({ registry: layout.registry, repository: parent.repository }, parent.digest);
  if (summary.resourceUri !== uri) {
    return { code: 'intake-scope', reason: `${who} is about ${summary.resourceUri}, not about ${uri}` };
  }
  if (!parentLink.payloads.some((payload) => summary.inputs.includes(payload))) {
    return {
      code: 'intake-other-link',
      reason: `${who} does not rest on the link of team ${parentLink.link.team}`,
    };
  }
  if (!summary.passed) return { code: 'intake-failed', reason: `${who} says that the parent did not pass` };
  const { intakePolicies: allowed } = stage;
  if (allowed !== undefined && !allowed.includes(summary.policy.digest)) {
    return {
      code: 'intake-policy',
      reason: `${who} is by the policy ${summary.policy.digest}, which stage ${stage.name} does not allow`,
    };
  }
  const linkedAt = statement.signer.signedAt ?? link.notBefore;
  for (const time of [summary.timeVerified, signer.signedAt]) {
    if (time !== undefined && Date.parse(time) > Date.parse(linkedAt)) {
      return {
        code: 'intake-late',
        reason: `${who} is of ${time}, after team ${link.team} had built on it (${linkedAt})`,
      };
    }
  }
  return undefined;
}
