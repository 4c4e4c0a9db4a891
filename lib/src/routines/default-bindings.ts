import { WharfingerError } from '../errors.ts';
import { unwaivable, type BindingRecord } from './records.ts';
import type { Collection } from './routine.ts';
import type { Effect, Purpose } from './verdict.ts';

/** What a namespace says about how its images are judged. */
export interface GatePolicy {
  /** `warn`: all is checked and served; `hold`: only what passed is served */
  readonly gate: 'warn' | 'hold';
  /** hold, with the signature routine bound */
  readonly official: boolean;
  /** true: the trust policy names keys for the repository */
  readonly keysTrusted: boolean;
}

/** Whether an image may be used is asked at these; a push is taken in whatever it is, and judged afterwards. */
const purposes: readonly Purpose[] = ['pull', 'deploy', 'promote'];

/** Hold whatever the gate, when the facts are against the image. */
const always = ['parts-present', 'not-held-by-hand', 'not-malicious'];
/** Follow the gate: whether the image is what it should be. */
const gated = ['inventory-complete', 'advisories-known', 'no-fixable-vulnerabilities'];
/**
 * Warn whatever the gate: how the image was built, and what lies in it that should not. Most public base images run as root, and few
 * record their base; of secrets and ways to log in those that were looked at have none.
 */
const advice = ['non-root', 'pinned-base', 'maximum-age', 'no-secrets', 'no-logins'];

/** One object for all bindings, by which evaluations of routines know that they have the same. */
const noParameters = {};

/** What the default binding of a routine is called. No record can be called so: the ids of records have no slash. */
export function defaultBindingId(routine: string): string {
  return `default/${routine}`;
}

/**
 * The bindings that a repository has by its namespace's policy alone (docs/decisions/0021-default-bindings.md says why
 * these): what holds always, what follows the gate, what only advises. `signed` follows the gate where keys are trusted for the
 * repository, and holds where the namespace is official. Under `warn`, what cannot be decided yet is served. Overlays may loosen
 * those that waivers may excuse from (0039-default-bindings-have-names.md).
 *
 * @param collection name of the one that has the routines
 */
export function defaultBindings(policy: GatePolicy, collection: string): readonly BindingRecord[] {
  const gate: Effect = policy.official ? 'hold' : policy.gate;
  const bind = (routine: string, effect: Effect, undecided: Effect): BindingRecord => ({
    id: defaultBindingId(routine),
    collection,
    routine,
    parameters: noParameters,
    scope: {},
    purposes,
    effect,
    undecided,
    delegable: !unwaivable.has(routine),
  });
  return [
    ...always.map((name) => bind(name, 'hold', gate)),
    ...(policy.official || policy.keysTrusted ? [bind('signed', gate, gate)] : []),
    ...gated.map((name) => bind(name, gate, gate)),
    ...advice.map((name) => bind(name, 'warn', 'warn')),
  ];
}

/** All of them, as strict as they are anywhere: what tightens these tightens them in every repository. */
export function strictestDefaults(collection: string): readonly BindingRecord[] {
  return defaultBindings({ gate: 'hold', official: true, keysTrusted: true }, collection);
}

/**
 * Demands that a collection has every routine that binds by default.
 * @throws WharfingerError ROUTINE_INVALID where it lacks one
 */
export function demandDefaultRoutines(collection: Collection): void {
  for (const { routine: name } of strictestDefaults(collection.name))
    if (!collection.routines.some((routine) => routine.name === name))
      throw new WharfingerError('ROUTINE_INVALID', {
        what: `the collection ${collection.name} ${collection.version} has no routine ${name}`,
      });
}
