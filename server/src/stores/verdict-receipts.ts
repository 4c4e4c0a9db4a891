import type { Digest } from '@wharfinger/lib/oci/digest';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Facts, InventoryFacts } from '@wharfinger/lib/routines/facts';
import type { KnownFacts } from '@wharfinger/lib/assess/judge-facts';
import type { Db } from '../db/schema.ts';
import { packJson, unpackJson } from './compressed-json.ts';
import type { Placed } from './repositories.ts';

/**
 * What is known of an image, ready to be recorded. Inventories are large and the same for as long as the image is: they are kept
 * once, and the rest whenever it changes.
 */
export interface PackedFacts {
  readonly hash: string;
  /** zstd of the facts without the inventory */
  readonly rest: Uint8Array;
  readonly validUntil?: string;
  /** its digest, and where it is not kept yet zstd of it */
  readonly inventory?: { readonly digest: string; readonly packed?: Uint8Array };
}

/**
 * Packs what is to be recorded, before the transaction that records it, which so does not wait for it.
 * @returns undefined: the same was recorded last
 */
export async function packFacts(
  db: Db,
  place: Placed,
  { facts, validUntil }: KnownFacts,
): Promise<PackedFacts | undefined> {
  const { inventory, ...rest } = facts;
  const digest = inventory && digestOf(Buffer.from(JSON.stringify(inventory)));
  const hash = digestOf(Buffer.from(JSON.stringify([rest, validUntil ?? null, digest ?? null])));
  if ((await lastHash(db, place)) === hash) return undefined;
  const kept = digest !== undefined && (await hasInventory(db, digest));
  return {
    hash,
    rest: await packJson(rest),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(digest && { inventory: { digest, ...(kept ? {} : { packed: await packJson(inventory) }) } }),
  };
}

async function lastHash(db: Db, { repository, digest }: Placed): Promise<string | undefined> {
  const last = await db
    .selectFrom('verdict_receipts')
    .select('facts_hash')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.facts_hash;
}

/**
 * Records what was known of an image when it was judged. The records outlive the image: what was decided can be recomputed
 * when it is long gone.
 */
export async function recordFacts(trx: Db, place: Placed, packed: PackedFacts, at: Date): Promise<void> {
  const { inventory, hash, rest, validUntil } = packed;
  if (inventory?.packed)
    await trx
      .insertInto('recorded_inventories')
      .values({ digest: inventory.digest, inventory: inventory.packed })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  await trx
    .insertInto('verdict_receipts')
    .values({
      repository: place.repository,
      digest: place.digest,
      since: at.getTime(),
      facts_hash: hash,
      facts: rest,
      inventory: inventory?.digest ?? null,
      valid_until: validUntil === undefined ? null : Date.parse(validUntil),
    })
    .execute();
}

async function hasInventory(db: Db, digest: string): Promise<boolean> {
  const row = await db
    .selectFrom('recorded_inventories')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row !== undefined;
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
  const { image, ...rest } = (await unpackJson(row.facts)) as Omit<Facts, 'inventory'>;
  const inventory = row.inventory && ((await unpackJson(row.inventory)) as InventoryFacts);
  return {
    facts: { image, ...(inventory && { inventory }), ...rest },
    ...(row.valid_until === null ? {} : { validUntil: new Date(row.valid_until).toISOString() }),
  };
}
