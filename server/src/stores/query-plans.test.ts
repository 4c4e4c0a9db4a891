import { addImage, byAlice } from '@wharfinger/lib/catalog/catalog.fixtures';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { CompiledQuery, sql, type KyselyPlugin, type RootOperationNode } from 'kysely';
import { expect, test } from 'vitest';
import type { Db } from '../db/schema.ts';
import { testDatabases } from '../db/testing/databases.ts';
import { pullsOf } from '../audit/pulls.ts';
import { queryAudit } from '../audit/query.ts';
import { claimJobs, firstTurns, makeDueReady } from '../jobs/claim.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { matchesOfImage, versionsWithFindings } from './findings.ts';
import { standingHold } from './holds.ts';
import { basesOf } from './image-layers.ts';
import { imagesBefore, notePlaces } from './image-places.ts';
import { formatsAfter, getImage, placesWithVersions } from './images.ts';
import { incompleteImages } from './incomplete-images.ts';
import { incompleteWithPart, indexesWithChild, subjectAndTags } from './incomplete-manifests.ts';
import { forgetUnlinkedBlobs } from './orphans.ts';
import { advisoriesNamed } from './advisory-names.ts';
import { ensureVersions } from './packages.ts';
import {
  imagesBuiltOn,
  imagesUnder,
  imagesWithLayer,
  imagesWithPackages,
  isCommonLicence,
  keyOfPlace,
  packagesNamed,
  packagesOfImages,
  packagesWithPurl,
  placesByKey,
  repositoriesOf,
  tagsNow,
  tagTimes,
} from './search.ts';
import { manifestsAfter, placesOf } from './repositories.ts';
import { getSignatureReport } from './signature-reports.ts';
import { layersWithKey } from './file-index/segments.ts';
import { imagesWithUnread } from './file-index/unread-layers.ts';
import { getSnapshot, tagState } from './snapshots.ts';
import { noteSigners, placesSignedBy } from './evidence-signers.ts';
import { listRecords, recordEver, recordInForce } from './policy-record-rows.ts';
import { contentsOfImages } from './layer-search.ts';
import { countPending } from './pending-images.ts';
import { tombstonesOf } from './tombstones.ts';
import { createSqlCatalog } from './sql-catalog.ts';
import { verdictSummaries } from './verdict-summaries.ts';
import { expiredVerdicts, getVerdict, placesWithoutVerdict } from './verdicts.ts';

const digest = digestOf('x');
const place = { repository: 'a', digest };
const found = { ...place, imageId: 1, repositoryId: 1 };
const page = { last: 'b', limit: 10 };

