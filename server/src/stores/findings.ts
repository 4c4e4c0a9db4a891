import type { AdvisoryHead, FoundMatch } from '@wharfinger/lib/advisories/advisory-index';
import type { Severity } from '@wharfinger/lib/advisories/advisory';
import { affects, severityFor } from '@wharfinger/lib/advisories/match';
import type { AliasableExpression } from 'kysely';
import { chunks, idsIn } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { advisoriesOfNames, advisoryHeads, type Candidate, type StoredHead } from './advisories.ts';
import { versionsOfNames, type StoredVersion } from './packages.ts';

/** An advisory that matches a package version. */
export interface StoredMatch extends FoundMatch {
  readonly subject: StoredVersion;
  readonly firstImported: Date;
}

interface FindingRow {
  readonly version_id: number;
  readonly advisory_key: number;
  readonly fixed_in: string | null;
  readonly undecided: string | null;
  readonly severity: string | null;
}

/**
 * Decides for package versions that are new. Call it in the transaction that stored them: `ensureVersions` has locked
 * their names, so that no import comes between.
 */
export async function matchVersions(trx: Db, versions: readonly StoredVersion[]): Promise<void> {
  const advisories = await advisoriesOfNames(
    trx,
    versions.map((version) => version.nameId),
  );
  await insertFindings(trx, decide(versions, advisories));
}

/**
 * Decides anew for all versions of these names. Call it in the transaction that imported the advisories.
 * @returns keys of the package versions for which a finding came, went or has another fix: images that have one of them
 *   (`placesWithVersions`) are to be judged again
 */
export async function recomputeFindings(trx: Db, nameIds: Iterable<number>): Promise<number[]> {
  const changed = new Set<number>();
  for (const ids of chunks([...new Set(nameIds)], 200)) {
    const versions = await versionsOfNames(trx, ids);
    if (versions.length === 0) continue;
    const wanted = decide(versions, await advisoriesOfNames(trx, ids));
    const present = await findingRows(
      trx,
      versions.map((version) => version.id),
    );
    const before = new Set(present.map(rowText));
    const after = new Set(wanted.map(rowText));
    const gone = present.filter((row) => !after.has(rowText(row)));
    const come = wanted.filter((row) => !before.has(rowText(row)));
    await deleteFindings(trx, gone);
    await insertFindings(trx, come);
    for (const row of [...gone, ...come]) changed.add(row.version_id);
  }
  return [...changed];
}

function decide(
  versions: readonly StoredVersion[],
  advisories: ReadonlyMap<number, readonly Candidate[]>,
): FindingRow[] {
  const rows: FindingRow[] = [];
  for (const version of versions) {
    // Where the distribution is unknown nothing can be looked up; the inventory says so, and is not clean.
    if (version.ecosystem === '') continue;
    for (const { key, advisory } of advisories.get(version.nameId) ?? []) {
      const match = affects(advisory, version);
      if (!match) continue;
      const { fixedIn = null, undecided = null } = match;
      const own = severityFor(advisory, version).severity;
      const severity = own === advisory.severity ? null : own;
      rows.push({ version_id: version.id, advisory_key: key, fixed_in: fixedIn, undecided, severity });
    }
  }
  return rows;
}

function rowText(row: FindingRow): string {
  return JSON.stringify([row.version_id, row.advisory_key, row.fixed_in, row.undecided, row.severity]);
}

async function findingRows(db: Db, versionIds: readonly number[]): Promise<FindingRow[]> {
  const rows: FindingRow[] = [];
  for (const ids of chunks(versionIds)) {
    rows.push(...(await db.selectFrom('findings').selectAll().where('version_id', 'in', ids).execute()));
  }
  return rows;
}

async function insertFindings(trx: Db, rows: readonly FindingRow[]): Promise<void> {
  for (const part of chunks(rows)) await trx.insertInto('findings').values(part).execute();
}

async function deleteFindings(trx: Db, rows: readonly FindingRow[]): Promise<void> {
  for (const [versionId, group] of Map.groupBy(rows, (row) => row.version_id)) {
    for (const part of chunks(group)) {
      await trx
        .deleteFrom('findings')
        .where('version_id', '=', versionId)
        .where(
          'advisory_key',
          'in',
          part.map((row) => row.advisory_key),
        )
        .execute();
    }
  }
}

