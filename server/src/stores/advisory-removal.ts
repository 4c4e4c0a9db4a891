import { chunks } from '../db/dialect.ts';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import type { Db } from '../db/schema.ts';
import { countAdvisoryChange } from './advisory-edition.ts';
import { updateGeneration } from './advisory-generation.ts';
import { versionsWithFindings } from './findings.ts';
import { lockNames } from './packages.ts';

/** What went with advisories. */
export interface Removal {
  readonly removed: number;
  /** keys of the package versions that they matched: images that have one of them are to be judged again */
  readonly versions: readonly number[];
  /** ecosystems that they were about */
  readonly ecosystems: readonly string[];
}

/** Removes advisories that nobody publishes any more, with their findings. Call it in a transaction. */
export async function removeAdvisories(trx: Db, ids: readonly string[], at: Date): Promise<Removal> {
  const versions = new Set<number>();
  const ecosystems = new Set<string>();
  let removed = 0;
  for (const part of chunks(ids, 500)) {
    const rows = await trx
      .selectFrom('advisories')
      .select(['key', 'id', 'match_hash', 'weight_hash', 'affected'])
      .where('id', 'in', part)
      .execute();
    if (rows.length === 0) continue;
    const keys = rows.map((row) => row.key);
    // in this order an import locks them too
    await countAdvisoryChange(trx);
    await updateGeneration(
      trx,
      rows.map((row) => ({ id: row.id, matchHash: row.match_hash, weightHash: row.weight_hash })),
      [],
      at,
    );
    const names = await trx
      .selectFrom('advisory_affected')
      .select('name_id')
      .distinct()
      .where('advisory_key', 'in', keys)
      .execute();
    await lockNames(
      trx,
      names.map((row) => row.name_id),
    );
    for (const version of await versionsWithFindings(trx, keys)) versions.add(version);
    await trx.deleteFrom('advisories').where('key', 'in', keys).execute();
    removed += rows.length;
    for (const row of rows)
      for (const { ecosystem } of JSON.parse(row.affected) as Advisory['affected']) ecosystems.add(ecosystem);
  }
  return { removed, versions: [...versions], ecosystems: [...ecosystems] };
}
