import { isDeepStrictEqual } from 'node:util';
import { underList } from '@wharfinger/lib/assess/judge-facts';
import { explainBriefly } from '@wharfinger/lib/routines/explain';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { toGateVerdict, type GateVerdict } from '../gate/verdict-memory.ts';
import type { Placed } from '../stores/repositories.ts';
import { getVerdict } from '../stores/verdicts.ts';
import { judgeImages, placeText } from './judge-images.ts';
import { verdictMadeFrom } from './make-verdicts.ts';
import type { PipelineParts } from './parts.ts';
import { asPull } from './pulls-first.ts';

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
    const { verdicts, overtaken, failures } = await judgeImages(parts, [place]);
    const [failure] = failures;
    if (failure) throw failure.error;
    const changed = parts.memory.changedSince(place.repository, place.digest, since);
    if ((changed || overtaken.length > 0) && attempt < maxTries) continue;
    return verdicts.get(placeText(place));
  }
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
  const isSame = kept && isDeepStrictEqual(kept.madeFrom, verdictMadeFrom(policy, rules));
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
      const place = { repository, digest: digest as Placed['digest'] };
      answer = asPull(() => answerGate(parts, place)).finally(() => asked.delete(key));
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
