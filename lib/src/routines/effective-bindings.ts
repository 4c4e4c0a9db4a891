import { bindingsById, findRoutine, mistakesInBinding } from './check-bindings.ts';
import { subjectKinds } from './facts.ts';
import { formatPath } from './plain-check.ts';
import type { BindingRecord } from './records.ts';
import type { Binding, Collection, Routine } from './routine.ts';
import { matchesScope, type ScopedRepository } from './scope.ts';
import { parseTime } from './time.ts';
import type { Purpose } from './verdict.ts';
import { windowState } from './window.ts';

/** Bindings that count now, and until when. */
export interface EffectiveBindings {
  readonly bindings: readonly Binding[];
  /** RFC 3339: others may count then; absent: time does not change them */
  readonly validUntil?: string;
}

/**
 * The bindings that count for one repository, purpose and time: those in whose scope it is and whose window is open, but for those in
 * whose place an overlay stands. One that cannot be carried out (a collection or routine that is not there, an overlay
 * that loosens) is among them as a binding that leaves its routine undecided, and takes nobody's place.
 *
 * @param records all of them, as `readBinding` accepted them; ids are unique
 * @param collections the first is the one of the default bindings
 * @param defaults those that the repository has by its gate (`defaultBindings`)
 * @throws WharfingerError BINDING_INVALID for windows that were never checked
 */
export function effectiveBindings(
  records: readonly BindingRecord[],
  repository: ScopedRepository,
  collections: readonly Collection[],
  purpose: Purpose,
  now: Date,
  defaults: readonly BindingRecord[] = [],
): EffectiveBindings {
  const byId = bindingsById(records, collections);
  const changes: number[] = [];
  const inForce = [...defaults, ...records].filter((record) => {
    if (!record.purposes.includes(purpose) || !matchesScope(record.scope, repository)) return false;
    const { open, changesAt } = windowState(record.window, now);
    if (changesAt) changes.push(changesAt.getTime());
    if (open) changes.push(parseTime(record.graceUntil ?? '') ?? 0);
    return open;
  });
  const made = inForce.map((record) => ({ record, binding: bind(record, byId, collections) }));
  const replaced = new Set(
    made.filter(({ binding }) => binding.mistake === undefined).map(({ record }) => record.overlays),
  );
  const next = Math.min(...changes.filter((time) => time > now.getTime()));
  return {
    bindings: made.filter(({ record }) => !replaced.has(record.id)).map(({ binding }) => binding),
    ...(Number.isFinite(next) && { validUntil: new Date(next).toISOString() }),
  };
}

function bind(
  record: BindingRecord,
  byId: ReadonlyMap<string, BindingRecord>,
  collections: readonly Collection[],
): Binding {
  const routine = findRoutine(record, collections);
  const mistakes = mistakesInBinding(record, byId, collections);
  const { id, parameters, effect, undecided, purposes, graceUntil } = record;
  return {
    id,
    routine: 'found' in routine ? routine.found : absentRoutine(record.routine),
    parameters,
    effect,
    ...(undecided && { undecided }),
    purposes,
    ...(graceUntil !== undefined && { graceUntil }),
    ...(mistakes.length > 0 && {
      mistake: mistakes.map(({ path, what }) => `${formatPath(path)}: ${what}`).join('; '),
    }),
  };
}

/** Stands in a binding for a routine that is not there. */
function absentRoutine(name: string): Routine {
  return {
    name,
    title: name,
    description: 'It is not in the collections that are known here.',
    appliesTo: subjectKinds,
    needs: [],
    parameters: {},
    variables: {},
    expression: 'false',
    message: '"the routine is not known here"',
    remedy: 'add the collection that has the routine, or correct the binding',
    tests: [],
  };
}