/** What must cost the same however much there is: each looks up in an index, or reads a page of one. */
const questions: ReadonlyArray<readonly [string, (db: Db, catalog: Catalog) => Promise<unknown>]> = [
  ['findBlob', (_, catalog) => catalog.findBlob('a', digest)],
  ['findBlobAnywhere', (_, catalog) => catalog.findBlobAnywhere(digest)],
  ['repositoriesWithBlob', (_, catalog) => catalog.repositoriesWithBlob(digest, 3)],
  ['getManifest', (_, catalog) => catalog.getManifest('a', digest)],
  ['partSizes', (_, catalog) => catalog.partSizes('a', { blobs: [digest], manifests: [digest] })],
  ['manifestsReferringTo', (_, catalog) => catalog.manifestsReferringTo('a', digest)],
  ['referrers', (_, catalog) => catalog.referrers('a', digest)],
  ['resolveTag', (_, catalog) => catalog.resolveTag('a', 't')],
  ['tagsOf', (_, catalog) => catalog.tagsOf('a', digest)],
  ['listTags', (_, catalog) => catalog.listTags('a', page)],
  ['tagState', (db) => tagState(db, 'a')],
  ['getSnapshot', (db) => getSnapshot(db, 1)],
  ['tagHistory', (_, catalog) => catalog.tagHistory('a', 't', 3)],
  ['repositoryExists', (_, catalog) => catalog.repositoryExists('a')],
  ['listRepositories', (_, catalog) => catalog.listRepositories(page)],
  ['a push', (_, catalog) => addImage(catalog, 'a', 'x', { tags: ['t', 'u'] })],
  ['linkKnownBlob', (_, catalog) => catalog.linkKnownBlob({ ...place, received: true, ...byAlice(0) })],
  [
    'moveTag',
    (_, catalog) => catalog.moveTag({ ...place, tag: 't', to: digest, ...byAlice(1) }).catch(() => {}),
  ],
  ['deleteTag', (_, catalog) => catalog.deleteTag('a', 'u', byAlice(1))],
  ['deleteManifest', (_, catalog) => catalog.deleteManifest('a', digest, byAlice(1))],
  ['unlinkBlob', (_, catalog) => catalog.unlinkBlob('a', digest, byAlice(1))],
  ['getVerdict', (db) => getVerdict(db, place, 'pull')],
  ['expiredVerdicts', (db) => expiredVerdicts(db, new Date(0), 5)],
  ['standingHold', (db) => standingHold(db, place)],
  ['getSignatureReport', (db) => getSignatureReport(db, place)],
  ['getImage', (db) => getImage(db, digest, [1, 2])],
  ['matchesOfImage', (db) => matchesOfImage(db, 1)],
  ['versionsWithFindings', (db) => versionsWithFindings(db, [1, 2])],
  ['placesWithVersions', (db) => placesWithVersions(db, [1, 2])],
  ['placesWithoutVerdict', (db) => placesWithoutVerdict(db, [1, 2], 'pull')],
  ['packagesNamed', (db) => packagesNamed(db, 'p5')],
  ['packagesWithPurl', (db) => packagesWithPurl(db, 'pkg:npm/p5')],
  ['imagesWithPackages', (db) => imagesWithPackages(db, { ids: [5] })],
  ['imagesWithPackages of a licence', (db) => imagesWithPackages(db, { licence: 'l5' })],
  ['imagesWithPackages of an advisory', (db) => imagesWithPackages(db, { advisories: [5] })],
  ['packagesOfImages', (db) => packagesOfImages(db, [5], { ids: [5] }, 9)],
  ['isCommonLicence', (db) => isCommonLicence(db, 'l5', 5)],
  ['imagesUnder', (db) => imagesUnder(db, [5], 'l5')],
  ['imagesWithLayer', (db) => imagesWithLayer(db, digest)],
  ['imagesBuiltOn', (db) => imagesBuiltOn(db, digest)],
  ['basesOf', (db) => basesOf(db, digest)],
  ['notePlaces', (db) => notePlaces(db, digest)],
  ['imagesBefore', (db) => imagesBefore(db, 5, 5)],
  ['formatsAfter', (db) => formatsAfter(db, 5, 5)],
  ['incompleteImages', (db) => incompleteImages(db, 5)],
  ['incompleteImages of repositories', (db) => incompleteImages(db, 5, [1])],
  ['contentsOfImages', (db) => contentsOfImages(db, [5])],
  ['layersWithKey', (db) => layersWithKey(db, 5)],
  ['countPending', (db) => countPending(db, () => true, [1], 5)],
  ['images with incomplete layers', (db) => imagesWithUnread(db, 'incomplete', [2], 5)],
  ['keyOfPlace', (db) => keyOfPlace(db, place)],
  ['repositoriesOf', (db) => repositoriesOf(db, digest)],
  ['verdictSummaries', (db) => verdictSummaries(db, [found], 'pull')],
  ['placesByKey', (db) => placesByKey(db, [5])],
  ['tagTimes', (db) => tagTimes(db, [found], 5)],
  ['tagsNow', (db) => tagsNow(db, [found], 5)],
  ['advisoriesNamed', (db) => advisoriesNamed(db, 'A-5')],
  ['pullsOf', (db) => pullsOf(db, [found], 5)],
  ['ensureVersions', (db) => ensureVersions(db, [{ ecosystem: 'npm', name: 'x', version: '1' }])],
  ['incompleteWithPart', (db) => incompleteWithPart(db, 'a', digest)],
  ['indexesWithChild', (db) => indexesWithChild(db, 'a', digest)],
  ['subjectAndTags', (db) => subjectAndTags(db, 'a', digest)],
  ['placesOf', (db) => placesOf(db, digest)],
  ['manifestsAfter', (db) => manifestsAfter(db, 0, 5)],
  ['forgetUnlinkedBlobs', (db) => forgetUnlinkedBlobs(db, new Date(0))],
  [
    'claimJobs',
    (db) => claimJobs(db, firstTurns(), { kinds: ['k', 'l'], limit: 2, leaseMs: 9, now: new Date(0) }),
  ],
  ['makeDueReady', (db) => makeDueReady(db, new Date(2))],
  ['enqueue', (db) => enqueue(db, [{ kind: 'k', key: 'x', namespace: 'n' }], new Date(0))],
  ['recordInForce', (db) => recordInForce(db, 'key', 'x')],
  ['recordEver', (db) => recordEver(db, 'grant', 'x')],
  ['listRecords', (db) => listRecords(db, 'key', { after: 3, limit: 5, ended: false })],
  ['placesSignedBy', (db) => placesSignedBy(db, 'a')],
  ['noteSigners', (db) => noteSigners(db, place, [])],
  ['tombstonesOf', (db) => tombstonesOf(db, place, 5)],
  ['the audit log', (db) => queryAudit(db, {}, { limit: 5, after: '5-5' })],
  ['the audit log of an image', (db) => queryAudit(db, { digest }, { limit: 5, after: '5-5' })],
  ['the audit log of a repository', (db) => queryAudit(db, { repository: 'a' }, { limit: 5 })],
  ['the audit log of a person', (db) => queryAudit(db, { actor: 'a' }, { limit: 5 })],
];

