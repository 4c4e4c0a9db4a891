import { WharfingerError } from '@wharfinger/lib/errors';
import { sql } from 'kysely';
import { ddl, kindOf, type DatabaseKind } from './dialect.ts';
import { catalog } from './migrations/0001-catalog.ts';
import { jobsAndAudit } from './migrations/0002-jobs-and-audit.ts';
import { contents } from './migrations/0003-contents.ts';
import { receipts } from './migrations/0004-receipts.ts';
import { policyRecords } from './migrations/0005-policy-records.ts';
import { tombstones } from './migrations/0006-tombstones.ts';
import { snapshots } from './migrations/0010-snapshots.ts';
import { promotions } from './migrations/0011-promotions.ts';
import { custody } from './migrations/0012-custody.ts';
import { chainSummaries } from './migrations/0013-chain-summaries.ts';
import { verdictEvents } from './migrations/0015-verdict-events.ts';
import { exposure } from './migrations/0016-exposure.ts';
import { advisoryFeeds } from './migrations/0017-advisory-feeds.ts';
import { probes } from './migrations/0018-probes.ts';
import { rejudging } from './migrations/0019-rejudging.ts';
import { fileIndex } from './migrations/0020-file-index.ts';
import { recordedFindings } from './migrations/0021-recorded-findings.ts';
import { scans } from './migrations/0022-scans.ts';
import { packageLicences } from './migrations/0023-package-licences.ts';
import { imagePlaces } from './migrations/0024-image-places.ts';
import { recordedReports } from './migrations/0025-recorded-reports.ts';
import { incompleteLayers } from './migrations/0026-incomplete-layers.ts';
import { scanSources } from './migrations/0027-scan-sources.ts';
import type { Db } from './schema.ts';

/** One step of the schema; never changed once it was released. */
export interface Migration {
  /** NNNN-what, in the order of application */
  readonly name: string;
  /** statements in order, with the words of `ddl` in braces */
  readonly statements: (kind: DatabaseKind) => readonly string[];
}

const migrations: readonly Migration[] = [
  catalog,
  jobsAndAudit,
  contents,
  receipts,
  policyRecords,
  tombstones,
  snapshots,
  promotions,
  custody,
  chainSummaries,
  verdictEvents,
  exposure,
  advisoryFeeds,
  probes,
  rejudging,
  fileIndex,
  recordedFindings,
  scans,
  packageLicences,
  imagePlaces,
  recordedReports,
  incompleteLayers,
  scanSources,
];

/** Names the lock that one migrating process holds; any number will do, if it stays the same. */
const lockNumber = 4_861_203_977;

/**
 * Brings the schema to what this program needs: all steps that are missing in one transaction, under a lock that makes
 * a second process wait.
 * @throws WharfingerError CONFIG_INVALID if a newer program has written to this database
 */
export async function migrate(db: Db): Promise<void> {
  const kind = kindOf(db);
  await db.transaction().execute(async (trx) => {
    const run = (statement: string) => sql.raw(ddl(kind, statement)).execute(trx);
    // On SQLite the folder is locked by one process, and that has one writer.
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`.execute(trx);
    await run(`create table if not exists migrations (name {text} not null primary key) {keyed table}`);
    const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(trx);
    const applied = new Set(rows.map((row) => row.name));
    for (const { name, statements } of migrations) {
      if (applied.delete(name)) continue;
      for (const statement of statements(kind)) await run(statement);
      await sql`insert into migrations (name) values (${name})`.execute(trx);
    }
    if (applied.size > 0) {
      throw new WharfingerError('CONFIG_INVALID', {
        what: `the database has the unknown steps ${[...applied].join(', ')}: a newer version has written to it`,
        remedy: 'start that version or a newer one, or restore a backup from before the upgrade',
      });
    }
  });
}
