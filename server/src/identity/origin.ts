import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';

/** Where a request comes from, for the audit log. */
export interface Origin {
  readonly address: string;
  readonly client: string;
}

const origins = new AsyncLocalStorage<Origin>();

/** What a request says and shows of where it comes from. */
export function originOf(request: IncomingMessage): Origin {
  return {
    address: request.socket.remoteAddress ?? '',
    client: (request.headers['user-agent'] ?? '').slice(0, 200),
  };
}

/** Does the work of a request so that what it records can say where the request came from. */
export function fromOrigin(request: IncomingMessage, work: () => void): void {
  origins.run(originOf(request), work);
}

/** Where the request that is being worked on came from; undefined for what the server does by itself. */
export function currentOrigin(): Origin | undefined {
  return origins.getStore();
}