/** Keeps every query that passes. */
function listener(): { plugin: KyselyPlugin; seen: RootOperationNode[] } {
  const seen: RootOperationNode[] = [];
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      seen.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { plugin, seen };
}

/** How SQLite would carry a query out, a line for each table. */
async function planOf(db: Db, node: RootOperationNode): Promise<string[]> {
  const compiled = db.getExecutor().compileQuery(node, { queryId: 'plan' });
  const query = CompiledQuery.raw(`explain query plan ${compiled.sql}`, [...compiled.parameters]);
  const { rows } = await db.executeQuery<{ detail: string }>(query);
  return rows.map((row) => row.detail);
}

/** A table or an index is read from one end to the other, or all that a repository has of something is. */
function grows(line: string): boolean {
  // of this index the last entry is read: the plan does not tell its limit, PostgreSQL's rows below do
  if (line.includes('COVERING INDEX tag_moves_by_repository ')) return false;
  // this one holds few images, and is read up to a limit
  if (line.endsWith('COVERING INDEX images_incomplete')) return false;
  // the list that was asked about, and what a query within has found
  if (/^SCAN (json_each|matching|held|one|lists)\b/.test(line)) return false;
  // of these there are some dozens, however many files there are
  if (line === 'SCAN file_segments') return false;
  return /^SCAN (?!CONSTANT|\d+ CONSTANT)|\(repository_id=\?\)$/.test(line);
}

/** How many rows PostgreSQL has touched in all steps of a query, those that it threw away included. */
async function rowsTouched(db: Db, node: RootOperationNode): Promise<number> {
  const compiled = db.getExecutor().compileQuery(node, { queryId: 'plan' });
  const text = `explain (analyze, format json) ${compiled.sql}`;
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': Array<{ Plan: Step }> }>(
    CompiledQuery.raw(text, [...compiled.parameters]),
  );
  return touchedBy(rows[0]!['QUERY PLAN'][0]!.Plan);
}

interface Step {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Step[];
}

function touchedBy(step: Step): number {
  const removed = (step['Rows Removed by Filter'] ?? 0) + (step['Rows Removed by Join Filter'] ?? 0);
  const own = (step['Actual Rows'] + removed) * step['Actual Loops'];
  return own + (step.Plans ?? []).reduce((sum, inner) => sum + touchedBy(inner), 0);
}

const many = 3000;

