import type { Collection, Routine } from './routine.ts';

/** What is different between two collections. */
export interface CollectionDiff {
  readonly from: Named;
  readonly to: Named;
  /** names of routines */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedRoutine[];
}

interface Named {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

export interface ChangedRoutine {
  readonly routine: string;
  /** fields whose content is another, `parameters` aside */
  readonly fields: ReadonlyArray<{ readonly field: string; readonly from: string; readonly to: string }>;
  readonly parameters: readonly ChangedParameter[];
}

/** A parameter that came, went or changed: its declaration as JSON. */
export interface ChangedParameter {
  readonly parameter: string;
  /** absent: it is new */
  readonly from?: string;
  /** absent: it is gone; bindings that give it cannot be carried out */
  readonly to?: string;
}

/** In this order: what decides comes first. */
const fields = [
  'expression',
  'variables',
  'needs',
  'appliesTo',
  'validUntil',
  'message',
  'details',
  'remedy',
  'title',
  'description',
  'tests',
] as const satisfies ReadonlyArray<keyof Routine>;

/** Compares two collections, routine by routine, by name. */
export function diffCollections(from: Collection, to: Collection): CollectionDiff {
  const [before, after] = [byName(from), byName(to)];
  const changed: ChangedRoutine[] = [];
  for (const [name, routine] of after) {
    const old = before.get(name);
    const change = old && diffRoutines(old, routine);
    if (change) changed.push(change);
  }
  return {
    from: named(from),
    to: named(to),
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed,
  };
}

function named({ name, version, digest }: Collection): Named {
  return { name, version, digest };
}

function byName({ routines }: Collection): ReadonlyMap<string, Routine> {
  return new Map(routines.map((routine) => [routine.name, routine]));
}

function diffRoutines(from: Routine, to: Routine): ChangedRoutine | undefined {
  const different = fields
    .map((field) => ({ field, from: asText(from[field]), to: asText(to[field]) }))
    .filter((change) => change.from !== change.to);
  const parameters = [...new Set([...Object.keys(from.parameters), ...Object.keys(to.parameters)])]
    .map((parameter): ChangedParameter => {
      const [old, young] = [from.parameters[parameter], to.parameters[parameter]];
      return {
        parameter,
        ...(old && { from: JSON.stringify(old) }),
        ...(young && { to: JSON.stringify(young) }),
      };
    })
    .filter((change) => change.from !== change.to);
  if (different.length === 0 && parameters.length === 0) return undefined;
  return { routine: to.name, fields: different, parameters };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
