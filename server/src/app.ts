import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { signReceipt, type Receipt } from '@wharfinger/lib/assess/receipt';
import { openFileSystemBlobStore } from '@wharfinger/lib/storage/file-system';
import { createRegistryHandler } from '@wharfinger/lib/registry/handler';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { pino, type Logger } from 'pino';
import { createPolicy } from './access/policy.ts';
import { adminName } from './access/rights.ts';
import { addAboutRoutes } from './api/about/routes.ts';
import { addAdvisoryRoutes } from './api/advisories/routes.ts';
import { addAuditRoutes } from './api/audit/routes.ts';
import { addEventRoutes } from './api/events/routes.ts';
import { addDecisionRoutes } from './api/decisions/routes.ts';
import { addExposureRoutes } from './api/exposure/routes.ts';
import { addFileRoutes } from './api/files/routes.ts';
import { addHoldRoutes } from './api/holds/routes.ts';
import { addImageRoutes } from './api/images/routes.ts';
import { addSbomRoutes } from './api/sbom/routes.ts';
import { addJobRoutes } from './api/jobs/routes.ts';
import { addJudgementRoutes } from './api/judgement/routes.ts';
import { addCollectionRoutes, addGrantRoutes, addRecordRoutes } from './api/records/routes.ts';
import { addMetricsRoutes } from './api/metrics/routes.ts';
import { addPromotionRoutes } from './api/promotions/routes.ts';
import { addRepositoryRoutes } from './api/repositories/routes.ts';
import { addKeyRoutes } from './api/revocations/routes.ts';
import { createApiServer } from './api/serve.ts';
import { addScanRoutes } from './api/scans/routes.ts';
import { addSnapshotRoutes } from './api/snapshots/routes.ts';
import { addTagRoutes } from './api/tags/routes.ts';
import { addTombstoneRoutes } from './api/tombstones/routes.ts';
import { addTokenRoutes } from './api/token/routes.ts';
import { addVexRoutes } from './api/vex/routes.ts';
import { addWebRoutes } from './api/web/routes.ts';
import { createAuditBuffer } from './audit/buffer.ts';
import type { LoadedConfig } from './config/load.ts';
import { settingsForNextStart } from './config/restart.ts';
import { openDatabase } from './db/open.ts';
import { clearFetched } from './feeds/fetch-feed.ts';
import { routinesOfAges } from './feeds/update-feed.ts';
import { describeFeedWork } from './feeds/work.ts';
import { knownBase } from './exposure/known-base.ts';
import { createSearch } from './exposure/search.ts';
import { createLayerFiles } from './inspection/layer-files.ts';
import { createFileLooker } from './inspection/look-process.ts';
import { createGate } from './gate/gate.ts';
import { createPullLog } from './gate/pull-log.ts';
import { createRegistryHost } from './gate/registry-host.ts';
import { createVerdictMemory } from './gate/verdict-memory.ts';
import { closeHttpServer, listen, openHttpServer } from './http/http-server.ts';
import { releaseAllLeases } from './jobs/claim.ts';
import { startChores } from './jobs/chores.ts';
import type { Job } from './jobs/job.ts';
import { startBatchWorker } from './jobs/batch-worker.ts';
import { startWorker } from './jobs/worker.ts';
import { findAdminPassword } from './identity/admin-password.ts';
import { identify } from './identity/identify.ts';
import { loadRegistryKey } from './identity/registry-key.ts';
import { fromOrigin } from './identity/origin.ts';
import { createPasswordVerifier } from './identity/passwords.ts';
import { createTokenStore } from './identity/tokens.ts';
import { createChainMemory } from './pipeline/chain-memory.ts';
import { askForChecksAgain } from './pipeline/check-again.ts';
import { createEditions } from './pipeline/editions.ts';
import { guardEvidence } from './pipeline/guard-evidence.ts';
import { createLastVerdicts } from './pipeline/last-verdicts.ts';
import { createNamedAncestors } from './pipeline/named-ancestors.ts';
import { createHoldActs } from './pipeline/holds.ts';
import { createImageFiles } from './pipeline/image-files.ts';
import { createJobActs } from './pipeline/job-acts.ts';
import { createKnowledge } from './pipeline/knowledge.ts';
import { createVerdictSource } from './pipeline/judge.ts';
import { createImageComposer } from './pipeline/image-composer.ts';
import { createFileExtractor, createLayerReader } from './pipeline/layer-reader.ts';
import { createOneAtATime } from './pipeline/one-at-a-time.ts';
import type { PipelineParts } from './pipeline/parts.ts';
import { askForAllProbes } from './pipeline/probe.ts';
import { askForAllScans } from './pipeline/scan.ts';
import { createScanKnowledge } from './pipeline/scan-knowledge.ts';
import { checkScanners } from './pipeline/scan-chores.ts';
import { createPromotionActs } from './pipeline/promote.ts';
import { recordChange } from './pipeline/record.ts';
import { createSharedResults } from './pipeline/result-memory.ts';
import { describeWork } from './pipeline/work.ts';
import { engineAt } from './probes/engine.ts';
import type { ProbeRunner } from './probes/run-probe.ts';
import { removeLeftovers } from './probes/sandbox.ts';
import { createLender } from './scanners/lend-image.ts';
import { collectionSource } from './records/collection-source.ts';
import { createKeyActs, createRecordActs } from './records/acts.ts';
import { putFeedVex } from './records/vex.ts';
import { policyChores } from './records/policy-chores.ts';
import { openPolicy } from './records/policy-in-force.ts';
import { renewRevocations } from './records/revoke.ts';
import { createCachingCatalog } from './stores/caching-catalog.ts';
import { ownFolder } from './stores/own-folder.ts';
import { createSqlCatalog } from './stores/sql-catalog.ts';

