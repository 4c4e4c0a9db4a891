import { generateKeyPairSync } from 'node:crypto';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { judgeApartFromList } from '@wharfinger/lib/assess/judge-facts';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { inventoryFormat, knownFormats, type Package } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { bindAll } from '@wharfinger/lib/routines/replay';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { openMemoryBlobStore } from '@wharfinger/lib/storage/memory';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPolicy } from '../access/policy.ts';
import { loadConfig } from '../config/load.ts';
import type { Db } from '../db/schema.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import type { Complete } from '../jobs/batch-worker.ts';
import { claimBatch, firstTurns, releaseAllLeases } from '../jobs/claim.ts';
import { enqueue } from '../jobs/enqueue.ts';
import { completeJobs } from '../jobs/settle.ts';
import { openPolicy } from '../records/policy-in-force.ts';
import { renewRevocations } from '../records/revoke.ts';
import { byHand } from '../stores/advisory-origins.ts';
import { removeAdvisories } from '../stores/advisory-removal.ts';
import { packJson } from '../stores/compressed-json.ts';
import { uncoverEcosystems } from '../stores/covered-ecosystems.ts';
import { packImage, putImage } from '../stores/images.ts';
import { matchVersions, versionsWithFindings } from '../stores/findings.ts';
import { holdImage, releaseImage } from '../stores/holds.ts';
import type { Placed } from '../stores/repositories.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import { putThreats } from '../stores/threats.ts';
import { verdictBasis } from '../stores/verdict-basis.ts';
import { queryVerdictEvents } from '../stores/verdict-events.ts';
import { factsAt } from '../stores/verdict-receipts.ts';
import { getVerdict } from '../stores/verdicts.ts';
import { smallImage } from '../testing/pushed-image.ts';
import { storeImage } from '../testing/stored-image.ts';
import { createEditions } from './editions.ts';
import { invalidate, invalidateVersions } from './follow.ts';
import { jobsForImages } from './image-jobs.ts';
import { gatherFacts } from './gather-facts.ts';
import { storeBatch } from './import-advisories.ts';
import { judgeImages, placeText } from './judge-images.ts';
import type { PipelineParts } from './parts.ts';
import { createSharedResults } from './result-memory.ts';
import { describeWork } from './work.ts';

const builtIn = loadStandardCollection();

function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

function packageOf(name: string, version: string, layer: number): Package {
  const match = { ecosystem: 'npm', name, version };
  const purl = `pkg:npm/${name}@${version}`;
  return { type: 'npm', name, version, match, purl, path: `${name}/package.json`, layer };
}

function advisory(id: string, name: string, fixed: string, rest: Partial<Advisory> = {}): Advisory {
  const ranges = [{ type: 'SEMVER' as const, events: [{ introduced: '0' }, { fixed }] }];
  return {
    id,
    aliases: [],
    summary: `about ${name}`,
    severity: 'high',
    published: '2025-06-01T00:00:00Z',
    malicious: false,
    affected: [{ ecosystem: 'npm', name, versions: [], ranges }],
    references: [],
    ...rest,
  };
}

