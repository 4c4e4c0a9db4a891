import { judgeApartFromList, underList } from '@wharfinger/lib/assess/judge-facts';
import { verdictChange, type MadeVerdict } from '@wharfinger/lib/assess/verdict-change';
import { digestOfPart, partsOf } from '@wharfinger/lib/routines/fact-parts';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { InventoryFacts } from '@wharfinger/lib/routines/facts/contents';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { explainBriefly } from '@wharfinger/lib/routines/explain';
import { rememberingEvaluator, type EvaluationLog } from '@wharfinger/lib/routines/remembered-results';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import type { Rules } from '@wharfinger/lib/assess/rules-for';
import type { Policy } from '../access/policy.ts';
import { auditEntry } from '../audit/entry.ts';
import { recordAll } from '../audit/record.ts';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { toGateVerdict } from '../gate/verdict-memory.ts';
import { serialiseResults } from '../stores/kept-results.ts';
import type { Placed } from '../stores/repositories.ts';
import { recordReports } from '../stores/recorded-reports.ts';
import { recordVerdictChanges, type VerdictEvent } from '../stores/verdict-events.ts';
import {
  digestOfInventory,
  packFacts,
  packInventory,
  recordedInventories,
  recordFacts,
  recordInventories,
  type PackedFacts,
  type PackedInventory,
  type RecordedFacts,
} from '../stores/verdict-receipts.ts';
import { putVerdicts, type NewVerdict, type StoredVerdict } from '../stores/verdicts.ts';
import { findingChanges, type FindingChange } from './finding-changes.ts';
import { inTurns } from './in-turns.ts';
import { knowImages, type KnownImage } from './known-images.ts';
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

/** Inventories that are read at once: to unpack them keeps the thread from answering pulls. */
const inventoriesTogether = 8;

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
      const made = await judgeAll(parts, read.policy, read.known);
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
  made: readonly Made[],
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
      const found = await keep(trx, some, parts.now());
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

/** A verdict that was made, with all that is to be kept of it. */
interface Made extends NewVerdict {
  readonly place: Placed;
  readonly rules: Rules;
  readonly packed: PackedFacts | undefined;
  readonly inventory: PackedInventory | undefined;
  readonly event: VerdictEvent | undefined;
  readonly before: Verdict | undefined;
}

async function judgeAll(
  parts: PipelineParts,
  policy: Policy,
  images: readonly KnownImage[],
): Promise<readonly Made[]> {
  for (const { basis, known } of images) await parts.editions.ensure(policy, basis, known.facts.held);
  // one time for all: then what routines say of a finding at this time is the same for all that have it
  const at = parts.now();
  const tried = await inTurns(images, (image) => judgeKnown(parts, policy, image, at));
  const lacking = tried.flatMap(({ log, image }) =>
    log.lacksInventory && image.inventory ? [image.inventory.digest] : [],
  );
  const inventories = await inventoriesOf(parts, new Set(lacking));
  const changes = await findingChanges(
    parts.db,
    tried.map(({ image }) => image),
  );
  return inTurns(tried, async (one, index) => {
    const { image, log } = one;
    if (!log.lacksInventory) return finish(parts, policy, one, changes[index]!);
    const inventory: InventoryFacts | undefined = inventories.get(image.inventory!.digest);
    if (!inventory) throw new Error(`the inventory ${image.inventory!.digest} was recorded and is gone`);
    const known = { ...image.known, facts: withInventory(image.known.facts, inventory) };
    const whole = judgeKnown(parts, policy, { ...image, known }, at, log);
    return finish(parts, policy, { ...whole, image }, changes[index]!);
  });
}

/** Recorded inventories, by digest. */
async function inventoriesOf(
  { db }: PipelineParts,
  digests: ReadonlySet<string>,
): Promise<ReadonlyMap<string, InventoryFacts>> {
  const found = new Map<string, InventoryFacts>();
  for (const some of chunks([...digests], inventoriesTogether)) {
    await letPullsPass();
    for (const [digest, inventory] of await recordedInventories(db, some)) found.set(digest, inventory);
  }
  return found;
}

/** In their usual order, as everywhere. */
function withInventory({ image, ...rest }: Facts, inventory: InventoryFacts): Facts {
  return { image, inventory, ...rest };
}

interface JudgedOne {
  readonly image: KnownImage;
  readonly rules: Rules;
  readonly verdict: Verdict;
  readonly log: EvaluationLog;
}

