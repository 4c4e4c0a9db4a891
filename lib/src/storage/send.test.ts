import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { noise } from './blob-store.contract.ts';
import type { BlobReader } from './blob-store.ts';
import { sendBlob } from './send.ts';

const mebibyte = 1024 * 1024;

interface Watched extends BlobReader {
  /** end of the furthest read */
  furthest: number;
}

function readerOf(bytes: Buffer, claimed = bytes.length): Watched {
  const reader: Watched = {
    size: claimed,
    furthest: 0,
    async read(target, position) {
      const count = bytes.copy(target, 0, position);
      reader.furthest = Math.max(reader.furthest, position + count);
      return count;
    },
    async *stream() {
      yield bytes;
    },
    close: async () => undefined,
  };
  return reader;
}

const closing: Array<() => void> = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Serves with sendBlob; resolves to a client's response and what the server's send came to. */
async function serve(
  reader: BlobReader,
  start: number,
  end: number,
): Promise<{ response: IncomingMessage; sent: Promise<boolean> }> {
  const { promise: sent, resolve, reject } = Promise.withResolvers<boolean>();
  sent.catch(() => undefined);
  const server = createServer((_, response) => {
    sendBlob(reader, response, { start, end }, () => {
      response.writeHead(200, { 'Content-Length': end - start });
    }).then(resolve, reject);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { response, sent };
}

describe('sending a blob', () => {
  const bytes = noise(3 * mebibyte + 77);

  test.each([
    [0, 0],
    [0, 1],
    [10, mebibyte + 9],
    [0, mebibyte],
    [0, mebibyte + 1],
    [5, 2 * mebibyte + 5],
    [0, bytes.length],
    [bytes.length - 1, bytes.length],
  ])('gives exactly the bytes from %i to %i', async (start, end) => {
    const { response, sent } = await serve(readerOf(bytes), start, end);
    expect((await buffer(response)).equals(bytes.subarray(start, end))).toBe(true);
    expect(await sent).toBe(true);
  });

  test('many at once do not mix their bytes', async () => {
    const blobs = Array.from({ length: 8 }, (_, at) => Buffer.alloc(2 * mebibyte + at, at + 1));
    const answers = await Promise.all(blobs.map((blob) => serve(readerOf(blob), 0, blob.length)));
    for (const [at, { response }] of answers.entries()) {
      expect((await buffer(response)).equals(blobs[at]!)).toBe(true);
    }
  });

  test('reads no more than two buffers ahead of a receiver that does not read', async () => {
    const reader = readerOf(bytes);
    const received: Buffer[] = [];
    let take = (): void => undefined;
    const target = new Writable({
      write(piece: Buffer, _encoding, done) {
        take = () => {
          received.push(Buffer.from(piece));
          done();
        };
      },
    });
    const sent = sendBlob(reader, target, { start: 0, end: bytes.length }, () => undefined);
    for (let at = 1; at * mebibyte < bytes.length + mebibyte; at += 1) {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(reader.furthest).toBe(Math.min((at + 1) * mebibyte, bytes.length));
      take();
    }
    expect(await sent).toBe(true);
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
  });

  test('ends when the receiver goes away', async () => {
    const endless = noise(64 * mebibyte);
    const reader = readerOf(endless);
    const { response, sent } = await serve(reader, 0, endless.length);
    response.once('data', () => response.destroy());
    expect(await sent).toBe(false);
    expect(reader.furthest).toBeLessThan(endless.length);
  });

  test('breaks the connection where the stored bytes end too early, so that nobody takes them for the whole', async () => {
    const { response, sent } = await serve(readerOf(bytes, bytes.length * 2), 0, bytes.length * 2);
    await expect(buffer(response)).rejects.toThrow('aborted');
    await expect(sent).rejects.toThrow('short');
  });

  test('says nothing yet where the first bytes cannot be read', async () => {
    const target = new PassThrough();
    let begun = false;
    const sent = sendBlob(readerOf(Buffer.alloc(0)), target, { start: 0, end: 10 }, () => (begun = true));
    await expect(sent).rejects.toThrow('short');
    expect(begun).toBe(false);
    expect(target.destroyed).toBe(false);
  });
});