describe.each(testDatabases)('judging many images at once, on $name', (kind) => {
  let opened: TestDatabase;
  let parts: PipelineParts;
  let places: Placed[];
  let time: number;
  /** manifests that were read */
  let manifestsRead: number;

  beforeEach(async () => {
    time = Date.UTC(2026, 0, 1);
    const now = () => new Date((time += 1000));
    opened = await kind.open();
    const { db } = opened;
    const registryKey = makeKey();
    const bindings = bindAll(builtIn, undefined, 'hold');
    await renewRevocations({ db, now, key: registryKey });
    const inForce = await openPolicy({
      db,
      config: await loadConfig({}),
      builtIn,
      build: (wanted, records) => createPolicy(wanted, builtIn, { ...records, bindings }),
      onChange() {},
    });
    const own = createSqlCatalog(db);
    const catalog: Catalog = {
      ...own,
      getManifest(...asked) {
        manifestsRead += 1;
        return own.getManifest(...asked);
      },
    };
    parts = {
      db,
      catalog,
      storage: openMemoryBlobStore(now),
      memory: createVerdictMemory(),
      policy: inForce.current,
      freshPolicy: inForce.fresh,
      editions: createEditions({ db, policy: inForce.current, now }),
      results: createSharedResults(),
      registryKey,
      now,
      log: pino({ level: 'silent' }),
    } as unknown as PipelineParts;
    places = [];
    await importAll(advisory('OLD-1', 'left', '1.0.5'));
    const lists = [['left'], ['right'], ['left', 'right', 'up'], ['up'], [], ['left', 'up']];
    for (const [index, names] of lists.entries())
      places.push(await pushed(`team-${index % 2}/app`, index, names));
    manifestsRead = 0;
  });
  afterEach(() => opened.close());

  const importAll = (...all: Advisory[]) => transact(opened.db, (trx) => storeBatch(trx, parts, byHand, all));

  async function pushed(repository: string, mark: number, names: readonly string[]): Promise<Placed> {
    const image = smallImage({ mark: String(mark), created: '2025-12-01T00:00:00Z' });
    const { digest } = image;
    await storeImage(parts, repository, image, { by: 'ann', at: new Date(0) });
    const packages = names.map((name, index) => packageOf(name, `1.0.${index}`, 0));
    const layer = {
      digest: image.layer,
      content: 'filesystem',
      compression: 'none',
      diffId: image.layer,
      size: 1,
      entries: 1,
    } as const;
    const packed = await packImage({
      format: inventoryFormat,
      complete: true,
      packages,
      problems: [],
      layers: [layer],
    });
    await transact(opened.db, async (trx) =>
      matchVersions(trx, await putImage(trx, digest, packed, [image.layer], new Date(0))),
    );
    return { repository, digest };
  }

  /** What comes of an image where everything is read anew and nothing is remembered. */
  async function fromNothing(place: Placed) {
    const known = (await gatherFacts(parts, place))!;
    const { verdict } = (await getVerdict(opened.db, place, 'pull'))!;
    const at = new Date(verdict.at);
    const rules = parts.policy().rulesFor(place.repository, 'pull', at);
    return { facts: known.facts, verdict: judgeApartFromList(known, rules, 'pull', at) };
  }

  async function eventsOf(digest?: Digest) {
    const page = await queryVerdictEvents(opened.db, digest === undefined ? {} : { digest }, { limit: 100 });
    return page.events.toReversed();
  }

  /** Each verdict that stands is what it would be from nothing, and so is what was recorded of it. */
  async function allAreTrue(): Promise<void> {
    for (const place of places) {
      const kept = await getVerdict(opened.db, place, 'pull');
      const { facts, verdict } = await fromNothing(place);
      expect(kept?.verdict).toEqual(verdict);
      expect((await factsAt(opened.db, place, new Date(time + 1000)))?.facts).toEqual(facts);
    }
  }

  test('after news says what is said from nothing, without looking into an image, and evaluates what has changed alone', async () => {
    await judgeImages(parts, places);
    await allAreTrue();
    const [before, read] = [parts.results.counts(), manifestsRead];
    await importAll(
      advisory('NEW-1', 'left', '1.0.9', { aliases: ['CVE-2026-0001'] }),
      advisory('NEW-2', 'right', '1.0.1', { malicious: true }),
      advisory('OLD-1', 'left', '0.9.0'),
    );
    manifestsRead = 0;
    const { verdicts, overtaken, failures } = await judgeImages(parts, places);
    expect([verdicts.size, overtaken, failures, manifestsRead]).toEqual([places.length, [], [], 0]);
    expect(read).toBeGreaterThan(0);
    await allAreTrue();
    const { evaluated, reused, anew } = parts.results.counts();
    expect(anew).toBe(before.anew);
    const bound = places.flatMap(
      ({ repository }) => parts.policy().rulesFor(repository, 'pull', new Date(time)).bindings,
    ).length;
    expect(evaluated - before.evaluated).toBeLessThan(bound / 3);
    expect(evaluated - before.evaluated + reused - before.reused).toBe(bound);
  });

  test('after news of what is exploited, and of advisories that are gone, says what is said from nothing too', async () => {
    const { db } = opened;
    await importAll(advisory('NEW-1', 'left', '1.0.9', { aliases: ['CVE-2026-0001'] }));
    await judgeImages(parts, places);
    const exploited = { added: '2026-01-01T00:00:00.000Z' };
    const invalidateFor = (trx: Db, versions: readonly number[]) =>
      invalidateVersions(trx, parts.memory, versions, new Date(time), 'advisories');
    await transact(db, async (trx) => {
      const said = new Map([['CVE-2026-0001', { exploited }]]);
      const touched = await putThreats(trx, 'kev', said, new Date(time));
      expect(await invalidateFor(trx, await versionsWithFindings(trx, touched))).toBe(3);
    });
    manifestsRead = 0;
    await judgeImages(parts, places);
    expect(manifestsRead).toBe(0);
    await allAreTrue();
    const { facts } = (await factsAt(db, places[0]!, new Date(time + 1000)))!;
    expect(facts.findings?.map((finding) => finding.exploited)).toContainEqual(exploited);

    await transact(db, async (trx) => {
      const removal = await removeAdvisories(trx, ['NEW-1', 'OLD-1'], new Date(time));
      await invalidateFor(trx, [...removal.versions, ...(await uncoverEcosystems(trx, removal.ecosystems))]);
    });
    manifestsRead = 0;
    await judgeImages(parts, places);
    expect(manifestsRead).toBe(0);
    await allAreTrue();
    const after = (await factsAt(db, places[0]!, new Date(time + 1000)))!.facts;
    expect([after.findings, after.advisories?.uncovered]).toEqual([[], ['npm']]);
  });

  test('tells of each verdict that says something else, once, and why; of mere text, and of nothing new, not at all', async () => {
    await judgeImages(parts, places);
    expect(await eventsOf()).toHaveLength(places.length);
    await judgeImages(parts, places);
    expect(await eventsOf()).toHaveLength(places.length);

    await importAll(advisory('NEW-1', 'up', '1.0.9', { aliases: ['CVE-2026-0001'] }));
    await judgeImages(parts, places);
    const told = (await eventsOf()).slice(places.length);
    const withUp = [places[2]!, places[3]!, places[5]!].map(({ digest }) => digest);
    expect(told.map(({ digest }) => digest).sort()).toEqual(withUp.sort());
    for (const { cause } of told) {
      expect(cause.findings.map(({ advisory: id, what }) => [id, what])).toEqual([['CVE-2026-0001', 'came']]);
      expect(cause).toMatchObject({ policy: false, time: false });
    }

    const count = (await eventsOf()).length;
    const edited = advisory('NEW-1', 'up', '1.0.9', {
      aliases: ['CVE-2026-0001'],
      summary: 'in other words',
    });
    expect(await importAll(edited)).toMatchObject({ changed: 1, images: 0 });
    await judgeImages(parts, places);
    expect(await eventsOf()).toHaveLength(count);

    await importAll(advisory('NEW-1', 'up', '0.1.0', { aliases: ['CVE-2026-0001'] }));
    await judgeImages(parts, places);
    const gone = (await eventsOf()).slice(count);
    expect(gone.map(({ cause }) => cause.findings[0]?.what)).toEqual(['went', 'went', 'went']);
  });

  test('compares with what earlier versions recorded, where the findings stand in the record itself', async () => {
    await judgeImages(parts, places);
    for (const place of places) {
      const { inventory: _, ...rest } = (await factsAt(opened.db, place, new Date(time)))!.facts;
      await opened.db
        .updateTable('verdict_receipts')
        .set({ facts: await packJson(rest), facts_hash: 'of another form' })
        .where('repository', '=', place.repository)
        .where('digest', '=', place.digest)
        .execute();
    }
    const count = (await eventsOf()).length;
    await importAll(advisory('NEW-1', 'up', '1.0.9', { aliases: ['CVE-2026-0001'] }));
    await judgeImages(parts, places);
    await allAreTrue();
    const told = (await eventsOf()).slice(count);
    expect(told.map(({ cause }) => cause.findings.map(({ what }) => what))).toEqual(told.map(() => ['came']));
    expect(told).toHaveLength(3);
  });

  test('looks into an image again where anything else has changed, and keeps in mind who holds it', async () => {
    await judgeImages(parts, places);
    const [place] = places as [Placed];
    const act = { by: 'ann', at: new Date(time), reason: 'INC-7' };
    await transact(opened.db, async (trx) => {
      await holdImage(trx, place, act);
      await invalidate(trx, parts.memory, 'judge', [place], act.at);
    });
    manifestsRead = 0;
    await judgeImages(parts, places);
    expect(manifestsRead).toBe(1);
    await importAll(advisory('NEW-1', 'left', '1.0.9'));
    await judgeImages(parts, places);
    expect(
      (await getVerdict(opened.db, place, 'pull'))?.verdict.reasons.map(({ routine }) => routine),
    ).toContain('not-held-by-hand');
    await allAreTrue();
    await transact(opened.db, async (trx) => {
      await releaseImage(trx, place, act);
      await invalidate(trx, parts.memory, 'judge', [place], act.at);
    });
    await judgeImages(parts, places);
    await allAreTrue();
  });

  test('goes by what an earlier version found where that has the same shape, and by nothing older', async () => {
    const [place] = places as [Placed];
    const undecidedBy = async (format: number) => {
      await opened.db.updateTable('images').set({ format }).where('digest', '=', place.digest).execute();
      await invalidate(opened.db, parts.memory, 'judge', [place], new Date(time));
      await judgeImages(parts, [place]);
      const stored = await getVerdict(opened.db, place, 'pull');
      return stored!.verdict.reasons.map(({ routine }) => routine).includes('inventory-complete');
    };
    for (const format of knownFormats) expect([format, await undecidedBy(format)]).toEqual([format, false]);
    expect(await undecidedBy(knownFormats[0] - 1)).toBe(true);
  });

  test('goes on from what was recorded last, though the clock was set back since', async () => {
    await judgeImages(parts, places);
    const [place] = places as [Placed];
    const act = { by: 'ann', at: new Date(time), reason: 'INC-7' };
    time -= 3_600_000;
    await transact(opened.db, async (trx) => {
      await holdImage(trx, place, act);
      await invalidate(trx, parts.memory, 'judge', [place], act.at);
    });
    await judgeImages(parts, places);
    const [basis] = await verdictBasis(opened.db, [place], [inventoryFormat]);
    expect(basis!.recorded!.facts.held).toBeDefined();
  });

  test('of more than are read at once are all judged, and where some cannot be kept nothing goes on once that is told', async () => {
    for (let index = 6; index < 140; index += 1)
      places.push(await pushed(`team-${index % 2}/app`, index, index % 3 === 0 ? ['left'] : []));
    const verdicts = async () => (await opened.db.selectFrom('verdicts').select('digest').execute()).length;
    let asked = 0;
    const done = async () => {
      asked += 1;
      if (asked === 3) throw new Error('no room');
    };
    await expect(judgeImages(parts, places, done)).rejects.toThrow('no room');
    const kept = await verdicts();
    expect(asked).toBe(3);
    await new Promise((resolve) => void setTimeout(resolve, 100));
    expect([asked, await verdicts()]).toEqual([3, kept]);
    const told: string[] = [];
    const { verdicts: made } = await judgeImages(parts, places, async (_, some) => {
      told.push(...some.map(placeText));
    });
    expect(told.sort()).toEqual(places.map(placeText).sort());
    expect([...made.keys()].sort()).toEqual(told);
    expect(await verdicts()).toBe(places.length);
  });

  test('done twice at the same time tells of a change once', async () => {
    await judgeImages(parts, places);
    await importAll(advisory('NEW-1', 'left', '1.0.9'));
    const count = (await eventsOf()).length;
    let first: Promise<unknown> | undefined;
    // another one judges the same between what this one reads and what it keeps
    const ensure = () => (first ??= judgeImages(parts, places)) as Promise<never>;
    const late = await judgeImages({ ...parts, editions: { ...parts.editions, ensure } }, places);
    expect((await eventsOf()).length - count).toBe(3);
    expect(late.overtaken).toHaveLength(places.length);
    await allAreTrue();
  });

  test('asked for by jobs that are about many, judges all of them, each change told once, wherever it is cut off', async () => {
    await judgeImages(parts, places);
    await importAll(advisory('NEW-1', 'left', '1.0.9'));
    const count = (await eventsOf()).length;
    const { db } = opened;
    await db.deleteFrom('jobs').execute();
    const images = (await db.selectFrom('images').select('id').orderBy('id').execute()).map(({ id }) => id);
    await transact(db, (trx) => enqueue(trx, jobsForImages([...images, 999_999]), new Date(time)));
    const { handler, kind: judgeMany } = describeWork(parts, 1).judgingMany;
    const work = async (complete: Complete) => {
      const { lease, jobs } = (await claimBatch(db, firstTurns(), {
        kind: judgeMany,
        limit: 5,
        leaseMs: 1000,
        now: new Date(time),
      }))!;
      const finish: Complete = async (trx, done) => {
        await completeJobs(trx, lease, done, new Date(time));
        await complete(trx, done);
      };
      await handler(jobs, finish, AbortSignal.timeout(10_000));
    };
    await expect(work(() => Promise.reject(new Error('killed')))).rejects.toThrow('killed');
    // what was judged until then stands, is told, and is not judged again
    const { verdicts } = parts.results.counts();
    expect((await eventsOf()).length - count).toBe(3);
    await releaseAllLeases(db, new Date(time));
    await work(() => Promise.resolve());
    expect(parts.results.counts().verdicts).toBe(verdicts);
    expect((await eventsOf()).length - count).toBe(3);
    expect(await db.selectFrom('jobs').selectAll().execute()).toEqual([]);
    await allAreTrue();
  });

  test('gives those of many that cannot be judged jobs of their own', async () => {
    const { db } = opened;
    await db.deleteFrom('jobs').execute();
    const images = (await db.selectFrom('images').select('id').orderBy('id').execute()).map(({ id }) => id);
    const [broken] = places as [Placed];
    const catalog = {
      ...parts.catalog,
      getManifest: (repository: string, digest: Digest) =>
        digest === broken.digest
          ? Promise.reject(new Error('cannot be read'))
          : parts.catalog.getManifest(repository, digest),
    };
    const { handler } = describeWork({ ...parts, catalog }, 1).judgingMany;
    let completed = 0;
    const complete: Complete = async (_, jobs) => void (completed += jobs.length);
    const [request] = jobsForImages(images);
    const job = { ...request!, id: 1, attempt: 1, maxAttempts: 8, payload: null };
    await handler([job], complete, AbortSignal.timeout(10_000));
    expect(completed).toBe(1);
    const left = await db.selectFrom('jobs').select(['kind', 'key']).execute();
    expect(left).toEqual([{ kind: 'judge', key: placeText(broken) }]);
    expect(await getVerdict(db, broken, 'pull')).toBeUndefined();
    expect(await getVerdict(db, places[1]!, 'pull')).toBeDefined();
  });

  test('is done again by the next worker where one was killed before its verdicts were kept, and not where it was after', async () => {
    await judgeImages(parts, places);
    await importAll(advisory('NEW-1', 'left', '1.0.9'));
    const count = (await eventsOf()).length;
    const { handler } = describeWork(parts, 1).judging;
    const options = { kind: 'judge', limit: 10, leaseMs: 1000, now: new Date(time) };
    const first = (await claimBatch(opened.db, firstTurns(), options))!;
    expect(first.jobs).toHaveLength(3);
    expect(await claimBatch(opened.db, firstTurns(), options)).toBeUndefined();
    // it dies with the transaction that would have kept them
    const died = handler(first.jobs, () => Promise.reject(new Error('killed')), AbortSignal.timeout(10_000));
    await expect(died).rejects.toThrow('killed');
    expect(await eventsOf()).toHaveLength(count);
    await releaseAllLeases(opened.db, new Date(time));
    const second = (await claimBatch(opened.db, firstTurns(), options))!;
    const done: string[] = [];
    await handler(
      second.jobs,
      async (trx, jobs) => {
        done.push(...jobs.map(({ key }) => key));
        await trx.deleteFrom('jobs').where('lease', '=', second.lease).execute();
      },
      AbortSignal.timeout(10_000),
    );
    expect(done.sort()).toEqual([places[0]!, places[2]!, places[5]!].map(placeText).sort());
    expect((await eventsOf()).length - count).toBe(3);
    await allAreTrue();
  });
});