/** A server that runs. */
export interface RunningServer {
  readonly log: Logger;
  /** where it listens, host:port */
  readonly address: string;
  /**
   * Puts users, namespaces and trust of a configuration in force; the rest of it needs a new start.
   * @throws WharfingerError CONFIG_INVALID where it does not fit the records; then the one before stays
   */
  readonly reload: (config: LoadedConfig) => Promise<void>;
  /** Ends requests and work under way, and closes everything. Asked twice it is done once. */
  readonly stop: () => Promise<void>;
}

export interface ServerOptions {
  /** the clock of everything that is decided and recorded; that of the machine if absent */
  readonly now?: () => Date;
}

/** Memory for what pulls ask of the catalog: some hundred thousand tags, or some ten thousand manifests. */
const catalogCacheBytes = 96 * 1024 * 1024;

/** Jobs done at the same time: more of them share the commits of the database. */
const quickAtOnce = 8;

/** Images that are judged again together: while some are judged others are read and kept, but for the first and the last of them. */
const judgedTogether = 1200;

/** The same of jobs of which each is about a hundred. */
const jobsOfManyTogether = 12;

/**
 * Requests and jobs under way may take this long to end when the server stops. Then connections are cut off (uploads go on
 * where they ended), and jobs are given back and begin anew.
 */
const graceMs = 5000;

/**
 * Builds and wires everything; the only place that does. Resolves once it serves; where it cannot, it leaves nothing open.
 * @throws WharfingerError DATA_IN_USE, LISTEN_FAILED, CONFIG_INVALID
 */
