/**
 * A load generator in a process of its own: keep-alive sockets, one request at a time on each, no HTTP library in
 * between, so that it costs less than any server it measures. Reads a task from standard input, writes a result.
 */
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RequestTask {
  readonly port: number;
  readonly connections: number;
  /** ends after this many seconds, or after `count` answers where that is given */
  readonly seconds: number;
  readonly count?: number;
  /** whole requests as they go over the wire, sent in turns */
  readonly requests: readonly string[];
}

export interface RequestResult {
  readonly answers: number;
  readonly seconds: number;
  /** bytes of all bodies */
  readonly bytes: number;
  /** milliseconds */
  readonly p50: number;
  readonly p99: number;
}

const endOfHeader = Buffer.from('\r\n\r\n');
/** the length of a body that ends with an empty chunk */
const chunked = Number.POSITIVE_INFINITY;
const endOfChunks = Buffer.from('\r\n0\r\n\r\n');

async function run(task: RequestTask): Promise<RequestResult> {
  const requests = task.requests.map((request) => Buffer.from(request, 'latin1'));
  const isHead = task.requests.map((request) => request.startsWith('HEAD '));
  const latencies: number[] = [];
  let bytes = 0;
  let sent = 0;
  const limit = task.count ?? Number.POSITIVE_INFINITY;
  const begin = performance.now();
  const end = begin + task.seconds * 1000;

  const converse = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let current = 0;
      let startedAt = 0;
      let remaining: number | undefined;
      let held: Buffer = Buffer.alloc(0);
      const next = (): void => {
        if (sent >= limit || performance.now() >= end) {
          socket.destroy();
          resolve();
          return;
        }
        current = sent % requests.length;
        sent += 1;
        startedAt = performance.now();
        socket.write(requests[current]!);
      };
      const answered = (): void => {
        latencies.push(performance.now() - startedAt);
        remaining = undefined;
        held = Buffer.alloc(0);
        next();
      };
      const take = (body: Buffer, expected: number): void => {
        bytes += body.length;
        if (expected !== chunked) {
          remaining = expected - body.length;
          if (remaining < 0) reject(new Error('more bytes than the header promised'));
          else if (remaining === 0) answered();
          return;
        }
        // nothing else is under way on this connection, so the last bytes that came are the last of the body
        held = Buffer.concat([held, body]).subarray(-endOfChunks.length);
        if (held.equals(endOfChunks)) answered();
      };
      const receive = (length: number, buffer: Uint8Array): boolean => {
        const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length);
        if (remaining !== undefined) {
          take(chunk, remaining);
          return true;
        }
        const whole = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const header = whole.indexOf(endOfHeader);
        if (header === -1) {
          held = Buffer.from(whole);
          return true;
        }
        held = Buffer.alloc(0);
        remaining = lengthOfBody(whole.toString('latin1', 0, header + 2), isHead[current]!);
        take(whole.subarray(header + (remaining === chunked ? 2 : endOfHeader.length)), remaining);
        return true;
      };
      const socket: Socket = connect({
        port: task.port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: Buffer.allocUnsafe(1 << 20), callback: receive },
      });
      socket.on('connect', next);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the server closed a connection')));
    });

  await Promise.all(Array.from({ length: task.connections }, converse));
  const seconds = (performance.now() - begin) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { answers: latencies.length, seconds, bytes, p50: at(0.5), p99: at(0.99) };
}

/** Length of the body that follows; anything but 200, 201 and 206 ends the measurement. */
function lengthOfBody(header: string, head: boolean): number {
  if (!/^HTTP\/1\.1 20[016] /.test(header)) throw new Error(`unexpected answer:\n${header}`);
  if (head) return 0;
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(header)) return chunked;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(header)?.[1];
  if (length === undefined) throw new Error(`an answer of unknown length:\n${header}`);
  return Number(length);
}

if (import.meta.main) {
  const task: RequestTask = JSON.parse(await text(process.stdin));
  process.stdout.write(JSON.stringify(await run(task)));
}
