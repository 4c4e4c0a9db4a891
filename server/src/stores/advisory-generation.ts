import {
  createGenerationSum,
  type GenerationElement,
  type GenerationSum,
} from '@wharfinger/lib/advisories/generation';
import { joinThreats, threatElement, type Threat } from '@wharfinger/lib/advisories/threats';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Db } from '../db/schema.ts';

const key = 'advisory-generation';

/** Rows that the first sum is made of at a time. */
const pageSize = 5000;

/**
 * Carries what an import changed into the sum over all advisories, and notes which advisories there are since when. Call it in
 * the transaction of the import, after it: where there is no sum yet, it is made of all that is stored.
 */
export async function updateGeneration(
  trx: Db,
  removed: readonly GenerationElement[],
  added: readonly GenerationElement[],
  at: Date,
): Promise<void> {
  // Its row is locked before it is read: another import waits here, on PostgreSQL too.
  const { value } = await trx
    .insertInto('settings')
    .values({ key, value: 'null' })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet((eb) => ({ value: eb.ref('settings.value') })),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  const state = JSON.parse(value) as string | null;
  const sum = createGenerationSum(state === null ? await sumOfAll(trx) : Buffer.from(state, 'base64'));
  if (state !== null) {
    if (removed.length === 0 && added.length === 0) return;
    for (const element of removed) sum.remove(element);
    for (const element of added) sum.add(element);
  }
  const text = JSON.stringify(Buffer.from(sum.state()).toString('base64'));
  await trx.updateTable('settings').set({ value: text }).where('key', '=', key).execute();
  await trx
    .insertInto('advisory_generations')
    .values({ generation: sum.digest(), since: at.getTime() })
    .execute();
}

/** The generation of the advisories that there were at a time: a digest of their content, equal wherever the same are. */
export async function generationAt(db: Db, at: Date): Promise<Digest> {
  const row = await db
    .selectFrom('advisory_generations')
    .select('generation')
    .where('since', '<=', at.getTime())
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (row?.generation as Digest | undefined) ?? createGenerationSum().digest();
}

async function sumOfAll(db: Db): Promise<Uint8Array> {
  const sum = createGenerationSum();
  let last = '';
  for (;;) {
    const rows = await db
      .selectFrom('advisories')
      .select(['id', 'match_hash', 'weight_hash'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(pageSize)
      .execute();
    for (const row of rows) {
      sum.add({ id: row.id, matchHash: row.match_hash, weightHash: row.weight_hash });
      last = row.id;
    }
    if (rows.length < pageSize) break;
  }
  await addThreats(db, sum);
  return sum.state();
}

async function addThreats(db: Db, sum: GenerationSum): Promise<void> {
  let last = '';
  for (;;) {
    const cves = await db
      .selectFrom('threats')
      .select('cve')
      .distinct()
      .where('cve', '>', last)
      .orderBy('cve')
      .limit(pageSize)
      .execute();
    const end = cves.at(-1)?.cve;
    if (end === undefined) return;
    const rows = await db
      .selectFrom('threats')
      .select(['cve', 'value'])
      .where('cve', '>', last)
      .where('cve', '<=', end)
      .execute();
    for (const [cve, same] of Map.groupBy(rows, (row) => row.cve))
      sum.add(threatElement(cve, joinThreats(same.map((row) => JSON.parse(row.value) as Threat))));
    last = end;
  }
}