/** Package versions that these advisories match: for advisories that weigh otherwise now. */
export async function versionsWithFindings(db: Db, advisoryKeys: Iterable<number>): Promise<number[]> {
  const versions = new Set<number>();
  for (const keys of chunks([...new Set(advisoryKeys)])) {
    const rows = await db
      .selectFrom('findings')
      .select('version_id')
      .distinct()
      .where('advisory_key', 'in', keys)
      .execute();
    for (const row of rows) versions.add(row.version_id);
  }
  return [...versions];
}

const reweighed = new WeakMap<AdvisoryHead, Map<Severity, AdvisoryHead>>();

/** The score belongs to what the advisory says of itself. One object for one head, as this is one for one text. */
function withSeverity(head: AdvisoryHead, severity: Severity): AdvisoryHead {
  let known = reweighed.get(head);
  if (!known) reweighed.set(head, (known = new Map()));
  let other = known.get(severity);
  if (!other) known.set(severity, (other = { ...head, severity, score: undefined }));
  return other;
}

/** The package versions of an image, each once. */
function versionsOfImage(db: Db, imageId: number) {
  return db
    .selectFrom('image_groups')
    .innerJoin('group_packages', 'group_packages.group_id', 'image_groups.group_id')
    .innerJoin('packages', 'packages.id', 'group_packages.package_id')
    .select('packages.version_id')
    .distinct()
    .where('image_groups.image_id', '=', imageId);
}

/** All matches of an image, by its key, in the order of advisories; `dedupeFindings` makes findings of them. */
export async function matchesOfImage(db: Db, imageId: number): Promise<StoredMatch[]> {
  return storedMatches(db, versionsOfImage(db, imageId));
}

/** All matches of package versions, by their keys, in the order of advisories. */
export async function matchesOfVersions(db: Db, versionIds: readonly number[]): Promise<StoredMatch[]> {
  const wanted = db
    .selectFrom('findings as wanted')
    .select('wanted.version_id')
    .distinct()
    .where('wanted.version_id', 'in', idsIn(db, versionIds));
  return storedMatches(db, wanted);
}

/** How often it is read again where advisories are removed between the two questions that it takes. */
const mostReadings = 20;

async function storedMatches(
  db: Db,
  versions: AliasableExpression<{ version_id: number }>,
): Promise<StoredMatch[]> {
  for (let reading = 1; ; reading += 1) {
    const rows = await findingsOfVersions(db, versions);
    const heads = await advisoryHeads(
      db,
      rows.map((row) => row.advisory_key),
    );
    if (rows.every((row) => heads.has(row.advisory_key)))
      return rows
        .map((row) => matchOf(row, heads.get(row.advisory_key)!))
        .sort((left, right) => (left.advisory.id < right.advisory.id ? -1 : 1));
    if (reading === mostReadings) throw new Error('advisories are removed faster than they are read');
  }
}

function findingsOfVersions(
  db: Db,
  versions: AliasableExpression<{ version_id: number }>,
): Promise<Array<StoredVersion & Omit<FindingRow, 'version_id'>>> {
  return db
    .selectFrom(versions.as('held'))
    .innerJoin('findings', 'findings.version_id', 'held.version_id')
    .innerJoin('pkg_versions', 'pkg_versions.id', 'findings.version_id')
    .innerJoin('pkg_names', 'pkg_names.id', 'pkg_versions.name_id')
    .select([
      'findings.version_id as id',
      'pkg_versions.name_id as nameId',
      'pkg_versions.ecosystem',
      'pkg_names.name',
      'pkg_versions.version',
      'findings.advisory_key',
      'findings.fixed_in',
      'findings.undecided',
      'findings.severity',
    ])
    .execute();
}

function matchOf(
  row: StoredVersion & Omit<FindingRow, 'version_id'>,
  { advisory: head, firstImported }: StoredHead,
): StoredMatch {
  const { id, nameId, ecosystem, name, version, fixed_in, undecided, severity } = row;
  const advisory = severity === null ? head : withSeverity(head, severity as Severity);
  const match = {
    advisory: advisory.id,
    ...(fixed_in === null ? {} : { fixedIn: fixed_in }),
    ...(undecided === null ? {} : { undecided }),
  };
  return { subject: { id, nameId, ecosystem, name, version }, match, advisory, firstImported };
}
