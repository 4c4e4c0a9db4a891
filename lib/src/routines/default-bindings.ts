import type { Binding, Collection } from './routine.ts';

/** What a namespace says about how its images are judged. */
export interface GatePolicy {
  /** `warn`: all is checked and served; `hold`: only what passed is served */
  readonly gate: 'warn' | 'hold';
  /** hold, with the signature routine bound */
  readonly official: boolean;
  /** true: the trust policy names keys for the repository */
  readonly keysTrusted: boolean;
}

/** The bindings that a repository has by its namespace's policy alone. `collection` is the standard collection. */
export declare function bindingsFor(policy: GatePolicy, collection: Collection): readonly Binding[];
