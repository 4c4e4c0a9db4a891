import { canonical } from '@wharfinger/lib/assess/judgement';
import type { ChainWays } from '@wharfinger/lib/assess/look-up-evidence';
import type { Ancestry } from '@wharfinger/lib/custody/ancestry';
import type { StatementReport } from '@wharfinger/lib/custody/chain-source';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/schema.ts';
import { evidenceStates, stateKey } from '../stores/evidence-states.ts';
import type { Placed } from '../stores/repositories.ts';

/** Remembers what was found out about the images that others are built on, so that it is found out once for all of them. */
export interface ChainMemory {
  /**
   * For one walk from an image, by one trust. What is remembered counts only for this trust, its revocations included, and
   * while every image that it is about is there with the same evidence; that is asked of the database each time, so that
   * it holds for what other processes change as well.
   */
  open(own: Placed, trust: TrustSet, now: Date): Required<Pick<ChainWays, 'memo' | 'through'>>;
}

type States = ReadonlyMap<string, number>;

interface Kept {
  readonly places: readonly Placed[];
  /** of the evidence that it was made from, by place */
  readonly states: States;
}

/** @param maxBytes about how much is remembered */
export function createChainMemory(db: Db, maxBytes = 32 * 1024 * 1024): ChainMemory {
  const bounds = { maxSize: maxBytes / 2, maxEntrySize: maxBytes / 16 };
  const ancestries = new LRUCache<string, Kept & { readonly ancestry: Ancestry }>(bounds);
  const reports = new LRUCache<string, { state: number; at: number; report: StatementReport }>(bounds);
  const generations = new WeakMap<TrustSet, string>();

  function generationOf(trust: TrustSet): string {
    const known = generations.get(trust) ?? digestOf(canonical(trust));
    generations.set(trust, known);
    return known;
  }

  return {
    open(own, trust, now) {
      const generation = generationOf(trust);
      const seen = watchStates(db);
      return {
        memo: {
          generation,
          async get(key) {
            const kept = ancestries.get(key);
            return kept && (await seen.areStill(kept)) ? kept.ancestry : undefined;
          },
          set(key, ancestry) {
            // What is against an image may be over without anything changing that is looked at here.
            if (ancestry.problems.length > 0) return;
            const places = ancestry.evidence.filter(({ what }) => what === 'manifest');
            const states = seen.of(places);
            if (states) ancestries.set(key, { places, states, ancestry }, { size: sizeOf(ancestry) });
          },
        },
        through: (source) => ({
          ...source,
          async statements(repository, digest) {
            const place = { repository, digest };
            const state = await seen.look(place);
            const key = `${generation} ${stateKey(place)}`;
            const kept = reports.get(key);
            if (kept && kept.state === state && inTime(kept, now)) return kept.report;
            const report = await source.statements(repository, digest);
            if (state !== undefined && stateKey(place) !== stateKey(own))
              reports.set(key, { state, at: now.getTime(), report }, { size: sizeOf(report) });
            return report;
          },
        }),
      };
    },
  };
}

/** The states of evidence as one walk finds them, each before the evidence itself is read. */
function watchStates(db: Db) {
  const found = new Map<string, number>();
  /** true: evidence changed while it was read, so that nobody can tell what was made from which */
  let torn = false;
  const note = (key: string, state: number): void => {
    torn ||= (found.get(key) ?? state) !== state;
    if (!found.has(key)) found.set(key, state);
  };
  return {
    async look(place: Placed): Promise<number | undefined> {
      const key = stateKey(place);
      const state = (await evidenceStates(db, [place])).get(key);
      if (state !== undefined) note(key, state);
      return state;
    },
    async areStill({ places, states }: Kept): Promise<boolean> {
      const current = await evidenceStates(db, places);
      if (![...states].every(([key, state]) => current.get(key) === state)) return false;
      for (const [key, state] of states) note(key, state);
      return !torn;
    },
    /** undefined: not all are known for certain */
    of(places: readonly Placed[]): States | undefined {
      const states = new Map<string, number>();
      for (const key of places.map(stateKey)) {
        const state = found.get(key);
        if (torn || state === undefined) return undefined;
        states.set(key, state);
      }
      return states;
    },
  };
}

function inTime({ at, report }: { at: number; report: StatementReport }, now: Date): boolean {
  const time = now.getTime();
  return at <= time && (report.validUntil === undefined || time < Date.parse(report.validUntil));
}

/** About as many bytes as it takes, at least one. */
function sizeOf(value: Ancestry | StatementReport): number {
  return JSON.stringify(value).length;
}
