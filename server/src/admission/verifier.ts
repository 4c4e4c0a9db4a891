import { WharfingerError } from '@wharfinger/lib/errors';
import { formatReference } from '@wharfinger/lib/oci/reference';
import type { Session } from '../cli/session.ts';
import type { VerifierConfig } from './config.ts';
import { isAllowed, type Decision } from './decision.ts';
import { makeDecisionMemory, endOf } from './decision-memory.ts';
import { judgeOf, makeDecider, noCounts } from './decide.ts';
import { judgesFor } from './judges.ts';
import { openKeptDecisions } from './kept-decisions.ts';
import { makeLimit } from './limit.ts';
import { readQuestion } from './verifier-arguments.ts';

/** What is printed: containerd shows it to who pulls. */
export interface Conclusion {
  readonly allowed: boolean;
  readonly text: string;
}

/** containerd reads no more than 32 KiB; a person less. */
const longestText = 4000;

/**
 * Decides for one node whether it may pull an image.
 * @throws WharfingerError: then nothing is known, and it must not be pulled
 */
export async function verifyForNode(
  args: readonly string[],
  descriptor: Uint8Array,
  config: VerifierConfig,
  session: Session,
): Promise<Conclusion> {
  const reference = readQuestion(args, descriptor);
  const judges = judgesFor(config.registries, config.platforms, session);
  const judge = judgeOf(judges, reference.registry);
  const image = formatReference(reference);
  const now = (): number => session.now().getTime();
  const kept = config.cache === undefined ? undefined : await openKeptDecisions(config.cache, now);
  const key = judge && `${await judge.version()} ${config.platforms.join()} ${image}`;
  const known = key === undefined ? undefined : await kept?.recall(key);
  if (known !== undefined) return conclude(image, known);
  const decide = makeDecider({
    judges,
    memory: makeDecisionMemory(1, config.keep, now),
    limit: makeLimit(1, 0),
    lookup: config.budget,
    now,
    count: noCounts(),
  });
  const decision = await decide(image, config.budget);
  // who mends what was refused wants to see it at once
  if (key !== undefined && isAllowed(decision))
    await kept?.keep(key, decision, Math.min(now() + config.keep, endOf(decision)));
  return conclude(image, decision);
}

function conclude(image: string, decision: Decision): Conclusion {
  const allowed = isAllowed(decision);
  if (allowed)
    return { allowed, text: [`${image} passed`, ...decision.warnings].join('; ').slice(0, longestText) };
  if (decision.reasons.length === 0) {
    throw new WharfingerError('INTERNAL', { what: `${image} is refused, and no reason is known` });
  }
  const word = decision.outcome === 'deny' ? 'denied' : 'held';
  return { allowed, text: `${word} by wharfinger: ${decision.reasons.join(' ')}`.slice(0, longestText) };
}
