import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { closeHttpServer, listen, openHttpServer } from './http-server.ts';

async function raw(address: string, text: string): Promise<string> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect(Number(port), host);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  // a server that has not read all when it gives up resets the connection
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(text);
  await closed;
  return answer;
}

test.each([
  // the other limit is far away: on a busy machine both could be over at one look
  ['a head that never ends', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ', 1000, 60_000, /^HTTP\/1\.1 408 /],
  [
    'a body that does not come',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab',
    60_000,
    1000,
    /^$/,
  ],
])('%s is given up', async (_, sent, headersMs, idleMs, answer) => {
  const server = openHttpServer((request, response) => request.resume().on('end', () => response.end()), {
    headersMs,
    idleMs,
    checkMs: 20,
  });
  const address = await listen(server, '127.0.0.1:0');
  expect(await raw(address, sent)).toMatch(answer);
  await closeHttpServer(server, 0);
});

test('limits there are by default: none of them is 0, which would be none', () => {
  const { headersTimeout, timeout, keepAliveTimeout } = openHttpServer(() => {});
  for (const limit of [headersTimeout, timeout, keepAliveTimeout]) expect(limit).toBeGreaterThan(1000);
});

test('connections that are idle are kept for longer than clients written in Go keep them', () => {
  expect(openHttpServer(() => {}).keepAliveTimeout).toBeGreaterThan(90_000);
});

test('an address that cannot be is named', async () => {
  await expect(
    listen(
      openHttpServer(() => {}),
      '192.0.2.1:0',
    ),
  ).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('192.0.2.1:0'),
  });
});
