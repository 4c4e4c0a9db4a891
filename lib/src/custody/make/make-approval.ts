import type { CustodyImage } from '../custody-image.ts';
import type { Approval } from '../statements/approval.ts';
import { validFor, type Period } from './period.ts';

export interface ApprovalRequest
  extends Period, Pick<Approval, 'stage' | 'role' | 'approver' | 'routines' | 'ticket'> {
  readonly image: CustodyImage;
  /** logical identity of the registry */
  readonly registry: string;
}

/**
 * Makes the predicate of an approval.
 * @throws WharfingerError INPUT_INVALID where it would be over before it begins
 */
export function makeApproval(request: ApprovalRequest): Approval {
  const { image, registry, stage, role, approver, routines, ticket } = request;
  return {
    scope: { registry, repository: image.repository, platform: image.platform },
    stage,
    role,
    approver,
    decision: 'approve',
    routines,
    ...(ticket === undefined ? {} : { ticket }),
    ...validFor(request),
  };
}
