import { WharfingerError } from '@wharfinger/lib/errors';
import { formatReference, parseReference, type Reference } from '@wharfinger/lib/oci/reference';
import { isAllowed, type Decision, type Judge } from './decision.ts';
import { endOf, type DecisionMemory } from './decision-memory.ts';
import type { Limit } from './limit.ts';

/**
 * Milliseconds that a tag is taken to name what it named, and that a refusal counts: enough for many pods at once, not for two
 * releases.
 */
const briefly = 2000;

/** What the decider works with. */
export interface DeciderParts {
  /** who judges the images of a host; `*` every host that is not named */
  readonly judges: ReadonlyMap<string, Judge>;
  readonly memory: DecisionMemory;
  readonly limit: Limit;
  /** milliseconds that one look-up may take */
  readonly lookup: number;
  /** milliseconds since 1970 */
  readonly now: () => number;
  readonly count: DeciderCounts;
}

/** How often what happened, since the start. */
export interface DeciderCounts {
  /** decisions that were asked for */
  asked: number;
  /** of these, answered from memory */
  remembered: number;
  /** of these, answered by a look-up that was under way for another */
  shared: number;
  lookups: number;
  failures: number;
}

export function noCounts(): DeciderCounts {
  return { asked: 0, remembered: 0, shared: 0, lookups: 0, failures: 0 };
}

/**
 * Decides by reference whether an image may run. The same question asked by many at the same time is looked up once. Where
 * something fails, nothing is decided: it throws.
 *
 * @param budget milliseconds that may be waited; the look-up goes on, for whoever asks next
 */
export type Decide = (image: string, budget: number) => Promise<Decision>;

/**
 * The decider over some judges.
 * @throws WharfingerError, from what is returned: REFERENCE_INVALID, REGISTRY_NOT_LISTED, DECISION_LATE, TOO_MANY_REQUESTS and
 * what judges throw
 */
export function makeDecider({ judges, memory, limit, lookup, now, count }: DeciderParts): Decide {
  const underWay = new Map<string, Promise<Decision>>();

  /** What fails because it was cut off is late, whatever the failure looks like. */
  async function judgeInTime(judge: Judge, reference: Reference): Promise<Decision> {
    const signal = AbortSignal.timeout(lookup);
    try {
      return await limit(() => judge.judge(reference, signal));
    } catch (cause) {
      if (!signal.aborted) throw cause;
      const what = `${formatReference(reference)} took more than ${lookup} ms`;
      throw new WharfingerError('DECISION_LATE', { what, cause });
    }
  }

  async function lookUp(judge: Judge, reference: Reference): Promise<Decision> {
    count.lookups += 1;
    const decision = await judgeInTime(judge, reference);
    if (reference.digest !== undefined && decision.digest !== reference.digest) {
      throw new WharfingerError('REMOTE_FAILED', {
        what: `${formatReference(reference)} was asked for, and ${decision.digest} was judged`,
      });
    }
    if (endOf(decision) <= now()) {
      throw new WharfingerError('DECISION_LATE', {
        what: `what was decided of ${formatReference(reference)} has ended at ${decision.validUntil}`,
      });
    }
    const { judgedBy, digest } = decision;
    // who mends what was refused wants to see it at once
    const longest = isAllowed(decision) ? undefined : briefly;
    if (reference.digest === undefined) memory.keep(keyOf(judgedBy, reference), decision, briefly);
    memory.keep(keyOf(judgedBy, { ...withoutTag(reference), digest }), decision, longest);
    return decision;
  }

  return async (image, budget) => {
    count.asked += 1;
    const parsed = parseReference(image);
    const reference = { ...parsed, registry: hostKey(parsed.registry) };
    const judge = judgeOf(judges, reference.registry);
    if (judge === undefined) {
      throw new WharfingerError('REGISTRY_NOT_LISTED', { what: reference.registry });
    }
    const version = await judge.version();
    const key = keyOf(version, reference.digest === undefined ? reference : withoutTag(reference));
    const known = memory.recall(key);
    if (known !== undefined) {
      count.remembered += 1;
      return known;
    }
    let flight = underWay.get(key);
    if (flight === undefined) {
      flight = lookUp(judge, reference)
        .catch((error: unknown) => {
          count.failures += 1;
          throw error;
        })
        .finally(() => underWay.delete(key));
      // who waits may have given up by the time that it fails
      flight.catch(() => {});
      underWay.set(key, flight);
    } else count.shared += 1;
    return withinBudget(flight, budget, image);
  };
}

function keyOf(version: string, reference: Reference): string {
  return `${version} ${formatReference(reference)}`;
}

function withoutTag({ registry, repository, digest }: Reference): Reference {
  return { registry, repository, ...(digest === undefined ? {} : { digest }) };
}

/** A host as judges are listed by: the same in any case, and Docker Hub by the shorter of its two names. */
export function hostKey(registry: string): string {
  const host = registry.toLowerCase();
  return host === 'index.docker.io' ? 'docker.io' : host;
}

/** Who judges the images of a host. */
export function judgeOf(judges: ReadonlyMap<string, Judge>, registry: string): Judge | undefined {
  return judges.get(hostKey(registry)) ?? judges.get('*');
}

async function withinBudget<T>(work: Promise<T>, budget: number, image: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new WharfingerError('DECISION_LATE', { what: `${image} took more than ${budget} ms` })),
      Math.max(budget, 0),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
