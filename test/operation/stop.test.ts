import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addressOf, startProcess, TestFolder, type ServerProcess } from './server-process.ts';

let folder: TestFolder;
let server: ServerProcess;
let host: string;
const authorization = `Basic ${Buffer.from('admin:chosen-by-the-operator').toString('base64')}`;

async function begin(): Promise<void> {
  server = startProcess({ ...folder.environment, WHARFINGER_ADMIN_PASSWORD: 'chosen-by-the-operator' });
  host = await addressOf(server);
}
beforeAll(async () => {
  folder = new TestFolder();
  await begin();
});
afterAll(async () => {
  server.signal('SIGKILL');
  await server.ended;
  folder.remove();
});

async function open(): Promise<Socket> {
  const at = host.lastIndexOf(':');
  const socket = connect(Number(host.slice(at + 1)), host.slice(0, at));
  socket.on('error', () => {
    // the server may close first
  });
  await once(socket, 'connect');
  return socket;
}

/**
 * Waits until the server asks for the body of the request that was sent with `Expect: 100-continue`: only then is the request
 * under way. A connection whose head was not read counts as idle, and an answer on another connection says nothing of this one.
 */
async function headIsRead(socket: Socket): Promise<void> {
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 /);
}

it('ends requests under way, waits for no idle connection, and loses nothing that it acknowledged', async () => {
  const blob = randomBytes(64 * 1024);
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
  const begun = await fetch(`http://${host}/v2/team/app/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization },
  });
  const location = begun.headers.get('location')!;
  const path = new URL(location, `http://${host}`).pathname;

  // one connection that is idle, one that never sent anything, and one in the middle of a chunk
  const idle = await open();
  idle.write(`GET /readyz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await once(idle, 'data');
  const silent = await open();
  const sending = await open();
  sending.write(
    `PATCH ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: 32768\r\nExpect: 100-continue\r\n\r\n`,
  );
  await headIsRead(sending);
  sending.write(blob.subarray(0, 16_384));

  server.signal('SIGTERM');
  await once(idle, 'close');
  await expect(fetch(`http://${host}/readyz`)).rejects.toThrow('fetch failed');
  const answered = once(sending, 'data');
  sending.write(blob.subarray(16_384, 32_768));
  expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 202 /);
  expect(await server.ended).toBe(0);
  silent.destroy();

  await begin();
  const state = await fetch(`http://${host}${path}`, { headers: { authorization } });
  expect([state.status, state.headers.get('range')]).toEqual([204, '0-32767']);
  const finished = await fetch(`http://${host}${path}?digest=${digest}`, {
    method: 'PUT',
    headers: { authorization, 'content-range': '32768-65535', 'content-type': 'application/octet-stream' },
    body: blob.subarray(32_768),
  });
  expect(finished.status).toBe(201);
  const read = await fetch(`http://${host}/v2/team/app/blobs/${digest}`, { headers: { authorization } });
  expect(Buffer.from(await read.arrayBuffer()).equals(blob)).toBe(true);
});

it('cuts off what does not end', async () => {
  const stuck = await open();
  stuck.write(
    `POST /api/v1/advisories HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n` +
      `Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n{`,
  );
  await headIsRead(stuck);
  server.signal('SIGTERM');
  await once(stuck, 'close');
  expect(await server.ended).toBe(0);
});
