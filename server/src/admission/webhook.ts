import { createServer } from 'node:https';
import type { Logger } from 'pino';
import type { Session } from '../cli/session.ts';
import { closeHttpServer, keepAliveTimeoutMs, listen } from '../http/http-server.ts';
import { admit } from './admit.ts';
import type { WebhookConfig } from './config.ts';
import { makeDecider, noCounts } from './decide.ts';
import { makeDecisionMemory } from './decision-memory.ts';
import { judgesFor } from './judges.ts';
import { makeLimit } from './limit.ts';
import { makeListener } from './listener.ts';
import { countReview, formatMetrics, type ReviewCounts } from './metrics.ts';
import { knownPodTemplates } from './pod-templates.ts';
import { followTlsFiles, readTlsPair } from './tls-files.ts';

/** A webhook that answers. */
export interface RunningWebhook {
  /** host:port */
  readonly address: string;
  /** Ends the reviews under way, then closes. */
  readonly stop: () => Promise<void>;
}

/** How often the files of the certificate are looked at. */
const tlsInterval = 5000;
/** How long reviews under way may take when it is told to stop. */
const grace = 10_000;

/**
 * Starts the admission webhook.
 * @throws WharfingerError CONFIG_INVALID, LISTEN_FAILED
 */
export async function runWebhook(
  config: WebhookConfig,
  session: Session,
  log: Logger,
): Promise<RunningWebhook> {
  const judges = judgesFor(config.registries, config.platforms, session);
  const decisions = noCounts();
  const reviews: ReviewCounts = new Map();
  const now = (): number => session.now().getTime();
  const decide = makeDecider({
    judges,
    memory: makeDecisionMemory(config.remembered, config.keep, now),
    limit: makeLimit(config.concurrency, config.waiting),
    lookup: config.lookup,
    now,
    count: decisions,
  });
  const parts = {
    decide,
    podTemplates: [...knownPodTemplates, ...config.podTemplates],
    exemptNamespaces: new Set(config.exemptNamespaces),
    budget: config.budget,
    elapsed: () => performance.now(),
  };
  const listener = makeListener({
    answer: (request, phase) => admit(request, phase, parts),
    async notReady() {
      const versions = await Promise.allSettled(
        [...new Set(judges.values())].map((judge) => judge.version()),
      );
      const failed = versions.find((one) => one.status === 'rejected');
      return failed === undefined ? undefined : (failed.reason as Error).message;
    },
    metrics: () => formatMetrics(reviews, decisions),
    note(request, phase, { allowed, message }) {
      countReview(reviews, phase, allowed);
      const { uid, kind, namespace, name, operation, userInfo } = request;
      const entry = { phase, uid, kind: kind.kind, namespace, name, operation, user: userInfo.username };
      if (allowed) log.debug(entry, 'allowed');
      else log.info({ ...entry, reason: message }, 'refused');
    },
    failed: (error) => log.error({ err: error }, 'a review could not be answered'),
  });
  const pair = await readTlsPair(config.tls);
  const server = createServer(
    {
      ...pair,
      minVersion: 'TLSv1.2',
      requestTimeout: 10_000,
      headersTimeout: 10_000,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    listener,
  );
  // a client that speaks no TLS is none of ours
  server.on('tlsClientError', (error) => log.debug({ err: error }, 'no TLS'));
  const unfollow = followTlsFiles(
    config.tls,
    pair,
    tlsInterval,
    (next) => server.setSecureContext(next),
    (error) =>
      error === undefined
        ? log.info('a new certificate is in force')
        : log.error({ err: error }, 'the certificate was not read again'),
  );
  const address = await listen(server, config.listen);
  log.info({ address }, 'reviews what is to run');
  return {
    address,
    async stop() {
      unfollow();
      await closeHttpServer(server, grace);
    },
  };
}