export async function startServer(
  config: LoadedConfig,
  { now = () => new Date() }: ServerOptions = {},
): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack();
  const log = pino({ level: config.log.level });
  const collection = loadStandardCollection();
  const lost = Promise.withResolvers<void>();
  const { url } = config.database;
  if (url !== undefined) {
    const { holdAlone } = await import('./db/hold-alone.ts');
    const held = await holdAlone(url, lost.resolve);
    opened.defer(() => held.release());
  }
  const database = await openDatabase(url ?? config.data);
  opened.defer(() => database.close());
  await ownFolder(database, config.data);
  const { db } = database;
  const layerFiles = createLayerFiles();
  opened.defer(() => layerFiles.close());
  const storage = await openFileSystemBlobStore(join(config.data, 'blobs'));
  const registryKey = await loadRegistryKey(config.data);
  const memory = createVerdictMemory();

  await renewRevocations({ db, now, key: registryKey });
  const inForce = await openPolicy({
    db,
    config,
    builtIn: collection,
    build: (wanted, records) => createPolicy(wanted, collection, records, registryKey.publicPem),
    onChange() {
      memory.forgetAll();
      work
        .policyChanged()
        .catch((error: unknown) => log.error({ err: error }, 'images were not asked to be judged again'));
    },
  });
  const currentPolicy = inForce.current;

  const mayPurge = (principal: string | null, repository: string): boolean =>
    currentPolicy().rights.may({ principal, address: '', client: '' }, 'purge', repository);
  const ancestors = createNamedAncestors(storage, inForce.fresh, now);
  const catalog = createCachingCatalog(
    ancestors.watch(
      createSqlCatalog(db, {
        async onChange(trx, change) {
          await guardEvidence(trx, change, mayPurge);
          await ancestors.protect(trx, change);
          await recordChange(trx, memory, change);
        },
      }),
    ),
    catalogCacheBytes,
  );
  const probes = probeRunner(config.probes, registryKey.id);
  const tokens = createTokenStore(now);
  const stopping = new AbortController();
  const parts: PipelineParts = {
    db,
    editions: createEditions({ db, policy: currentPolicy, now }),
    catalog,
    storage,
    memory,
    policy: currentPolicy,
    freshPolicy: inForce.fresh,
    readLayers: createLayerReader(storage, config.inspection),
    composeImage: createImageComposer(config.inspection),
    layerFiles,
    results: createSharedResults(),
    chains: createChainMemory(db),
    registryKey,
    ...(probes && { probes }),
    scans: { lend: createLender(tokens), running: new Map(), stopping: stopping.signal },
    now,
    log,
  };

  const work = describeWork(parts, config.registry.uploadExpiry);
  const adminPassword = await findAdminPassword(db, config.adminPassword, (password) => {
    process.stdout.write(
      `\nThe administrator is "${adminName}" with the password ${password}\nIt is shown this once.\n\n`,
    );
  });
  const identity = {
    users: (name: string) =>
      name === adminName
        ? adminPassword
        : currentPolicy().config.users.find((user) => user.name === name)?.password,
    passwords: createPasswordVerifier(),
    tokens,
  };
  const identifyRequest = (request: IncomingMessage) => identify(request, identity);
  const auditBuffer = createAuditBuffer({
    db,
    now,
    onError: (error) => log.error({ err: error }, 'pulls were not recorded'),
  });
  opened.defer(() => auditBuffer.stop());
  const pulls = createPullLog(auditBuffer, now);
  opened.defer(() => pulls.stop());
  const gate = createGate({
    catalog,
    memory,
    verdictOf: createVerdictSource(parts),
    may: (caller, right, repository) => currentPolicy().rights.may(caller, right, repository),
    onHeldRead: pulls.heldRead,
    readBackMs: config.registry.readBack,
    now,
  });
  const registry = createRegistryHandler({
    storage,
    catalog,
    host: createRegistryHost({
      identify: identifyRequest,
      policy: currentPolicy,
      gate,
      served: pulls.served,
      refused: pulls.refused,
      failed: (error, request) => log.error({ err: error, url: request.url }, 'request failed'),
      now,
    }),
    settings: {
      missingParts: config.registry.missingParts,
      maxManifestBytes: config.registry.manifestLimit,
      maxReferrers: config.registry.referrerLimit,
    },
  });

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (isRegistryPath(request.url ?? '')) void registry(request, response);
    else listener(request, response);
  };
  const server = openHttpServer((request, response) => {
    // What only reads records its own origin, and is asked too often to pay for more.
    if (request.method === 'GET' || request.method === 'HEAD') answer(request, response);
    else fromOrigin(request, () => answer(request, response));
  });
  const { app, listener } = createApiServer({ server, identify: identifyRequest, log });
  opened.defer(() => app.close());
  const context = { app, catalog, rights: () => currentPolicy().rights, now };
  const knowledge = createKnowledge(parts);
  const isTagImmutable = (repository: string, tag: string) => currentPolicy().isTagImmutable(repository, tag);
  addAboutRoutes(context, { version: await readVersion(), registry: config.registry.identity });
  addTokenRoutes(context, tokens);
  addRepositoryRoutes(context, () => currentPolicy().namespaceOf);
  addTagRoutes(context, isTagImmutable);
  const sign = ({ statement }: Receipt): unknown => JSON.parse(signReceipt(statement, registryKey));
  addImageRoutes(context, knowledge, gate, sign, (digest, visible) => knownBase(db, digest, visible));
  addSbomRoutes(context, { ...parts, referrers: config.registry.referrerLimit }, createOneAtATime());
  const looker = createFileLooker({
    memory: config.inspection.memory,
    seconds: config.inspection.time / 1000,
  });
  const extract = createFileExtractor(storage, config.inspection);
  addFileRoutes(context, knowledge, gate, createImageFiles({ db, catalog }, looker, extract));
  addExposureRoutes(context, createSearch(db, layerFiles, createLastVerdicts(parts)));
  addDecisionRoutes(context, knowledge, {
    sign,
    publicHost: () => config.publicUrl && new URL(config.publicUrl).host,
  });
  addScanRoutes(context, createScanKnowledge(parts));
  addHoldRoutes(context, createHoldActs(parts));
  addJobRoutes(context, createJobActs(parts));
  addJudgementRoutes(context, { judgement: parts.editions.current, key: registryKey });
  const revokeParts = { db, inForce, now, memory, key: registryKey };
  const recordActs = createRecordActs({ ...revokeParts, sourceOf: collectionSource(catalog, storage) });
  addRecordRoutes(context, recordActs);
  addGrantRoutes(context, recordActs);
  addCollectionRoutes(context, recordActs);
  addVexRoutes(context, revokeParts);
  addTombstoneRoutes(context, db);
  addKeyRoutes(context, createKeyActs(revokeParts));
  addPromotionRoutes(context, createPromotionActs(parts));
  addSnapshotRoutes(context, {
    db,
    registry: config.registry.identity,
    key: registryKey,
    revocations: () => currentPolicy().revocations,
    now,
  });
  const feedFolder = join(config.data, 'feeds');
  await clearFetched(feedFolder);
  const feedWork = describeFeedWork(
    {
      db,
      memory,
      now,
      folder: feedFolder,
      fetch: (url, init) => fetch(url, init),
      putVex: (said) => putFeedVex(revokeParts, said),
      routinesOfAges: () => routinesOfAges(currentPolicy().collections),
    },
    () => currentPolicy().config.advisories.feeds,
  );
  addAdvisoryRoutes(context, parts, feedWork);
  addMetricsRoutes(context, parts, feedWork);
  addEventRoutes(context, db);
  addAuditRoutes(context, db);
  addWebRoutes(context);
  await app.ready();

  // Nothing can be running yet: what a crash left behind is taken up at once.
  await releaseAllLeases(db, now());
  await removeSandboxes(probes, log);
  await askForChecksAgain(parts);
  await askForAllProbes(parts);
  await askForScanners(parts, log);
  await work.policyChanged();
  const jobFailed = (error: unknown, job?: Job): void =>
    log.warn({ err: error, job: job && `${job.kind} ${job.key}` }, 'a job failed');
  const workers = [
    startWorker({
      db,
      handlers: work.inspecting,
      concurrency: config.inspection.concurrency,
      now,
      onError: jobFailed,
    }),
    startWorker({
      db,
      handlers: work.probing,
      concurrency: config.probes.concurrency,
      now,
      onError: jobFailed,
    }),
    startWorker({
      db,
      handlers: work.scanning,
      concurrency: config.scanners.concurrency,
      now,
      onError: jobFailed,
    }),
    startWorker({ db, handlers: work.quick, concurrency: quickAtOnce, now, onError: jobFailed }),
    startBatchWorker({ db, ...work.judging, size: judgedTogether, now, onError: jobFailed }),
    startBatchWorker({ db, ...work.judgingMany, size: jobsOfManyTogether, now, onError: jobFailed }),
    // one by one: a feed takes minutes, and its writes are in the way of the next
    startWorker({ db, handlers: feedWork.jobs, concurrency: 1, now, onError: jobFailed }),
  ];
  const chores = [...work.chores, ...feedWork.chores, ...policyChores(revokeParts)];
  const stopChores = startChores(chores, (error, what) => log.error({ err: error }, `${what} failed`));
  opened.defer(async () => {
    stopping.abort(new Error('the process stops'));
    const stopped = workers.map((worker) => worker.stop(graceMs));
    await Promise.all([closeHttpServer(server, graceMs), stopChores(), ...stopped]);
  });
  const address = await listen(server, config.listen);
  // Such as a connection that could not be accepted: no reason to end.
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'));
  log.info({ address, data: config.data }, 'wharfinger serves');

  const toClose = opened.move();
  let closing: Promise<void> | undefined;
  const stop = (): Promise<void> => (closing ??= toClose.disposeAsync());
  void lost.promise.then(async () => {
    log.fatal('the connection that keeps other processes from the database has ended: this one stops');
    process.exitCode = 1;
    await stop();
  });
  return {
    log,
    address,
    async reload(next) {
      await inForce.configure(next);
      tokens.clear();
      await askForScanners(parts, log);
      log.info('users, namespaces and trust were read again');
      const later = settingsForNextStart(config, next);
      if (later.length > 0) log.warn({ settings: later }, 'these settings changed and need a new start');
    },
    stop,
  };
}

