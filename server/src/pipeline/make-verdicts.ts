import { judgeApartFromList } from '@wharfinger/lib/assess/judge-facts';
import type { Rules } from '@wharfinger/lib/assess/rules-for';
import { verdictChange, type MadeVerdict } from '@wharfinger/lib/assess/verdict-change';
import { digestOfPart, partsOf } from '@wharfinger/lib/routines/fact-parts';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { InventoryFacts } from '@wharfinger/lib/routines/facts/contents';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { rememberingEvaluator, type EvaluationLog } from '@wharfinger/lib/routines/remembered-results';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import type { Policy } from '../access/policy.ts';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { serialiseResults } from '../stores/kept-results.ts';
import { recordReports } from '../stores/recorded-reports.ts';
import type { Placed } from '../stores/repositories.ts';
import type { VerdictEvent } from '../stores/verdict-events.ts';
import {
  digestOfInventory,
  packFacts,
  packInventory,
  recordedInventories,
  type PackedFacts,
  type PackedInventory,
  type RecordedFacts,
} from '../stores/verdict-receipts.ts';
import type { NewVerdict, StoredVerdict } from '../stores/verdicts.ts';
import { findingChanges, type FindingChange } from './finding-changes.ts';
import { inTurns } from './in-turns.ts';
import type { KnownImage } from './known-images.ts';
import type { PipelineParts } from './parts.ts';
import { letPullsPass } from './pulls-first.ts';

/** Inventories that are read at once: to unpack them keeps the thread from answering pulls. */
const inventoriesTogether = 8;

/** A verdict that was made, with all that is to be kept of it. */
export interface VerdictToKeep extends NewVerdict {
  readonly place: Placed;
  readonly rules: Rules;
  readonly packed: PackedFacts | undefined;
  readonly inventory: PackedInventory | undefined;
  readonly event: VerdictEvent | undefined;
  readonly before: Verdict | undefined;
}

/**
 * Judges images by what is known of them, and packs what their verdicts were made of. Nothing is kept yet but findings, reports and
 * editions of routines, which need no verdict to be true.
 *
 * @returns one for each image, in their order
 */
export async function makeVerdicts(
  parts: PipelineParts,
  policy: Policy,
  images: readonly KnownImage[],
): Promise<readonly VerdictToKeep[]> {
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
): Promise<VerdictToKeep> {
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
