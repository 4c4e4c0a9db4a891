import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason } from '../signing/refusal.ts';
import type { AcceptedLink, Refusal } from './choose-link.ts';
import type { CustodyImage } from './custody-image.ts';
import { distinctPeople, rolesAreFilled, type Person } from './distinct-people.ts';
import { stateAt } from './judge-time.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import type { CustodyProblemCode } from './problem.ts';
import type { CountedApproval } from './report.ts';
import { readApproval, type Approval } from './statements/approval.ts';
import { scopeMismatch } from './statements/scope.ts';

export interface ApprovalCount {
  /** those that count; more than one may be of one person */
  readonly counted: readonly CountedApproval[];
  readonly refusals: readonly Refusal[];
  /** RFC 3339: when time may change the count */
  readonly times: readonly string[];
  /** absent: there are enough */
  readonly problem?: { readonly code: CustodyProblemCode; readonly what: string };
}

/** Counts who approves an image for a stage: different people with different keys, each in a role that he may have. */
export function countApprovals(
  image: CustodyImage,
  stage: CustodyStage,
  layout: CustodyLayout,
  accepted: AcceptedLink,
  statements: readonly VerifiedStatement[],
  now: Date,
): ApprovalCount {
  const refusals: Refusal[] = [];
  const times: string[] = [];
  const counted: CountedApproval[] = [];
  const scope = { registry: layout.registry, repository: image.repository, platform: image.platform };
  for (const statement of statements) {
    if (statement.predicateType !== predicateTypes.approval || statement.subject !== image.digest) continue;
    const refuse = (code: CustodyProblemCode, reason: string) =>
      refusals.push({ code, reason, evidence: statement.evidence });
    const approval = readOr(statement, (reason) => refuse('approval-invalid', reason));
    if (approval === undefined) continue;
    const elsewhere = scopeMismatch(approval.scope, scope);
    const against =
      elsewhere === undefined
        ? objection(approval, statement, stage, accepted)
        : {
            code: 'approval-scope' as const,
            reason: `the approval of ${approval.approver} does not count here: ${elsewhere}`,
          };
    if (against !== undefined) {
      refuse(against.code, against.reason);
      continue;
    }
    times.push(approval.notBefore, approval.notAfter);
    const state = stateAt(approval, now);
    if (state === 'not-yet') {
      refuse(
        'approval-not-yet',
        `the approval of ${approval.approver} is valid from ${approval.notBefore} on`,
      );
    } else if (state === 'expired') {
      refuse('approval-expired', `the approval of ${approval.approver} has expired at ${approval.notAfter}`);
    } else counted.push(countedOf(approval, statement));
  }
  const problem = shortage(stage, counted, refusals);
  return { counted, refusals, times, ...(problem === undefined ? {} : { problem }) };
}

function readOr(statement: VerifiedStatement, refuse: (reason: string) => void): Approval | undefined {
  try {
    return readApproval(statement.predicate);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    refuse(reason);
    return undefined;
  }
}

function objection(
  approval: Approval,
  { signer }: VerifiedStatement,
  stage: CustodyStage,
  accepted: AcceptedLink,
): { code: CustodyProblemCode; reason: string } | undefined {
  const who = `${signer.principal} (${signer.key})`;
  const { approvals } = stage;
  if (approval.stage !== stage.name) {
    return {
      code: 'approval-stage',
      reason: `${who} approved it for stage ${approval.stage}, not for ${stage.name}`,
    };
  }
  if (!approvals.signers.includes(signer.key)) {
    return { code: 'approval-signer', reason: `approvals by ${who} do not count for stage ${stage.name}` };
  }
  if (!signer.purposes.includes('stamp')) {
    return { code: 'approval-purpose', reason: `${who} approved it, but is not trusted for stamps` };
  }
  if (approval.approver !== signer.principal) {
    return {
      code: 'approval-approver',
      reason: `${who} signed an approval in the name of ${approval.approver}`,
    };
  }
  const holders = Object.hasOwn(approvals.roles, approval.role) ? approvals.roles[approval.role] : undefined;
  if (holders?.includes(signer.principal) !== true) {
    return {
      code: 'approval-role',
      reason: `${who} approved it as ${approval.role}, which he is not in stage ${stage.name}`,
    };
  }
  if (approvals.notByTheTeam === true && isOfTheTeam(signer, accepted, stage)) {
    return {
      code: 'approval-by-team',
      reason: `${who} belongs to team ${accepted.link.team}, which may not approve its own work`,
    };
  }
  return undefined;
}

function isOfTheTeam(
  { key, keyId, principal, team }: VerifiedStatement['signer'],
  accepted: AcceptedLink,
  stage: CustodyStage,
): boolean {
  const { team: linked } = accepted.link;
  return (
    team === linked ||
    accepted.signers.some((linker) => linker.keyId === keyId || linker.principal === principal) ||
    stage.teams.some((one) => one.team === linked && one.signers.includes(key))
  );
}

function countedOf(approval: Approval, statement: VerifiedStatement): CountedApproval {
  const { signer, payloadDigest, evidence } = statement;
  return {
    role: approval.role,
    principal: signer.principal,
    key: signer.key,
    keyId: signer.keyId,
    ...(approval.ticket === undefined ? {} : { ticket: approval.ticket }),
    notAfter: approval.notAfter,
    statement: payloadDigest,
    evidence,
  };
}

/** What keeps the approvals from being enough. */
function shortage(
  stage: CustodyStage,
  counted: readonly CountedApproval[],
  refusals: readonly Refusal[],
): ApprovalCount['problem'] {
  const { needed, neededByRole = {} } = stage.approvals;
  const people = distinctPeople(counted);
  const names = people.map(({ principals }) => principals.join(' or ')).join(', ');
  const has = `stage ${stage.name} needs ${needed} ${needed === 1 ? 'approval' : 'approvals'} by different people with different keys`;
  if (people.length < needed) {
    if (counted.length >= needed) {
      return {
        code: 'approvals-not-distinct',
        what: `${has}; ${counted.length} count, but they are all by ${names}`,
      };
    }
    const [latest] = [...refusals].sort((a, b) => rank(b) - rank(a));
    return {
      code: latest?.code ?? 'approvals-short',
      what: `${has}; it has ${people.length}${people.length === 0 ? '' : `, by ${names}`}`,
    };
  }
  const open = Object.entries(neededByRole).map(([role, number]) => `${number} as ${role}`);
  if (!rolesAreFilled(people, neededByRole)) {
    return {
      code: 'approvals-roles',
      what: `stage ${stage.name} needs ${open.join(' and ')}, each by another person; it has ${namesWithRoles(people)}`,
    };
  }
  return undefined;
}

function namesWithRoles(people: readonly Person[]): string {
  return (
    people.map(({ principals, roles }) => `${principals.join(' or ')} as ${roles.join(' or ')}`).join(', ') ||
    'none'
  );
}

const ranks: readonly CustodyProblemCode[] = [
  'approval-invalid',
  'approval-scope',
  'approval-stage',
  'approval-signer',
  'approval-purpose',
  'approval-approver',
  'approval-role',
  'approval-by-team',
  'approval-not-yet',
  'approval-expired',
];

/** The further a statement got, the more its refusal tells. */
function rank({ code }: Refusal): number {
  return ranks.indexOf(code);
}
