import type { RequestListener, Server } from 'node:http';
import { WharfingerError } from '@wharfinger/lib/errors';
import { http } from './node-http.ts';

/** How long clients may take. */
export interface PatienceLimits {
  /** the head of a request must be there by then: nobody holds a connection open by sending it drop by drop */
  readonly headersMs: number;
  /** a connection on which nothing moves for so long is given up */
  readonly idleMs: number;
  /** how often heads that are late are looked for */
  readonly checkMs: number;
}

/** To hash a large upload again is silent for minutes. */
const usualLimits: PatienceLimits = { headersMs: 30_000, idleMs: 10 * 60_000, checkMs: 10_000 };

/**
 * Longer than common proxies keep connections that are idle, and clients written in Go, 90 seconds: it is they who close. A POST
 * that is sent while this side closes is lost, and they do not send it again.
 */
export const keepAliveTimeoutMs = 120_000;

/** How often connections are looked for that became idle while the server closes. */
const closingStepMs = 50;

/** An HTTP server whose requests may be as long as they like, if only they move on. */
export function openHttpServer(listener: RequestListener, limits: PatienceLimits = usualLimits): Server {
  const server = http.createServer({
    // Uploads of many gigabytes have no time to be over by. With 0 here, 0 would be the default of the head's too.
    requestTimeout: 0,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  });
  server.timeout = limits.idleMs;
  server.on('request', listener);
  return server;
}

/**
 * Starts to listen.
 * @param where host:port; port 0: any that is free
 * @returns host:port, with the port that it is
 * @throws WharfingerError LISTEN_FAILED
 */
export async function listen(server: Server, where: string): Promise<string> {
  const at = where.lastIndexOf(':');
  const host = where.slice(0, at).replaceAll(/[[\]]/g, '');
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(new WharfingerError('LISTEN_FAILED', { what: `${where}: ${why}`, cause }));
    };
    server.once('error', failed);
    server.listen(Number(where.slice(at + 1)), host, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? `${where.slice(0, at)}:${bound.port}` : where;
}

/**
 * Takes no more connections, lets the requests under way end, and cuts off what has not ended after `graceMs`. Clients that
 * keep connections open are not waited for.
 */
export async function closeHttpServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  // What becomes idle after close() would be kept for the time of keep-alive.
  const idle = setInterval(() => server.closeIdleConnections(), closingStepMs);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearInterval(idle);
  clearTimeout(cut);
}
