import { isDeepStrictEqual } from 'node:util';
import { judgeApartFromList, underList } from '@wharfinger/lib/assess/judge-facts';
import { explainBriefly } from '@wharfinger/lib/routines/explain';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import type { Rules } from '@wharfinger/lib/assess/rules-for';
import type { Policy } from '../access/policy.ts';
import { recordAudit } from '../audit/record.ts';
import { transact } from '../db/transaction.ts';
import { toGateVerdict, type GateVerdict } from '../gate/verdict-memory.ts';
import { changesOf } from '../stores/image-changes.ts';
import type { Placed } from '../stores/repositories.ts';
import { packFacts, recordFacts, type PackedFacts } from '../stores/verdict-receipts.ts';
import { getVerdict, lastOutcome, putVerdict, type StoredVerdict } from '../stores/verdicts.ts';
import { gatherFacts } from './gather-facts.ts';
import type { PipelineParts } from './parts.ts';

/** Judged again this often at most when what it rests on changes meanwhile; then the last verdict answers one read. */
const maxTries = 5;

/**
 * Judges an image by all that is known now, keeps the verdict, and tells the gate. What changes while it is judged makes
 * it start again; a verdict that was untrue before it was written never stands, for it says which facts it was made of.
 *
 * @returns undefined if the image is not in the repository any more
 */
export async function judgeImage(parts: PipelineParts, place: Placed): Promise<Verdict | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const since = parts.memory.mark();
    const policy = await parts.freshPolicy();
    const changes = await changesOf(parts.db, place);
    const known = await gatherFacts(parts, place);
    if (!known) return undefined;
    await parts.editions.ensure(policy, place, known.facts.held);
    const now = parts.now();
    const rules = policy.rulesFor(place.repository, 'pull', now);
    const kept = judgeApartFromList(known, rules, 'pull', now);
    const verdict = underList(kept, rules);
    await keep(
      parts,
      { verdict: kept, madeFrom: madeFrom(policy, rules) },
      await packFacts(parts.db, place, known),
      changes.facts,
    );
    const changed = parts.memory.changedSince(place.repository, place.digest, since);
    if (changed && attempt < maxTries) continue;
    if (!changed)
      parts.memory.set(place.repository, place.digest, toGateVerdict(verdict, explainBriefly), since);
    return verdict;
  }
}

/** What a verdict rests on besides the facts. Which edition of the revocation list is in force is asked when it is looked up. */
function madeFrom({ digest }: Policy, { noneCounts }: Rules): StoredVerdict['madeFrom'] {
  return { policy: digest, ...(noneCounts !== undefined && { revocations: 'expired' }) };
}

/** Keeps a verdict, and what it was made of; where the outcome is another one than before, the audit log says so. */
async function keep(
  parts: PipelineParts,
  stored: StoredVerdict,
  packed: PackedFacts | undefined,
  facts: number,
): Promise<void> {
  const { verdict } = stored;
  const place = placeOf(verdict);
  await transact(parts.db, async (trx) => {
    const before = await lastOutcome(trx, place, verdict.purpose);
    const isKept = await putVerdict(trx, stored, facts);
    if (!isKept) return;
    if (packed) await recordFacts(trx, place, packed, new Date(verdict.at));
    if (before === verdict.outcome) return;
    await recordAudit(trx, {
      at: parts.now(),
      actor: null,
      action: 'verdict',
      ...place,
      outcome: verdict.outcome,
      detail: {
        before: before ?? null,
        routines: verdict.reasons.map((reason) => reason.routine),
      },
    });
  });
}

function placeOf(verdict: Verdict): Placed {
  return { repository: verdict.repository, digest: verdict.digest as Placed['digest'] };
}

/**
 * The verdict that stands: the one kept, if neither time nor a change has ended it, else a new one. It holds for as long as the
 * revocation list that is in force now, which may be younger than the verdict: who was revoked meanwhile has ended his own.
 */
export async function standingVerdict(parts: PipelineParts, place: Placed): Promise<Verdict | undefined> {
  const kept = await getVerdict(parts.db, place, 'pull');
  const now = parts.now();
  const policy = parts.policy();
  const rules = policy.rulesFor(place.repository, 'pull', now);
  const isSame = kept && isDeepStrictEqual(kept.madeFrom, madeFrom(policy, rules));
  if (!isSame || !stillValid(kept.verdict, now)) return judgeImage(parts, place);
  return underList(kept.verdict, rules);
}

function stillValid(verdict: Verdict, now: Date): boolean {
  return verdict.validUntil === undefined || Date.parse(verdict.validUntil) > now.getTime();
}

const gone: GateVerdict = { serves: false, reasons: ['it is not in the repository any more'], validUntil: 0 };

/** What the gate asks where nothing lies in memory; many pulls at once of one image are one question. */
export function createVerdictSource(
  parts: PipelineParts,
): (repository: string, digest: string) => Promise<GateVerdict> {
  const asked = new Map<string, Promise<GateVerdict>>();
  return (repository, digest) => {
    const key = `${repository}@${digest} ${parts.memory.mark()}`;
    let answer = asked.get(key);
    if (!answer) {
      answer = answerGate(parts, { repository, digest: digest as Placed['digest'] }).finally(() =>
        asked.delete(key),
      );
      asked.set(key, answer);
    }
    return answer;
  };
}

async function answerGate(parts: PipelineParts, place: Placed): Promise<GateVerdict> {
  const since = parts.memory.mark();
  const verdict = await standingVerdict(parts, place);
  if (!verdict) return gone;
  const answer = toGateVerdict(verdict, explainBriefly);
  parts.memory.set(place.repository, place.digest, answer, since);
  return answer;
}
