import type { Digest } from '../../oci/digest.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, onlyKeys } from '../../signing/strict-fields.ts';
import { custodyLimits } from '../limits.ts';
import {
  absent,
  digestField,
  listOf,
  optionalText,
  predicateFields,
  textOf,
  validityOf,
  type Validity,
} from './fields.ts';
import { readScope, type StatementScope } from './scope.ts';

/** Outcomes of routines that somebody may approve with. Bad news is never stated in what cosign takes for a signature. */
const results = ['passed', 'warned'] as const;

/** Predicate of an approval: somebody of a role approves an image for a stage. Its subject is the manifest of one platform. */
export interface Approval extends Validity {
  readonly scope: StatementScope;
  readonly stage: string;
  readonly role: string;
  /** the principal whose key signs it */
  readonly approver: string;
  readonly decision: 'approve';
  /** what was checked for it: digests of routines, or of collections, and how they went */
  readonly routines: ReadonlyArray<{ readonly digest: Digest; readonly result: (typeof results)[number] }>;
  readonly ticket?: string;
}

/**
 * Reads the predicate of an approval, strictly: it has no other fields than these.
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function readApproval(predicate: unknown): Approval {
  const fields = predicateFields(predicate, 'approval');
  onlyKeys(
    fields,
    ['scope', 'stage', 'role', 'approver', 'decision', 'routines', 'ticket', 'notBefore', 'notAfter'],
    'the approval',
  );
  if (fields['decision'] !== 'approve') refuse('its decision is not approve');
  const ticket = fields['ticket'] === '' ? undefined : optionalText(fields['ticket'], 'ticket');
  return {
    scope: readScope(fields['scope']),
    stage: textOf(fields['stage'], 'stage'),
    role: textOf(fields['role'], 'role'),
    approver: textOf(fields['approver'], 'approver'),
    decision: 'approve',
    routines: absent(fields['routines'])
      ? []
      : listOf(fields['routines'], 'routines', custodyLimits.items, readRoutine),
    ...(ticket === undefined ? {} : { ticket }),
    ...validityOf(fields),
  };
}

function readRoutine(value: unknown, where: string): Approval['routines'][number] {
  const fields = objectOf(value, where);
  onlyKeys(fields, ['digest', 'result'], where);
  return {
    digest: digestField(fields['digest'], `${where}.digest`),
    result:
      results.find((known) => known === fields['result']) ??
      refuse(`${where}.result is not ${results.join(' or ')}: nobody approves what failed`),
  };
}
