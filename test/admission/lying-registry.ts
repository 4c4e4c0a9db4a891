import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a lying registry says in place of the truth. */
export type Lie =
  | { readonly status: number; readonly body?: Buffer; readonly type?: string }
  /** tells the truth about another address */
  | { readonly path: string }
  /** never answers */
  | 'silence';

/** A registry that hands on what another says, but for its lies. */
export interface LyingRegistry extends AsyncDisposable {
  /** 127.0.0.1:port */
  readonly host: string;
  /** what it says from now on; undefined: the truth */
  lie: ((path: string, request: IncomingMessage) => Lie | undefined) | undefined;
  /** paths that were asked for */
  readonly asked: string[];
}

/** Starts it before the registry at `truth`, host:port. */
export async function startLyingRegistry(truth: string): Promise<LyingRegistry> {
  const asked: string[] = [];
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '';
    asked.push(path);
    const lie = registry.lie?.(path, incoming);
    if (lie === 'silence') return;
    if (lie === undefined) handOn(truth, path, incoming, response);
    else if ('path' in lie) handOn(truth, lie.path, incoming, response);
    else response.writeHead(lie.status, lie.type ? { 'content-type': lie.type } : {}).end(lie.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const registry: LyingRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: undefined,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return registry;
}

function handOn(truth: string, path: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { host: _, ...headers } = incoming.headers;
  const onward = request(`http://${truth}${path}`, { method: incoming.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  incoming.pipe(onward);
}
