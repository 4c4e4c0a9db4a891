import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import { isIndexType } from '@wharfinger/lib/oci/media-types';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import type { PromotionActs, PromotionWish } from '../api/promotions/routes.ts';
import { recordAudit } from '../audit/record.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { currentOrigin } from '../identity/origin.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { namespaceOf, type Job, type JobRequest } from '../jobs/job.ts';
import { getImage } from '../stores/images.ts';
import {
  addPromotion,
  endPromotion,
  getPromotion,
  promotionsInto,
  putPromotionVerdict,
  waitingPromotions,
  waitingPromotionsOf,
  type Promotion,
} from '../stores/promotions.ts';
import type { Placed } from '../stores/repositories.ts';
import { belongingTo, partsOfImage } from './belonging.ts';
import { copyWithin } from './copy-within.ts';
import { judgeElsewhere } from './judge-elsewhere.ts';
import type { PipelineParts } from './parts.ts';

/** A promotion that waits longer than this is given up. */
const patienceMs = 30 * 24 * 3_600_000;

/** Promotions that one look at all that wait takes up. */
const sweepSize = 500;

/**
 * Asks that an image be brought into another repository. It is judged as an image of that one, for the purpose of promotion,
 * by evidence that speaks of that one: at once, and again whenever something that is known of it changes. What passes is
 * copied with all that refers to it; what is held waits; what is denied is refused.
 */
async function requestPromotion(parts: PipelineParts, wish: PromotionWish): Promise<Promotion> {
  const { from, to, digest, tags, by } = wish;
  const requestedAt = parts.now();
  const id = await transact(parts.db, async (trx) => {
    const expires = new Date(requestedAt.getTime() + patienceMs);
    const added = await addPromotion(trx, { from, to, digest, tags, requestedBy: by, requestedAt, expires });
    await recordAudit(trx, {
      ...currentOrigin(),
      at: requestedAt,
      actor: by,
      action: 'promotion-request',
      repository: to,
      digest,
      outcome: 'done',
      detail: { promotion: added.id, from, tags },
    });
    await enqueue(trx, [jobOf(added.id, to)], requestedAt);
    return added.id;
  });
  await advancePromotion(parts, id);
  return (await getPromotion(parts.db, id))!;
}

/** What the API does with promotions. */
export function createPromotionActs(parts: PipelineParts): PromotionActs {
  return {
    request: (wish) => requestPromotion(parts, wish),
    get: (id) => getPromotion(parts.db, id),
    list: (repository, page) => promotionsInto(parts.db, repository, page),
    cancel: (id, by) => cancelPromotion(parts, id, by),
  };
}

/** Takes back a promotion that waits. @throws WharfingerError NOT_FOUND */
async function cancelPromotion(parts: PipelineParts, id: number, by: string): Promise<void> {
  const promotion = await getPromotion(parts.db, id);
  if (!promotion || !(await end(parts, promotion, 'cancelled', by)))
    throw new WharfingerError('NOT_FOUND', {
      what: `no promotion ${id} waits`,
      remedy: 'wharf promotions lists them',
    });
}

/** The worker's part: looks at one promotion again. */
export async function promoteJob(parts: PipelineParts, job: Job): Promise<void> {
  await advancePromotion(parts, Number(job.key));
}

/** Has all that wait looked at again: time, policy or evidence elsewhere may have changed. */
export async function sweepPromotions(parts: PipelineParts): Promise<void> {
  const failures: unknown[] = [];
  for (let after = 0, ids: number[]; ; after = ids.at(-1)!) {
    ids = await waitingPromotions(parts.db, after, sweepSize);
    for (const id of ids) await advancePromotion(parts, id).catch((error: unknown) => failures.push(error));
    if (ids.length < sweepSize) break;
  }
  if (failures.length > 0) throw new AggregateError(failures, 'promotions could not be looked at');
}

/** Asks that the promotions of images be looked at again of which something else is known now. */
export async function followPromotions(db: Db, places: readonly Placed[], at: Date): Promise<void> {
  const waiting = await waitingPromotionsOf(db, places);
  const jobs: JobRequest[] = waiting.map(({ id, from }) => jobOf(id, from));
  if (jobs.length > 0) await enqueue(db, jobs, at);
}

function jobOf(id: number, repository: string): JobRequest {
  return { kind: 'promote', key: String(id), namespace: namespaceOf(repository), priority: 25 };
}

