import { strictestDefaults } from './default-bindings.ts';
import { looseningIn } from './overlay.ts';
import { mistakesInParameters } from './parameter.ts';
import type { Mistake } from './plain-check.ts';
import type { BindingRecord } from './records.ts';
import type { Collection, Routine } from './routine.ts';

/** Overlays in a row, from one binding to the last that it rests on. */
const longestChain = 16;

/**
 * What is wrong with bindings as a whole: ids that stand twice, collections, routines and parameters that do not exist, overlays
 * that loosen what they overlay. A path leads to the field, beginning with the index of the binding.
 *
 * @param collections the first is the one of the default bindings, which overlays may name
 */
export function mistakesInBindings(
  records: readonly BindingRecord[],
  collections: readonly Collection[],
): Mistake[] {
  const byId = bindingsById(records, collections);
  const seen = new Set<string>();
  return records.flatMap((record, index) => {
    const { id } = record;
    const twice = seen.has(id) ? [{ path: [index, 'id'], what: `stands twice: ${id}` }] : [];
    seen.add(id);
    return [...twice, ...mistakesInBinding(record, byId, collections).map((mistake) => at(index, mistake))];
  });
}

function at(index: number, { path, what }: Mistake): Mistake {
  return { path: [index, ...path], what };
}

/** What overlays may name: records by their ids, and the default bindings as strict as they are anywhere. */
export function bindingsById(
  records: readonly BindingRecord[],
  collections: readonly Collection[],
): ReadonlyMap<string, BindingRecord> {
  const defaults = collections.slice(0, 1).flatMap(({ name }) => strictestDefaults(name));
  return new Map([...defaults, ...records].map((record) => [record.id, record]));
}

/** What is wrong with one binding among others: what it names, and what it overlays. */
export function mistakesInBinding(
  record: BindingRecord,
  byId: ReadonlyMap<string, BindingRecord>,
  collections: readonly Collection[],
): Mistake[] {
  const routine = findRoutine(record, collections);
  if ('mistake' in routine) return [routine.mistake];
  const parameters = mistakesInParameters(record.parameters, routine.found.parameters);
  return [
    ...parameters.map((what): Mistake => ({ path: ['parameters'], what })),
    ...mistakesInOverlay(record, byId, routine.found).map((what): Mistake => ({ path: ['overlays'], what })),
  ];
}

/** The routine that a binding names. */
export function findRoutine(
  { collection: name, routine: wanted }: Pick<BindingRecord, 'collection' | 'routine'>,
  collections: readonly Collection[],
): { readonly found: Routine } | { readonly mistake: Mistake } {
  const collection = collections.find((one) => one.name === name);
  if (!collection) return { mistake: { path: ['collection'], what: `there is no collection ${name} here` } };
  const found = collection.routines.find((one) => one.name === wanted);
  if (found) return { found };
  const what = `the collection ${name} ${collection.version} has no routine ${wanted}`;
  return { mistake: { path: ['routine'], what } };
}

function mistakesInOverlay(
  record: BindingRecord,
  byId: ReadonlyMap<string, BindingRecord>,
  routine: Routine,
): string[] {
  const { overlays } = record;
  if (overlays === undefined) return [];
  const parent = byId.get(overlays);
  if (!parent) return [`there is no binding ${overlays} here`];
  let next: BindingRecord | undefined = parent;
  for (let links = 1; next?.overlays !== undefined; links += 1) {
    if (links >= longestChain || next.id === record.id)
      return [`overlays lead in a circle, or through more than ${longestChain} bindings`];
    next = byId.get(next.overlays);
  }
  if (parent.delegable === true) {
    const same = parent.collection === record.collection && parent.routine === record.routine;
    return same ? [] : looseningIn(record, parent, routine);
  }
  return looseningIn(record, parent, routine).map(
    (what) => `would loosen ${parent.id}, which is not delegable: ${what}`,
  );
}
