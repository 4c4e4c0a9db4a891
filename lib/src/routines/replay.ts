import { effectiveBindings } from './effective-bindings.ts';
import type { Facts } from './facts.ts';
import { judge } from './judge.ts';
import type { BindingRecord } from './records.ts';
import type { Collection } from './routine.ts';
import type { Effect, Outcome, Purpose, Verdict } from './verdict.ts';

/** Rules that are tried before they are bound. */
export interface ProposedRules {
  readonly bindings: readonly BindingRecord[];
  readonly collections: readonly Collection[];
}

/** An image that was pulled, and what is known of it. */
export interface ReplayedPull {
  readonly facts: Facts;
  /** how often it was served, and refused */
  readonly served: number;
  readonly refused: number;
  /** the time that it is judged for: that of the last pull */
  readonly at: Date;
}

/**
 * What proposed rules do to a pull: `refuses` what was served; `warns` about what was served; `serves` what was refused, if they stood alone;
 * `same`.
 */
export type ReplayEffect = 'refuses' | 'serves' | 'warns' | 'same';

export interface Replayed {
  readonly effect: ReplayEffect;
  readonly verdict: Verdict;
}

/** All routines of a collection, or those named, with their defaults and one effect, for every repository. */
export function bindAll(
  collection: Collection,
  names: readonly string[] | undefined,
  effect: Effect,
): BindingRecord[] {
  return collection.routines
    .filter(({ name }) => names === undefined || names.includes(name))
    .map(({ name }) => ({
      id: name,
      collection: collection.name,
      routine: name,
      parameters: {},
      scope: {},
      purposes: ['pull'],
      effect,
    }));
}

/**
 * Judges a pull of the past by proposed rules alone, as for the time of the pull, with the facts that are known today.
 *
 * @throws WharfingerError BINDING_INVALID for windows that were never checked
 */
export function replayPull(pull: ReplayedPull, rules: ProposedRules, purpose: Purpose): Replayed {
  const { facts, at } = pull;
  const repository = facts.repository ?? { name: facts.image.repository };
  const { bindings } = effectiveBindings(rules.bindings, repository, rules.collections, purpose, at);
  const verdict = judge(facts, bindings, purpose, at);
  return { effect: effectOf(pull, verdict.outcome), verdict };
}

function effectOf({ served, refused }: ReplayedPull, outcome: Outcome): ReplayEffect {
  if (outcome === 'hold' || outcome === 'deny') return served > 0 ? 'refuses' : 'same';
  if (refused > 0 && served === 0) return 'serves';
  return outcome === 'warn' ? 'warns' : 'same';
}