async function advancePromotion(parts: PipelineParts, id: number): Promise<void> {
  const promotion = await getPromotion(parts.db, id);
  if (promotion?.state !== 'waiting') return;
  if (promotion.expires <= parts.now()) {
    await end(parts, promotion, 'expired', null);
    return;
  }
  const verdict = (await mayStill(parts, promotion)) ? await judgeAll(parts, promotion) : undefined;
  if (!verdict) {
    await end(parts, promotion, 'cancelled', null); // the image was deleted, or a right was taken back
    return;
  }
  if (!(await putPromotionVerdict(parts.db, id, verdict))) return;
  if (verdict.outcome === 'deny') await end(parts, promotion, 'refused', null, verdict);
  if (!isPassed(verdict)) return;
  const { from, to, digest } = promotion;
  try {
    const admitted = await admit(parts, { from, to, digest });
    if (admitted === 'later')
      await enqueue(parts.db, [{ ...jobOf(id, to), runAfter: soon(parts) }], parts.now());
    // asked again, since what it was judged by is younger than the first answer
    else if (await mayStill(parts, promotion)) await carryOut(parts, promotion, verdict, admitted);
    else await end(parts, promotion, 'cancelled', null);
  } catch (error) {
    // what asking again would not change has ended
    if (isWharfingerError(error) && error.status < 500) await end(parts, promotion, 'refused', null, verdict);
    throw error;
  }
}

/** Rights are those of the moment in which it is done, however long it waited. */
async function mayStill(parts: PipelineParts, { from, to, requestedBy }: Promotion): Promise<boolean> {
  const { rights } = await parts.freshPolicy();
  const caller = { principal: requestedBy, address: '', client: '' };
  return rights.may(caller, 'pull', from) && rights.may(caller, 'promote', to);
}

/**
 * The verdict on the image, or on the first that does not pass of what lies in it: what an index brings along is not better for
 * that. Undefined: it is not there any more.
 */
async function judgeAll(parts: PipelineParts, { from, to, digest }: Promotion): Promise<Verdict | undefined> {
  let own: Verdict | undefined;
  for (const part of (await partsOfImage(parts.catalog, from, digest)).keys()) {
    const verdict = await judgeElsewhere(parts, { repository: from, digest: part }, to, 'promote');
    if (verdict && !isPassed(verdict)) return verdict;
    own ??= verdict;
  }
  return own;
}

function isPassed({ outcome }: Verdict): boolean {
  return outcome === 'allow' || outcome === 'warn';
}

type Admitted = Awaited<ReturnType<typeof belongingTo>>;

/** Inspection of what was pushed a moment ago is over so soon, as a rule. */
const aMomentMs = 300;

function soon({ now }: PipelineParts): Date {
  return new Date(now().getTime() + aMomentMs);
}

/**
 * All that is to come along. What refers to the image is judged by the rules of the target as well, by itself: anybody who may
 * push can say of anything that it is about the image, also of an image. What was not taken apart yet is waited for.
 */
async function admit(
  parts: PipelineParts,
  { from, to, digest }: Pick<Promotion, 'from' | 'to' | 'digest'>,
): Promise<Admitted | 'later'> {
  let isKnown = true;
  const found = await belongingTo(parts.catalog, from, digest, async ({ digest: one, mediaType }) => {
    if (!isIndexType(mediaType) && !(await getImage(parts.db, one, knownFormats))) {
      isKnown = false;
      return false;
    }
    const verdict = await judgeElsewhere(parts, { repository: from, digest: one }, to, 'promote');
    return verdict !== undefined && isPassed(verdict);
  });
  return isKnown ? found : 'later';
}

async function carryOut(
  parts: PipelineParts,
  promotion: Promotion,
  verdict: Verdict,
  manifests: Admitted,
): Promise<void> {
  const { from, to, digest, tags, requestedBy } = promotion;
  await copyWithin(parts.catalog, {
    from,
    to,
    digest,
    manifests,
    tags,
    immutable: (tag) => parts.policy().isTagImmutable(to, tag),
    by: requestedBy,
    at: parts.now(),
  });
  await end(parts, promotion, 'done', null, verdict);
}

async function end(
  parts: PipelineParts,
  { id, from, to, digest, tags, requestedBy }: Promotion,
  state: 'done' | 'refused' | 'cancelled' | 'expired',
  by: string | null,
  verdict?: Verdict,
): Promise<boolean> {
  const at = parts.now();
  return transact(parts.db, async (trx) => {
    if (!(await endPromotion(trx, id, state, { by, at }))) return false;
    await recordAudit(trx, {
      ...(by !== null && currentOrigin()),
      at,
      actor: by,
      action: 'promotion',
      repository: to,
      digest,
      outcome: state === 'done' ? 'done' : 'denied',
      detail: {
        promotion: id,
        state,
        from,
        tags,
        requestedBy,
        ...(verdict && { reasons: verdict.reasons.map(({ routine, effect }) => ({ routine, effect })) }),
      },
    });
    return true;
  });
}
