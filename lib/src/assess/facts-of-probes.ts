import type { BoundProbe } from '../probes/bound-probe.ts';
import type { ProbeFact } from '../routines/facts/checks.ts';
import type { StatedProbe } from './predicates/probe.ts';

/**
 * What counts of all that probes found: for each probe that is bound, the last run of that very image of it. Of two of one time
 * the one without a result counts, so that a second statement never makes a run better.
 *
 * @returns by name, in order; undefined: none of them was run
 */
export function factsOfProbes(
  stated: readonly StatedProbe[],
  bound: readonly BoundProbe[],
): Readonly<Record<string, ProbeFact>> | undefined {
  const facts: Array<[string, ProbeFact]> = [];
  for (const { name, digest } of bound) {
    const [last] = stated.filter((one) => one.name === name && one.digest === digest).sort(compareRuns);
    if (last === undefined) continue;
    const { name: _, evidence: __, ...fact } = last;
    facts.push([name, fact]);
  }
  return facts.length === 0 ? undefined : Object.fromEntries(facts);
}

function compareRuns(a: StatedProbe, b: StatedProbe): number {
  return (
    Date.parse(b.at) - Date.parse(a.at) ||
    Number(a.complete) - Number(b.complete) ||
    (a.evidence < b.evidence ? -1 : 1)
  );
}
