import type { Digest } from '@wharfinger/lib/oci/digest';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { InventoryFacts } from '@wharfinger/lib/routines/facts/contents';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import type { KnownFacts } from '@wharfinger/lib/assess/judge-facts';
import { chunks } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { packJson, packText, unpackJson } from './compressed-json.ts';
import { recordedFindings } from './recorded-findings.ts';
import { wholeReports, type RecordedReports } from './recorded-reports.ts';
import type { Placed } from './repositories.ts';

/**
 * What is known of an image, ready to be recorded. Inventories are large and the same for as long as the image is: they are kept
 * once, as are findings, and the rest whenever it changes.
 */
export interface PackedFacts {
  readonly hash: string;
  /** zstd of the facts without the inventory, with keys for the findings */
  readonly rest: Uint8Array;
  readonly validUntil?: string;
  /** digest of the inventory; absent: it was not inspected */
  readonly inventory?: string;
}

/** Facts as they are recorded, without the inventory. */
export type RecordedFacts = Omit<Facts, 'inventory' | 'findings' | 'scanners'> & {
  /** keys of recorded findings; in records of earlier versions of this program the findings themselves */
  readonly findings?: ReadonlyArray<number | FindingFact>;
  /** what scanners say, with digests of what they found */
  readonly scanners?: RecordedReports;
};

/**
 * Packs what is to be recorded, before the transaction that records it, which so does not wait for it.
 *
 * @param findings keys under which they were recorded, in their order; absent: its packages were not compared
 * @param scanners what they say, as it was recorded; absent: none is asked
 * @param inventory its digest; absent: it was not inspected
 * @param last hash of what was recorded last
 * @returns undefined: the same was recorded last
 */
export async function packFacts(
  { facts, validUntil }: KnownFacts,
  findings: readonly number[] | undefined,
  scanners: RecordedReports | undefined,
  inventory: string | undefined,
  last: string | undefined,
): Promise<PackedFacts | undefined> {
  const { inventory: _, ...rest } = facts;
  // in its place among the others, so that they are told in their usual order again
  const text = JSON.stringify({ ...rest, ...(findings && { findings }), ...(scanners && { scanners }) });
  const hash = digestOf(
    Buffer.from(`[${text},${JSON.stringify(validUntil ?? null)},${JSON.stringify(inventory ?? null)}]`),
  );
  if (last === hash) return undefined;
  return {
    hash,
    rest: await packText(text),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(inventory !== undefined && { inventory }),
  };
}

/** An inventory ready to be recorded, with digests of its fields by name. */
export interface PackedInventory {
  readonly digest: string;
  readonly packed: Uint8Array;
  readonly parts: Readonly<Record<string, string>>;
}

/** What an inventory is recorded under. */
export function digestOfInventory(inventory: InventoryFacts): string {
  return digestOf(Buffer.from(JSON.stringify(inventory)));
}

/** Packs an inventory; undefined: it is recorded with the digests of its fields. */
export async function packInventory(
  db: Db,
  digest: string,
  inventory: InventoryFacts,
  parts: Readonly<Record<string, string>>,
): Promise<PackedInventory | undefined> {
  const row = await db
    .selectFrom('recorded_inventories')
    .select('digest')
    .where('digest', '=', digest)
    .where('parts', 'is not', null)
    .executeTakeFirst();
  return row ? undefined : { digest, packed: await packJson(inventory), parts };
}

/** Records inventories, each once. Call it in the transaction that records the facts they belong to. */
export async function recordInventories(trx: Db, inventories: readonly PackedInventory[]): Promise<void> {
  // in one order, so that two transactions never wait for each other crosswise
  const sorted = inventories.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  for (const { digest, packed, parts } of sorted) {
    const row = { digest, inventory: packed, parts: JSON.stringify(parts) };
    await trx
      .insertInto('recorded_inventories')
      .values(row)
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ parts: row.parts }))
      .execute();
  }
}

/** Inventories that were recorded, by digest. */
export async function recordedInventories(
  db: Db,
  digests: readonly string[],
): Promise<Map<string, InventoryFacts>> {
  const found = new Map<string, InventoryFacts>();
  for (const part of chunks([...new Set(digests)])) {
    const rows = await db
      .selectFrom('recorded_inventories')
      .select(['digest', 'inventory'])
      .where('digest', 'in', part)
      .execute();
    for (const row of rows) found.set(row.digest, (await unpackJson(row.inventory)) as InventoryFacts);
  }
  return found;
}

/**
 * Records what was known of images when they were judged. The records outlive the images: what was decided can be recomputed
 * when they are long gone.
 */
export async function recordFacts(
  trx: Db,
  records: ReadonlyArray<{ readonly place: Placed; readonly packed: PackedFacts; readonly at: Date }>,
): Promise<void> {
  const rows = records.map(({ place, packed, at }) => ({
    repository: place.repository,
    digest: place.digest,
    since: at.getTime(),
    facts_hash: packed.hash,
    facts: packed.rest,
    inventory: packed.inventory ?? null,
    valid_until: packed.validUntil === undefined ? null : Date.parse(packed.validUntil),
  }));
  for (const part of chunks(rows, 50)) await trx.insertInto('verdict_receipts').values(part).execute();
}

/** What was known of an image at a time; undefined: it was not judged until then. */
export async function factsAt(
  db: Db,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
  at: Date,
): Promise<KnownFacts | undefined> {
  const row = await db
    .selectFrom('verdict_receipts')
    .leftJoin('recorded_inventories', 'recorded_inventories.digest', 'verdict_receipts.inventory')
    .select(['facts', 'valid_until', 'recorded_inventories.inventory'])
    .where('repository', '=', repository)
    .where('verdict_receipts.digest', '=', digest)
    .where('since', '<=', at.getTime())
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  const { image, ...rest } = (await unpackJson(row.facts)) as RecordedFacts;
  const findings = rest.findings && (await wholeFindings(db, rest.findings));
  const scanners = rest.scanners && (await wholeReports(db, rest.scanners));
  const inventory = row.inventory && ((await unpackJson(row.inventory)) as InventoryFacts);
  return {
    facts: {
      image,
      ...(inventory && { inventory }),
      ...rest,
      ...(findings && { findings }),
      ...(scanners && { scanners }),
    } as Facts,
    ...(row.valid_until === null ? {} : { validUntil: new Date(row.valid_until).toISOString() }),
  };
}

async function wholeFindings(
  db: Db,
  findings: NonNullable<RecordedFacts['findings']>,
): Promise<FindingFact[]> {
  const found = await recordedFindings(
    db,
    findings.filter((one) => typeof one === 'number'),
  );
  return findings.map((one) => (typeof one === 'number' ? found.get(one)! : one));
}
