import type { BoundProbe } from '../probes/bound-probe.ts';
import { readScope } from '../routines/read-records.ts';
import type { BoundScanner, GrantRule, Hold } from './judgement-document.ts';
import {
  digest,
  integer,
  listOf,
  optional,
  repositoryPattern,
  shortText,
  textUpTo,
  time,
  type Read,
} from './plain-fields.ts';
import { readSigner, uniqueNames, type TrustNames } from './read-trust.ts';

/** Who may break the glass where. */
export function readGrantRule(names: TrustNames): Read<GrantRule> {
  return (value, path, check) => {
    const fields = check.fields(value, path, ['scope', 'approvers', 'needed', 'maxHours']);
    const approvers = listOf(readSigner(names), 1000)(fields['approvers'], [...path, 'approvers'], check);
    uniqueNames(approvers, [...path, 'approvers'], check);
    return {
      scope: readScope(fields['scope'], [...path, 'scope'], check),
      approvers,
      needed: integer(1, 1000)(fields['needed'], [...path, 'needed'], check),
      maxHours: integer(1, 24 * 31)(fields['maxHours'], [...path, 'maxHours'], check),
    };
  };
}

/** A probe, and the repositories on whose images it is run. */
export const readBoundProbe: Read<BoundProbe> = (value, path, check) => {
  const fields = check.fields(value, path, ['pattern', 'name', 'repository', 'digest', 'signedBy']);
  return {
    pattern: repositoryPattern(fields['pattern'], [...path, 'pattern'], check),
    name: textUpTo(100)(fields['name'], [...path, 'name'], check),
    repository: textUpTo(255)(fields['repository'], [...path, 'repository'], check),
    digest: digest(fields['digest'], [...path, 'digest'], check),
    ...optional(fields, 'signedBy', path, check, textUpTo(200)),
  };
};

/** A scanner, and the repositories about whose images it is asked. */
export const readBoundScanner: Read<BoundScanner> = (value, path, check) => {
  const fields = check.fields(value, path, ['pattern', 'name']);
  return {
    pattern: repositoryPattern(fields['pattern'], [...path, 'pattern'], check),
    name: textUpTo(100)(fields['name'], [...path, 'name'], check),
  };
};

/** What somebody holds by hand. */
export const readHold: Read<Hold> = (value, path, check) => {
  const fields = check.fields(value, path, ['repository', 'digest', 'by', 'at', 'reason']);
  return {
    repository: textUpTo(255)(fields['repository'], [...path, 'repository'], check),
    digest: digest(fields['digest'], [...path, 'digest'], check),
    by: shortText(fields['by'], [...path, 'by'], check),
    at: time(fields['at'], [...path, 'at'], check),
    reason: shortText(fields['reason'], [...path, 'reason'], check),
  };
};