/** What runs probes, where an engine is configured. What it makes is labelled with the key of this registry. */
function probeRunner(settings: LoadedConfig['probes'], owner: string): ProbeRunner | undefined {
  if (settings.engine === undefined) return undefined;
  const most = { memory: settings.memory, seconds: settings.time / 1000 };
  return { engine: engineAt(settings.engine), owner, most, keepImages: true };
}

/** Sandboxes that an earlier process left behind. An engine that does not answer keeps no registry from serving. */
async function removeSandboxes(probes: ProbeRunner | undefined, log: Logger): Promise<void> {
  if (probes === undefined) return;
  try {
    const count = await removeLeftovers(probes.engine, probes.owner);
    if (count > 0) log.info({ count }, 'sandboxes of probes were removed that an earlier process had left');
  } catch (error) {
    log.error({ err: error }, 'sandboxes of probes that an earlier process may have left were not removed');
  }
}

/** What scanners that are configured now have to do. One that does not answer keeps no registry from serving. */
async function askForScanners(parts: PipelineParts, log: Logger): Promise<void> {
  await askForAllScans(parts);
  checkScanners(parts).catch((error: unknown) => log.error({ err: error }, 'scanners were not asked'));
}

/** True for what the registry protocol answers; all else is the API's. */
function isRegistryPath(url: string): boolean {
  return url.startsWith('/v2/') || url === '/v2' || url.startsWith('/v2?');
}

async function readVersion(): Promise<string> {
  const about = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return about.version;
}
