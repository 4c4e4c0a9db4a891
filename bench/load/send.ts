import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

/** Sends one request, demands a status, and returns the Location of the answer. */
export type Send = (
  method: string,
  path: string,
  expected: number,
  parts: readonly Uint8Array[],
  headers?: OutgoingHttpHeaders,
) => Promise<string | undefined>;

/** Keeps as many connections open as there are requests at once. */
export function openSender(to: { port: number; authorization?: string }): { send: Send; close: () => void } {
  const agent = new Agent({ keepAlive: true });
  const authorization = to.authorization === undefined ? {} : { authorization: to.authorization };
  const send: Send = (method, path, expected, parts, headers) =>
    new Promise((resolve, reject) => {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const outgoing = request(
        {
          agent,
          host: '127.0.0.1',
          port: to.port,
          method,
          path,
          headers: { 'content-length': length, ...authorization, ...headers },
        },
        (response) => {
          text(response).then((body) => {
            if (response.statusCode === expected) resolve(response.headers.location);
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${body.slice(0, 300)}`));
          }, reject);
        },
      );
      outgoing.on('error', reject);
      for (const part of parts) outgoing.write(part);
      outgoing.end();
    });
  return { send, close: () => agent.destroy() };
}

/** POST, PATCH, PUT. */
export async function pushBlob(
  send: Send,
  repository: string,
  digest: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const begun = await send('POST', `/v2/${repository}/blobs/uploads/`, 202, []);
  const type = { 'content-type': 'application/octet-stream' };
  const grown = await send('PATCH', pathOf(begun), 202, parts, type);
  const end = pathOf(grown);
  await send('PUT', `${end}${end.includes('?') ? '&' : '?'}digest=${digest}`, 201, []);
}

/** A Location may be absolute and may carry a query that has to come back. */
function pathOf(location: string | undefined): string {
  const url = new URL(location ?? '', 'http://127.0.0.1');
  return url.pathname + url.search;
}
