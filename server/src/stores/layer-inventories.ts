import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';

/** Whether the inventory of a layer is there in the format given. */
export async function hasLayerInventory(db: Db, digest: Digest, format: number): Promise<boolean> {
  const row = await db
    .selectFrom('layer_inventories')
    .select('format')
    .where('digest', '=', digest)
    .where('format', '=', format)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * The inventory of a layer in the format given, packed as the process gave it that read the layer. It was not checked, and
 * it may be very long: unpack it where that is bounded. Undefined: not made yet, or in another format.
 */
export async function getLayerInventory(
  db: Db,
  digest: Digest,
  format: number,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('layer_inventories')
    .select('inventory')
    .where('digest', '=', digest)
    .where('format', '=', format)
    .executeTakeFirst();
  return row?.inventory;
}

/** Keeps the packed inventory of a layer; one that was there is replaced. Its files wait for being made found. */
export async function putLayerInventory(
  db: Db,
  digest: Digest,
  { format, packed }: { readonly format: number; readonly packed: Uint8Array },
  at: Date,
): Promise<void> {
  const row = { format, inventory: packed, made_at: at.getTime() };
  await transact(db, async (trx) => {
    await trx
      .insertInto('layer_inventories')
      .values({ digest, ...row })
      .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
      .execute();
    await trx
      .insertInto('layers_to_index')
      .values({ digest })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  });
}