/** A repository with many of everything, beside many repositories. */
async function fill(db: Db): Promise<void> {
  const digestOf = sql`'sha256:' || lpad(n::text, 64, '0')`;
  const numbers = sql`generate_series(1, ${sql.raw(String(many))}) as n`;
  const statements = [
    sql`insert into repositories (name, created_at) select 'z' || n, 0 from ${numbers}`,
    sql`insert into blobs (digest, size, location) select ${digestOf}, 1, 'l' || n from ${numbers}`,
    sql`insert into repository_blobs (repository_id, digest, pushed_at) select 1, ${digestOf}, 0 from ${numbers}`,
    sql`insert into manifests (repository_id, digest, media_type, kind, size, pushed_at, bytes)
      select 1, ${digestOf}, 'm', 'manifest', 1, 0, '' from ${numbers}`,
    sql`insert into manifest_refs (digest, repository_id, manifest_id, role)
      select ${digestOf}, 1, id, 'blob' from manifests, ${numbers} where id = n`,
    sql`insert into tags (repository_id, name, digest) select 1, 'tag' || n, ${digestOf} from ${numbers}`,
    sql`insert into tag_moves (repository_id, tag, to_digest, moved_at) select 1, 'tag' || n, ${digestOf}, 0 from ${numbers}`,
    sql`insert into verdicts (repository_id, digest, purpose, outcome, decided, verdict, made_from, facts, made_at)
      select 1, ${digestOf}, 'pull', 'allow', 1, '{}', '{}', 0, 0 from ${numbers}`,
    sql`insert into holds (repository, digest, held_by, held_at, reason) select 'a', ${digestOf}, 'b', 0, 'r' from ${numbers}`,
    sql`insert into audit (at, actor, action, repository, digest, outcome)
      select n, 'p' || n, 'pull', 'a', ${digestOf}, 'done' from ${numbers}`,
    sql`insert into images (digest, format, complete, made_at, inventory) select ${digestOf}, 1, 1, 0, '' from ${numbers}`,
    sql`insert into pkg_names (ecosystem, name) select 'npm', 'p' || n from ${numbers}`,
    sql`insert into pkg_versions (name_id, ecosystem, version) select id, 'npm', '1' from pkg_names`,
    sql`insert into packages (key, version_id, name, version, purl, licence)
      select convert_to('p' || id, 'UTF8'), id, 'p' || id, '1', 'pkg:npm/p' || id || '@1', 'MIT' from pkg_versions`,
    sql`insert into package_licences (term, package_id) select 'l' || id, id from packages`,
    sql`insert into package_groups (digest) select convert_to('g' || n, 'UTF8') from ${numbers}`,
    sql`insert into group_packages (package_id, group_id) select n, n from ${numbers}`,
    sql`insert into image_groups (group_id, image_id) select n, n from ${numbers}`,
    sql`insert into chains (content, parent_id) select convert_to('c' || n, 'UTF8'), n - 1 from ${numbers}`,
    sql`insert into image_chains (chain_id, image_id) select n, n from ${numbers}`,
    sql`insert into image_places (repository_id, image_id, manifest_id) select 1, images.id, manifests.id from images
      join manifests on manifests.digest = images.digest`,
    sql`update images set chain_id = id`,
    sql`insert into layer_files (digest, complete) select ${digestOf}, 1 from ${numbers}`,
    sql`insert into layer_contents (digest, content) select ${digestOf}, convert_to('c' || n, 'UTF8') from ${numbers}`,
    sql`insert into advisories (id, match_hash, weight_hash, display_hash, first_imported, changed_at, head, affected)
      select 'A-' || n, '', '', '', 0, 0, '{}', '[]' from ${numbers}`,
    sql`insert into advisory_names (name, advisory_key) select id, key from advisories`,
    sql`insert into findings (version_id, advisory_key) select n, n from ${numbers}`,
    sql`insert into jobs (kind, key, namespace, payload, priority, state, run_after, attempts, max_attempts, again, enqueued_at)
      select 'other', n, 'n', '1', n % 3, case when n % 2 = 0 then 'ready' else 'delayed' end, n + 5, 0, 1, 0, 0 from ${numbers}`,
    sql`analyze`,
  ];
  for (const statement of statements) await statement.execute(db);
}

async function eachQuery(opened: Db, judge: (name: string, node: RootOperationNode) => Promise<void>) {
  const { plugin, seen } = listener();
  const db = opened.withPlugin(plugin);
  const catalog = createSqlCatalog(db);
  for (const [name, ask] of questions) {
    seen.length = 0;
    await ask(db, catalog);
    for (const node of seen.filter((one) => one.kind !== 'InsertQueryNode')) await judge(name, node);
  }
}

const [sqlite, postgres] = ['sqlite', 'postgres'].map((kind) =>
  testDatabases.filter((one) => one.kind === kind),
);

test.each(sqlite!)('on $name each question is answered from an index', async (kind) => {
  const opened = await kind.open();
  const { db } = opened;
  await addImage(createSqlCatalog(db), 'a', 'x', { tags: ['t', 'u'] });
  const grown: string[] = [];
  await eachQuery(db, async (name, node) => {
    const plan = await planOf(db, node);
    if (plan.some(grows)) grown.push(`${name}:\n  ${plan.join('\n  ')}`);
  });
  expect(grown).toEqual([]);
  const whole = [
    db.selectFrom('tags').selectAll().where('name', '=', 't'),
    db.selectFrom('tag_moves').selectAll().where('repository_id', '=', 1),
  ];
  for (const query of whole) expect((await planOf(db, query.toOperationNode())).some(grows)).toBe(true);
  await opened.close();
});

test.each(postgres!)('on $name few rows are touched, however many there are', async (kind) => {
  const opened = await kind.open();
  const { db } = opened;
  await addImage(createSqlCatalog(db), 'a', 'x', { tags: ['t', 'u'] });
  await fill(db);
  const grown: string[] = [];
  await eachQuery(db, async (name, node) => {
    const touched = await rowsTouched(db, node);
    if (touched > many / 10) grown.push(`${name}: ${touched}`);
  });
  expect(grown).toEqual([]);
  const whole = db.selectFrom('tag_moves').selectAll().where('from_digest', '=', 'none').toOperationNode();
  expect(await rowsTouched(db, whole)).toBeGreaterThanOrEqual(many);
  await opened.close();
});
