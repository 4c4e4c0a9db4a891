import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';
import { packJson, unpackJson } from './compressed-json.ts';

/** The inventory of a layer in the format given; undefined: not made yet, or in another format. */
export async function getLayerInventory(
  db: Db,
  digest: Digest,
  format: number,
): Promise<LayerInventory | undefined> {
  const row = await db
    .selectFrom('layer_inventories')
    .select('inventory')
    .where('digest', '=', digest)
    .where('format', '=', format)
    .executeTakeFirst();
  return row && ((await unpackJson(row.inventory)) as LayerInventory);
}

/** Keeps the inventory of a layer; one that was there is replaced. */
export async function putLayerInventory(
  db: Db,
  digest: Digest,
  inventory: LayerInventory,
  at: Date,
): Promise<void> {
  const row = {
    format: inventory.format,
    inventory: await packJson(inventory),
    made_at: at.getTime(),
  };
  await db
    .insertInto('layer_inventories')
    .values({ digest, ...row })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet(row))
    .execute();
}
