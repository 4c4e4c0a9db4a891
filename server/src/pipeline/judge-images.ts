import { underList } from '@wharfinger/lib/assess/judge-facts';
import { explainBriefly } from '@wharfinger/lib/routines/explain';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import type { Policy } from '../access/policy.ts';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { toGateVerdict } from '../gate/verdict-memory.ts';
import type { Placed } from '../stores/repositories.ts';
import { keepVerdicts } from './keep-verdicts.ts';
import { knowImages, type KnownImage } from './known-images.ts';
import { makeVerdicts, type VerdictToKeep } from './make-verdicts.ts';
import type { PipelineParts } from './parts.ts';
import { letPullsPass } from './pulls-first.ts';

/** What came of judging images. */
export interface Judged {
  /** by repository and digest (`placeText`); those that are not in their repository any more are left out */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** the verdict was not kept: another one came between. Judge these again */
  readonly overtaken: readonly Placed[];
  readonly failures: ReadonlyArray<{ readonly place: Placed; readonly error: unknown }>;
}

/** How a place is looked up in `Judged`. */
export function placeText({ repository, digest }: Placed): string {
  return `${repository}@${digest}`;
}

/** Verdicts kept in one transaction: pulls that wait to keep one of their own do not wait for long. */
const keptTogether = 16;

/**
 * Images of which what they share is looked up once. While these are judged the next ones are read and those before are kept, so that
 * the threads of the database have work as well: as much as is known of three times as many lies in memory together.
 */
const judgedTogether = 128;

/**
 * Judges images by all that is known now, keeps the verdicts, what they were made of and which of them say something else than
 * before, and tells the gate. A verdict that was untrue before it was written never stands, for it says which facts it was made of.
 *
 * @param done called in each transaction that keeps verdicts, with the images that are done
 */
export async function judgeImages(
  parts: PipelineParts,
  places: readonly Placed[],
  done?: Done,
): Promise<Judged> {
  const all: Judged[] = [];
  const groups = [...chunks(places, judgedTogether)];
  let reading = groups[0] && begun(readSome(parts, groups[0]));
  let keeping = Promise.resolve();
  try {
    for (let next = 1; reading; next += 1) {
      const read = await reading;
      reading = groups[next] && begun(readSome(parts, groups[next]!));
      const made = await makeVerdicts(parts, read.policy, read.known);
      await keeping;
      keeping = begun(keepSome(parts, read, made, done).then((kept) => void all.push(kept)));
    }
    await keeping;
  } finally {
    // who is told that it failed can be sure that nothing goes on
    await Promise.allSettled([reading, keeping]);
  }
  return {
    verdicts: new Map(all.flatMap(({ verdicts }) => [...verdicts])),
    overtaken: all.flatMap(({ overtaken }) => overtaken),
    failures: all.flatMap(({ failures }) => failures),
  };
}

/** Something that is waited for later, and may fail before. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

type Done = (trx: Db, places: readonly Placed[]) => Promise<void>;

/** Images with all that they are judged by. */
interface Read {
  /** before anything was read */
  readonly since: number;
  readonly policy: Policy;
  readonly places: readonly Placed[];
  readonly known: readonly KnownImage[];
  readonly failures: ReadonlyArray<{ readonly place: Placed; readonly error: unknown }>;
}

async function readSome(parts: PipelineParts, places: readonly Placed[]): Promise<Read> {
  const since = parts.memory.mark();
  const policy = await parts.freshPolicy();
  const failures: Array<{ place: Placed; error: unknown }> = [];
  const known = await knowImages(parts, places, policy, (place, error) => failures.push({ place, error }));
  return { since, policy, places, known, failures };
}

async function keepSome(
  parts: PipelineParts,
  { since, places, known, failures }: Read,
  made: readonly VerdictToKeep[],
  done: Done | undefined,
): Promise<Judged> {
  const verdicts = new Map(made.map((one) => [placeText(one.place), underList(one.verdict, one.rules)]));
  const overtaken: Placed[] = [];
  const missing = new Set(
    [...known.map(({ basis }) => basis), ...failures.map(({ place }) => place)].map(placeText),
  );
  const gone = places.filter((place) => !missing.has(placeText(place)));
  if (gone.length > 0 && done) await transact(parts.db, (trx) => done(trx, gone));
  for (let at = 0; at < made.length; at += keptTogether) {
    const some = made.slice(at, at + keptTogether);
    await letPullsPass();
    const kept = await transact(parts.db, async (trx) => {
      const found = await keepVerdicts(trx, some, parts.now());
      await done?.(
        trx,
        [...found].map(({ place }) => place),
      );
      return found;
    });
    for (const one of some) {
      if (!kept.has(one)) overtaken.push(one.place);
      else {
        const { repository, digest } = one.place;
        const verdict = verdicts.get(placeText(one.place))!;
        parts.memory.set(repository, digest, toGateVerdict(verdict, explainBriefly), since);
      }
    }
  }
  return { verdicts, overtaken, failures };
}
