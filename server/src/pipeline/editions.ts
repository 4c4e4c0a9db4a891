import { holdOn } from '@wharfinger/lib/assess/judge-facts';
import { digestOfJudgement, serialiseJudgement } from '@wharfinger/lib/assess/judgement';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Edition } from '../access/judgement.ts';
import type { Policy } from '../access/policy.ts';
import type { Db } from '../db/schema.ts';
import { standingHolds } from '../stores/holds.ts';
import type { Placed } from '../stores/repositories.ts';
import { lastJudgement, putJudgement } from '../stores/judgements.ts';

/** A judgement may be judged by for this long; it is made anew when half of it is over. */
const judgementLifetimeMs = 7 * 24 * 3_600_000;

/** Instances that make an edition at once try again with the next number. */
const maxTries = 10;

/** The editions of one process. */
export interface Editions {
  /** The judgement in force, as a document that is kept. */
  readonly current: () => Promise<Judgement>;
  /**
   * Sees to it that an edition says what verdicts of an image are about to rest on: this policy, and whether the image is
   * held by hand, by whom and why.
   */
  ensure(policy: Policy, place: Placed, held: Facts['held']): Promise<void>;
}

/** Makes editions as they are needed; asked many times for the same it looks once. */
export function createEditions(parts: {
  readonly db: Db;
  readonly policy: () => Policy;
  readonly now: () => Date;
}): Editions {
  let last: { readonly policy: Policy; readonly judgement: Judgement } | undefined;
  async function make(policy: Policy): Promise<Judgement> {
    const judgement = await currentJudgement(parts.db, policy, parts.now);
    last = { policy, judgement };
    return judgement;
  }
  return {
    current: () => make(parts.policy()),
    async ensure(policy, { repository, digest }, held) {
      const known = last?.policy === policy ? last.judgement : undefined;
      if (!known || !isSame(holdOn(known, repository, digest), held)) await make(policy);
    },
  };
}

function isSame(listed: Facts['held'], held: Facts['held']): boolean {
  return listed?.at === held?.at && listed?.by === held?.by && listed?.reason === held?.reason;
}

/**
 * The judgement that is in force, as a document: the edition made last where nothing changed and it is young enough, else a
 * new one with the next number, which is kept: verdicts are recomputed by it later. All instances share one row of numbers.
 */
async function currentJudgement(db: Db, policy: Policy, clock: () => Date): Promise<Judgement> {
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const last = await lastJudgement(db);
    // not before: one that another has made meanwhile would seem to be of the future, and what decided then would change afterwards
    const now = clock();
    const holds = (await standingHolds(db)).map(({ repository, digest, by, at, reason }) => ({
      repository,
      digest,
      by,
      at: at.toISOString(),
      reason,
    }));
    if (last) {
      const same = policy.judgement(editionOf(last.version, last.madeAt), holds);
      const age = now.getTime() - last.madeAt.getTime();
      if (age >= 0 && age < judgementLifetimeMs / 2 && digestOfJudgement(same) === last.digest) return same;
    }
    const version = (last?.version ?? 0) + 1;
    const judgement = policy.judgement(editionOf(version, now), holds);
    const stored = { version, digest: digestOfJudgement(judgement), madeAt: now };
    if (await putJudgement(db, stored, serialiseJudgement(judgement))) return judgement;
  }
  throw new WharfingerError('INTERNAL', { what: 'what decides changes faster than it can be written down' });
}

function editionOf(version: number, madeAt: Date): Edition {
  return {
    version,
    madeAt: madeAt.toISOString(),
    expires: new Date(madeAt.getTime() + judgementLifetimeMs).toISOString(),
  };
}
