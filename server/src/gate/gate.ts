import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { Caller, GateAnswer, GateQuestion } from '@wharfinger/lib/registry/host';
import { isOpen } from '@wharfinger/lib/registry/access';
import type { Right } from '../config/schema.ts';
import { growingCache } from '../memory/growing-cache.ts';
import type { GateVerdict, VerdictMemory } from './verdict-memory.ts';

/** What the gate asks of the rest. */
export interface GateParts {
  readonly catalog: Catalog;
  readonly memory: VerdictMemory;
  /** The verdict that stands now, judged then and there if there is none; it lies in memory afterwards. */
  readonly verdictOf: (repository: string, digest: string) => Promise<GateVerdict>;
  readonly may: (caller: Caller, right: Right, repository: string) => boolean;
  /** Told when something held is read by its publisher, a signer or an inspector. */
  readonly onHeldRead: (question: GateQuestion, by: 'publisher' | 'examiner') => void;
  readonly readBackMs: number;
  readonly now: () => Date;
}

/** Decides what is served. Both questions are answered without a promise where the answer lies in memory. */
export interface Gate {
  manifest(question: GateQuestion): GateAnswer | Promise<GateAnswer>;
  blob(question: GateQuestion): GateAnswer | Promise<GateAnswer>;
}

interface BlobAnswer {
  readonly verdict: GateVerdict;
  readonly generation: number;
}

const served: GateAnswer = { serve: true };
const maxBlobAnswers = 250_000;

/** Manifests asked about for one blob: a base layer may be in thousands, and one that may be served is enough. */
const maxReferring = 10_000;

export function createGate(parts: GateParts): Gate {
  const blobAnswers = growingCache<string, BlobAnswer>(maxBlobAnswers);

  const verdictFor = (repository: string, digest: string): GateVerdict | Promise<GateVerdict> =>
    parts.memory.get(repository, digest, parts.now().getTime()) ?? parts.verdictOf(repository, digest);

  /** A blob is as good as the best manifest of this repository that refers to it. */
  async function blobVerdict(repository: string, digest: GateQuestion['digest']): Promise<GateVerdict> {
    const generation = parts.memory.generation(repository);
    let held: GateVerdict | undefined;
    const referring = await parts.catalog.manifestsReferringTo(repository, digest);
    let answer: GateVerdict | undefined;
    for (const manifest of referring.slice(0, maxReferring)) {
      const verdict = await verdictFor(repository, manifest);
      if (verdict.serves) {
        answer = verdict;
        break;
      }
      held = { ...verdict, validUntil: Math.min(verdict.validUntil, held?.validUntil ?? Infinity) };
    }
    answer ??= held ?? {
      serves: false,
      reasons: ['no manifest of this repository refers to this blob'],
      validUntil: Infinity,
    };
    blobAnswers.set(`${repository}@${digest}`, { verdict: answer, generation });
    return answer;
  }

  function knownBlobVerdict(repository: string, digest: string): GateVerdict | undefined {
    const known = blobAnswers.get(`${repository}@${digest}`);
    if (!known || known.generation !== parts.memory.generation(repository)) return undefined;
    return known.verdict.validUntil > parts.now().getTime() ? known.verdict : undefined;
  }

  /** Held: only those may read it whose task it is, and for a while whoever pushed it. */
  async function answerHeld(
    question: GateQuestion,
    verdict: GateVerdict,
    findPush: () => Promise<{ pushedBy: string | null; pushedAt: Date } | undefined>,
  ): Promise<GateAnswer> {
    const { caller, repository, digest } = question;
    const isOpened = caller.opens !== undefined && isOpen(caller.opens, repository, digest);
    if (isOpened || parts.may(caller, 'inspect', repository) || parts.may(caller, 'sign', repository)) {
      parts.onHeldRead(question, 'examiner');
      return served;
    }
    const push = caller.principal === null ? undefined : await findPush();
    if (
      push?.pushedBy === caller.principal &&
      parts.now().getTime() - push.pushedAt.getTime() < parts.readBackMs
    ) {
      parts.onHeldRead(question, 'publisher');
      return served;
    }
    return { serve: false, reasons: verdict.reasons };
  }

  return {
    manifest(question) {
      const { repository, digest } = question;
      const decide = (verdict: GateVerdict): GateAnswer | Promise<GateAnswer> =>
        verdict.serves
          ? served
          : answerHeld(question, verdict, () => parts.catalog.getManifest(repository, digest));
      const verdict = verdictFor(repository, digest);
      return verdict instanceof Promise ? verdict.then(decide) : decide(verdict);
    },
    blob(question) {
      const { repository, digest } = question;
      const decide = (verdict: GateVerdict): GateAnswer | Promise<GateAnswer> =>
        verdict.serves
          ? served
          : answerHeld(question, verdict, () => parts.catalog.findBlob(repository, digest));
      const known = knownBlobVerdict(repository, digest);
      return known ? decide(known) : blobVerdict(repository, digest).then(decide);
    },
  };
}
