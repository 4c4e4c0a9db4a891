import type { Judgement, RepositoryRule } from '@wharfinger/lib/assess/judgement';
import type { Collection } from '@wharfinger/lib/routines/routine';
import type { Policy } from '../../access/policy.ts';

/** Everything that decides here as one document. A namespace stands for its own name and all that lies below. */
export function judgementOf({ config }: Policy, collection: Collection, now: Date): Judgement {
  return {
    format: 1,
    madeAt: now.toISOString(),
    repositories: config.namespaces.flatMap(({ name, gate, official }): RepositoryRule[] => {
      const patterns = name === '*' ? ['**'] : [name, `${name}/**`];
      return patterns.map((pattern) => ({ pattern, gate, official, bindings: [] }));
    }),
    trust: config.trust,
    collection,
  };
}
