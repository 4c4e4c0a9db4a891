import { sql } from 'kysely';
import { idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { countAdvisoryChange } from './advisory-edition.ts';
import { keepPackagesUnused } from './package-use.ts';
import { removeUnused } from './remove-unused.ts';

type WithId = 'packages' | 'installed_packages' | 'pkg_versions' | 'pkg_names';

/**
 * Forgets packages that no group has, what outlines called them, versions that no package is of, with their findings, and names that
 * neither a version nor an advisory has: what is left of images that were forgotten. Goes on beside pushes and imports; where it is cut
 * off, the next time takes the rest. What was recorded with a receipt stays, since receipts outlive their images.
 */
export async function forgetPackages(db: Db): Promise<void> {
  await remove(
    db,
    'packages',
    sql`not exists (select 1 from group_packages where package_id = one.id)`,
    (trx, ids) => trx.deleteFrom('package_licences').where('package_id', 'in', idsIn(trx, ids)).execute(),
  );
  // All that an image's outline names is in its groups too.
  const noPackage = sql`not exists (select 1 from packages where version_id = one.version_id)`;
  await remove(db, 'installed_packages', noPackage);
  await remove(
    db,
    'pkg_versions',
    sql`not exists (select 1 from packages where version_id = one.id)
      and not exists (select 1 from installed_packages where version_id = one.id)`,
    (trx, ids) => trx.deleteFrom('findings').where('version_id', 'in', idsIn(trx, ids)).execute(),
  );
  await remove(
    db,
    'pkg_names',
    sql`not exists (select 1 from pkg_versions where name_id = one.id)
      and not exists (select 1 from advisory_affected where name_id = one.id)`,
  );
}

function remove(
  db: Db,
  table: WithId,
  unused: ReturnType<typeof sql>,
  removeParts: (trx: Db, ids: readonly number[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  return removeUnused(db, {
    table,
    unused,
    lock: keepPackagesUnused,
    async remove(trx, ids) {
      // SQLite gives their keys to others
      await countAdvisoryChange(trx);
      await removeParts(trx, ids);
      await trx.deleteFrom(table).where('id', 'in', idsIn(trx, ids)).execute();
    },
  });
}
