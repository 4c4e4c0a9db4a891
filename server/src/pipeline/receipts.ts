import { parseJudgement } from '@wharfinger/lib/assess/judgement';
import { judgeFacts, type KnownFacts } from '@wharfinger/lib/assess/judge-facts';
import { makeReceipt, type Receipt } from '@wharfinger/lib/assess/receipt';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { generationAt } from '../stores/advisory-generation.ts';
import { judgementAt } from '../stores/judgements.ts';
import type { Placed } from '../stores/repositories.ts';
import { factsAt } from '../stores/verdict-receipts.ts';
import { judgeImage, standingVerdict } from './judge.ts';
import type { PipelineParts } from './parts.ts';

/**
 * The receipt of an image's verdict at a time, made from what was recorded: the facts that were known, the judgement that was
 * in force, the advisories that there were. A time that has not come yet is refused.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN where the image was not judged until then; INPUT_INVALID
 */
export async function receiptAt(
  parts: PipelineParts,
  place: Placed,
  purpose: Purpose,
  at: Date,
): Promise<Receipt> {
  if (at > parts.now())
    throw new WharfingerError('INPUT_INVALID', {
      what: `${at.toISOString()} is still to come`,
      remedy: 'ask for a time that has passed; a verdict says itself until when it holds',
    });
  const known = await factsAt(parts.db, place, at);
  const document = await judgementAt(parts.db, at);
  if (!known || !document)
    throw new WharfingerError('MANIFEST_UNKNOWN', {
      what: `${place.repository}@${place.digest} was not judged before ${at.toISOString()}`,
      remedy: 'ask for a later time',
    });
  if (known.validUntil !== undefined && Date.parse(known.validUntil) <= at.getTime())
    throw new WharfingerError('UNAVAILABLE', {
      what: `what was known of ${place.digest} had ended at ${known.validUntil}, and was not looked at again until later`,
      remedy: 'ask for a time before that, or for a later one',
    });
  return makeReceipt({
    known,
    judgement: parseJudgement(document),
    generation: await generationAt(parts.db, at),
    purpose,
    at,
  });
}

/** The receipt of the verdict that stands now. It is made for this very moment, from the facts that the verdict rests on. */
export async function receiptNow(
  parts: PipelineParts,
  place: Placed,
  purpose: Purpose,
): Promise<Receipt | undefined> {
  return (await standingFacts(parts, place)) && receiptAt(parts, place, purpose, parts.now());
}

/** What the verdict rests on that stands: judged anew where anything has changed, which records the facts. */
async function standingFacts(parts: PipelineParts, place: Placed): Promise<KnownFacts | undefined> {
  if (!(await standingVerdict(parts, place))) return undefined;
  const recorded = await factsAt(parts.db, place, parts.now());
  if (recorded) return recorded;
  // the verdict is older than the records
  return (await judgeImage(parts, place)) && factsAt(parts.db, place, parts.now());
}

/** The verdict that stands now for any purpose; undefined: the image is not in the repository. */
export async function verdictFor(
  parts: PipelineParts,
  place: Placed,
  purpose: Purpose,
): Promise<Verdict | undefined> {
  const standing = await standingVerdict(parts, place);
  if (!standing || purpose === 'pull') return standing;
  const known = await standingFacts(parts, place);
  const now = parts.now();
  return known && judgeFacts(known, parts.policy().rulesFor(place.repository, purpose, now), purpose, now);
}
