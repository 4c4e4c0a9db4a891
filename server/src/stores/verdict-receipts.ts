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
  readonly rest: Omit<Facts, 'inventory'>;
  readonly validUntil?: string;
  readonly inventory?: { readonly digest: string; readonly facts: InventoryFacts };
}

/** Made before the transaction, which so does not wait for it. */
export function packFacts({ facts, validUntil }: KnownFacts): PackedFacts {
  const { inventory: whole, ...rest } = facts;
  const inventory = whole && { digest: digestOfInventory(whole), facts: whole };
  return {
    hash: digestOf(Buffer.from(JSON.stringify([rest, validUntil ?? null, inventory?.digest ?? null]))),
    rest,
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(inventory && { inventory }),
  };
}

const digests = new WeakMap<InventoryFacts, string>();

function digestOfInventory(inventory: InventoryFacts): string {
  const known = digests.get(inventory) ?? digestOf(Buffer.from(JSON.stringify(inventory)));
  digests.set(inventory, known);
  return known;
}

/**
 * Records what was known of an image when it was judged, unless the same was known before. The records outlive the image:
 * what was decided can be recomputed when it is long gone.
 */
export async function recordFacts(trx: Db, place: Placed, packed: PackedFacts, at: Date): Promise<void> {
  const last = await trx
    .selectFrom('verdict_receipts')
    .select('facts_hash')
    .where('repository', '=', place.repository)
    .where('digest', '=', place.digest)
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last?.facts_hash === packed.hash) return;
  const { inventory, rest, validUntil } = packed;
  if (inventory && !(await hasInventory(trx, inventory.digest)))
    await trx
      .insertInto('recorded_inventories')
      .values({ digest: inventory.digest, inventory: await packJson(inventory.facts) })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  await trx
    .insertInto('verdict_receipts')
    .values({
      repository: place.repository,
      digest: place.digest,
      since: at.getTime(),
      facts_hash: packed.hash,
      facts: await packJson(rest),
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