/** @param before what was done for the same image already */
function judgeKnown(
  { results: memory }: PipelineParts,
  policy: Policy,
  image: KnownImage,
  at: Date,
  before?: EvaluationLog,
): JudgedOne {
  const { facts } = image.known;
  const rules = policy.rulesFor(facts.image.repository, 'pull', at);
  const parts = partsOf(facts, partsKnown(image));
  const { evaluate, log } = rememberingEvaluator(facts, parts, memory.around(image.results));
  const verdict = judgeApartFromList(image.known, rules, 'pull', at, evaluate);
  if (before) {
    log.evaluated += before.evaluated;
    log.reused -= before.evaluated;
  }
  if (!log.lacksInventory) memory.count(log);
  return { image, rules, verdict, log };
}

function partsKnown({ inventory }: KnownImage): ReadonlyArray<readonly [string, string]> {
  return Object.entries(inventory?.parts ?? {}).map(([name, digest]) => [`inventory.${name}`, digest]);
}

async function finish(
  { db }: PipelineParts,
  policy: Policy,
  { image, rules, verdict, log }: JudgedOne,
  change: FindingChange,
): Promise<Made> {
  const { basis, known } = image;
  const { repository, digest, last, recorded } = basis;
  const place = { repository, digest };
  const madeFrom = verdictMadeFrom(policy, rules);
  const { inventory, scanners } = known.facts;
  const reports = scanners && (await recordReports(db, scanners));
  const inventoryDigest = image.inventory?.digest ?? (inventory && digestOfInventory(inventory));
  const after = {
    verdict,
    facts: comparable(
      { ...known.facts, ...(reports && { scanners: reports }) } as RecordedFacts,
      change.after,
      inventoryDigest,
    ),
    policy: policy.digest,
  };
  const before: MadeVerdict | undefined = last && {
    verdict: last.verdict,
    facts: recorded ? comparable(recorded.facts, change.before, recorded.inventory?.digest) : after.facts,
    policy: String(last.madeFrom['policy']),
  };
  const cause = verdictChange(before, after);
  return {
    place,
    rules,
    verdict,
    madeFrom,
    facts: basis.facts,
    after: last?.edition ?? 0,
    results: serialiseResults(verdict, log.results),
    packed: await packFacts(known, change.keys, reports, inventoryDigest, recorded?.hash),
    inventory: inventory && (await packedInventory(db, known.facts, inventory, inventoryDigest!)),
    before: last?.verdict,
    event: cause && {
      ...place,
      at: new Date(verdict.at),
      purpose: verdict.purpose,
      before: last?.verdict.outcome ?? null,
      outcome: verdict.outcome,
      decided: verdict.decided,
      cause,
    },
  };
}

async function packedInventory(
  db: Db,
  facts: Facts,
  inventory: InventoryFacts,
  digest: string,
): Promise<PackedInventory | undefined> {
  const names = Object.keys(inventory);
  const parts = names.map((name) => [name, digestOfPart(facts, `inventory.${name}`)]);
  return packInventory(db, digest, inventory, Object.fromEntries(parts) as Record<string, string>);
}

/**
 * Facts for a comparison: digests stand for the inventory and for what scanners found, and of the findings there are those that
 * differ.
 */
function comparable(
  facts: RecordedFacts,
  findings: readonly FindingFact[] | undefined,
  digest: string | undefined,
): Facts {
  const { inventory: _, findings: __, ...rest } = facts as unknown as Facts;
  return {
    ...rest,
    ...(findings && { findings }),
    ...(digest !== undefined && { inventory: digest as unknown as InventoryFacts }),
  };
}

/** What a verdict rests on besides the facts. Which edition of the revocation list is in force is asked when it is looked up. */
export function verdictMadeFrom(
  { digest }: Pick<Policy, 'digest'>,
  { noneCounts }: Rules,
): StoredVerdict['madeFrom'] {
  return { policy: digest, ...(noneCounts !== undefined && { revocations: 'expired' }) };
}

/** Keeps verdicts, and what they were made of; where one says something else than before, an event does, and for outcomes the audit log. */
async function keep(trx: Db, made: readonly Made[], at: Date): Promise<Set<Made>> {
  const kept = await putVerdicts(trx, made);
  const all = [...kept];
  await recordInventories(trx, [
    ...new Map(all.flatMap(({ inventory }) => (inventory ? [[inventory.digest, inventory]] : []))).values(),
  ]);
  await recordFacts(
    trx,
    all.flatMap(({ place, packed, verdict }) =>
      packed ? [{ place, packed, at: new Date(verdict.at) }] : [],
    ),
  );
  await recordVerdictChanges(
    trx,
    all.flatMap(({ event }) => event ?? []),
  );
  const turned = all.filter(({ before, verdict }) => before?.outcome !== verdict.outcome);
  await recordAll(
    trx,
    turned.map(({ place, before, verdict }) =>
      auditEntry({
        at,
        action: 'verdict',
        ...place,
        outcome: verdict.outcome,
        detail: {
          before: before?.outcome ?? null,
          routines: verdict.reasons.map((reason) => reason.routine),
        },
      }),
    ),
  );
  return kept;
}
