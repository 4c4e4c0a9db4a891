import { WharfingerError } from '../errors.ts';
import type { Binding, Collection, Routine } from './routine.ts';
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
/** Warn whatever the gate: how the image was built. Most public base images run as root, and few record their base. */
const advice = ['non-root', 'pinned-base', 'maximum-age'];

/**
 * The bindings that a repository has by its namespace's policy alone (docs/decisions/0021-default-bindings.md says why
 * these): what holds always, what follows the gate, what only advises. `signed` follows the gate where keys are trusted for the
 * repository, and holds where the namespace is official. Under `warn`, what cannot be decided yet is served.
 *
 * @param collection the standard collection, or one that has routines of the same names
 * @throws WharfingerError ROUTINE_INVALID where it lacks one
 */
export function bindingsFor(policy: GatePolicy, collection: Collection): readonly Binding[] {
  const gate: Effect = policy.official ? 'hold' : policy.gate;
  const bind = (name: string, effect: Effect, undecided: Effect): Binding => ({
    routine: routineNamed(name, collection),
    parameters: {},
    effect,
    undecided,
    purposes,
  });
  return [
    ...always.map((name) => bind(name, 'hold', gate)),
    ...(policy.official || policy.keysTrusted ? [bind('signed', gate, gate)] : []),
    ...gated.map((name) => bind(name, gate, gate)),
    ...advice.map((name) => bind(name, 'warn', 'warn')),
  ];
}

/** @throws WharfingerError ROUTINE_INVALID */
export function routineNamed(name: string, collection: Collection): Routine {
  const routine = collection.routines.find((routine) => routine.name === name);
  if (!routine)
    throw new WharfingerError('ROUTINE_INVALID', {
      what: `the collection ${collection.name} ${collection.version} has no routine ${name}`,
    });
  return routine;
}
