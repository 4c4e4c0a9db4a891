import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { growingCache } from '../memory/growing-cache.ts';

/** What the gate needs of a verdict. */
export interface GateVerdict {
  /** true: serve it (allow or warn) */
  readonly serves: boolean;
  /** sentences for the person who pulls; empty where nothing is wrong */
  readonly reasons: readonly string[];
  /** milliseconds since 1970; Infinity: time alone does not change it */
  readonly validUntil: number;
}

/**
 * Verdicts in memory, so that a pull asks no database. Whoever changes what a verdict rests on says so here, and the
 * next pull judges again: `forget` for one image, `forgetRepository` when what a repository refers to has changed.
 */
export interface VerdictMemory {
  get(repository: string, digest: string, now: number): GateVerdict | undefined;
  /** Remembers a verdict, unless it was forgotten after `since` (taken by `mark` before the facts were read). */
  set(repository: string, digest: string, verdict: GateVerdict, since: number): void;
  forget(repository: string, digest: string): void;
  forgetAll(): void;
  /** True if the image's verdict was forgotten after `since`. */
  changedSince(repository: string, digest: string, since: number): boolean;
  /** A point in the order of changes. */
  mark(): number;
  /** Grows whenever an answer about blobs of the repository may have changed. */
  generation(repository: string): number;
  touch(repository: string): void;
}

const maxVerdicts = 250_000;

export function createVerdictMemory(): VerdictMemory {
  const verdicts = growingCache<string, GateVerdict>(maxVerdicts);
  /** the last change of each key: bounded, for a slow judgement must not bring back what was forgotten meanwhile */
  const changedAt = growingCache<string, number>(maxVerdicts);
  const generations = new Map<string, number>();
  let clock = 0;
  let allForgottenAt = 0;
  const keyOf = (repository: string, digest: string): string => `${repository}@${digest}`;
  const touch = (repository: string): void => {
    clock += 1;
    generations.set(repository, clock);
  };
  const changedSince = (repository: string, digest: string, since: number): boolean =>
    (changedAt.get(keyOf(repository, digest)) ?? 0) > since || allForgottenAt > since;
  return {
    changedSince,
    get(repository, digest, now) {
      const verdict = verdicts.get(keyOf(repository, digest));
      return verdict && verdict.validUntil > now ? verdict : undefined;
    },
    set(repository, digest, verdict, since) {
      if (changedSince(repository, digest, since)) return;
      const key = keyOf(repository, digest);
      const before = verdicts.get(key);
      verdicts.set(key, verdict);
      if (before?.serves !== verdict.serves) touch(repository);
    },
    forget(repository, digest) {
      const key = keyOf(repository, digest);
      touch(repository);
      changedAt.set(key, clock);
      verdicts.delete(key);
    },
    forgetAll() {
      clock += 1;
      allForgottenAt = clock;
      verdicts.clear();
    },
    mark: () => clock,
    generation: (repository) => Math.max(generations.get(repository) ?? 0, allForgottenAt),
    touch,
  };
}

/** Reduces a verdict to what the gate needs. */
export function toGateVerdict(
  verdict: Verdict,
  explain: (verdict: Verdict) => readonly string[],
): GateVerdict {
  const serves = verdict.outcome === 'allow' || verdict.outcome === 'warn';
  return {
    serves,
    reasons: serves ? [] : explain(verdict),
    validUntil: verdict.validUntil === undefined ? Infinity : Date.parse(verdict.validUntil),
  };
}
