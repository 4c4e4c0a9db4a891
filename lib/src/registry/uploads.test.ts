import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { noise } from '../storage/blob-store.contract.ts';
import { startRegistry, stores, type Answer, type TestRegistry } from './registry.fixtures.ts';

const bytes = noise(3000);
const digest = digestOf(bytes);
const begin = '/v2/team/app/blobs/uploads/';

describe.each(stores)('uploads over %s', (store) => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry(store);
  });
  afterEach(() => registry.close());

  async function start(path = begin): Promise<string> {
    const answer = await registry.call('POST', path);
    expect(answer.status).toBe(202);
    return answer.headers.location!;
  }

  const patch = (location: string, from: number, to: number, headers: Record<string, string> = {}) =>
    registry.call('PATCH', location, {
      body: bytes.subarray(from, to),
      headers: { 'content-range': `${from}-${to - 1}`, ...headers },
    });

  async function isStored(answer: Answer, expected = digest, content = bytes): Promise<boolean> {
    expect(answer.status).toBe(201);
    expect(answer.headers['docker-content-digest']).toBe(expected);
    expect(answer.headers.location).toBe(`/v2/team/app/blobs/${expected}`);
    const blob = await registry.call('GET', answer.headers.location!);
    expect(blob.status).toBe(200);
    return blob.body.equals(content);
  }

  async function expectAbsent(): Promise<void> {
    expect((await registry.call('GET', `/v2/team/app/blobs/${digest}`)).status).toBe(404);
    expect((await registry.call('HEAD', `/v2/team/app/blobs/${digest}`)).status).toBe(404);
  }

  test('state lies in the path alone', async () => {
    const location = await start();
    expect(location).toMatch(/^\/v2\/team\/app\/blobs\/uploads\/[A-Za-z0-9_-]+$/);
  });

  test('a single POST', async () => {
    expect(await isStored(await registry.call('POST', `${begin}?digest=${digest}`, { body: bytes }))).toBe(
      true,
    );
    expect(await isStored(await registry.call('POST', `${begin}?digest=${digest}`, { body: [bytes] }))).toBe(
      true,
    );
  });

  test('POST, then PUT', async () => {
    const location = await start();
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`, { body: bytes }))).toBe(
      true,
    );
    expect((await registry.call('GET', location)).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('without the last slash of the path', async () => {
    const location = await start('/v2/team/app/blobs/uploads');
    expect(
      await isStored(
        await registry.call('PUT', `${location}?digest=${encodeURIComponent(digest)}`, { body: bytes }),
      ),
    ).toBe(true);
  });

  test('chunks, with state in between', async () => {
    const location = await start();
    const status = async () => {
      const answer = await registry.call('GET', location);
      expect(answer.status).toBe(204);
      expect(answer.headers.location).toBe(location);
      expect(answer.headers['content-length']).toBeUndefined();
      return answer.headers.range;
    };
    expect(await status()).toBe('0-0');
    const first = await patch(location, 0, 512);
    expect(first).toMatchObject({ status: 202, headers: { location, range: '0-511' } });
    expect(await status()).toBe('0-511');
    await patch(location, 512, 2000);
    await patch(location, 2000, 3000);
    expect(await status()).toBe('0-2999');
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`))).toBe(true);
  });

  test('the last chunk with the PUT', async () => {
    const location = await start();
    await patch(location, 0, 1000);
    const headers = { 'content-range': '1000-2999' };
    expect(
      await isStored(
        await registry.call('PUT', `${location}?digest=${digest}`, { body: bytes.subarray(1000), headers }),
      ),
    ).toBe(true);
  });

  test('a stream of unknown length', async () => {
    const location = await start();
    const body = [bytes.subarray(0, 10), bytes.subarray(10, 2000), bytes.subarray(2000)];
    expect((await registry.call('PATCH', location, { body })).status).toBe(202);
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`))).toBe(true);
  });

  test('an empty blob and an empty document, by every way', async () => {
    for (const text of ['', '{}']) {
      const expected = digestOf(text);
      expect(
        await isStored(
          await registry.call('POST', `${begin}?digest=${expected}`, { body: text }),
          expected,
          Buffer.from(text),
        ),
      ).toBe(true);
      const location = await start();
      expect(
        await isStored(
          await registry.call('PUT', `${location}?digest=${expected}`, { body: text }),
          expected,
          Buffer.from(text),
        ),
      ).toBe(true);
      const head = await registry.call('HEAD', `/v2/team/app/blobs/${expected}`);
      expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(text.length) } });
    }
  });

  test('sha512, announced and not', async () => {
    const long = digestOf(bytes, 'sha512');
    const announced = await start(`${begin}?digest-algorithm=sha512`);
    await patch(announced, 0, 3000);
    expect(await isStored(await registry.call('PUT', `${announced}?digest=${long}`), long)).toBe(true);
    const silent = await start();
    expect(
      await isStored(await registry.call('PUT', `${silent}?digest=${long}`, { body: bytes }), long),
    ).toBe(true);
    expect(
      await isStored(await registry.call('POST', `${begin}?digest=${long}`, { body: bytes }), long),
    ).toBe(true);
    const other = await start(`${begin}?digest-algorithm=sha512`);
    expect(await isStored(await registry.call('PUT', `${other}?digest=${digest}`, { body: bytes }))).toBe(
      true,
    );
  });

  test('an algorithm that is not known', async () => {
    expect((await registry.call('POST', `${begin}?digest-algorithm=md5`)).code).toBe('DIGEST_INVALID');
  });

  test('chunks out of order answer 416 with the state, and the upload goes on', async () => {
    const location = await start();
    expect((await patch(location, 1000, 2000)).status).toBe(416);
    await patch(location, 0, 1000);
    const again = await patch(location, 0, 1000);
    expect(again).toMatchObject({ status: 416, headers: { location, range: '0-999' } });
    expect(again.code).toBe('BLOB_UPLOAD_INVALID');
    expect(again.json().errors[0]!.message).toContain('1000');
    const put = await registry.call('PUT', `${location}?digest=${digest}`, {
      body: bytes.subarray(2000),
      headers: { 'content-range': '2000-2999' },
    });
    expect(put.status).toBe(416);
    await patch(location, 1000, 3000);
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`))).toBe(true);
  });

  test('a chunk whose range and length disagree', async () => {
    const location = await start();
    const headers = { 'content-range': '0-99' };
    const announced = await registry.call('PATCH', location, { body: bytes, headers });
    expect(announced).toMatchObject({ status: 400, code: 'SIZE_INVALID' });
    const streamed = await registry.call('PATCH', location, { body: [bytes], headers });
    expect(streamed).toMatchObject({ status: 400, code: 'SIZE_INVALID' });
    expect((await registry.call('GET', location)).status).toBe(404);
  });

  test.each(['abc', '5-1', '-', '0-99999999999999999999'])('a Content-Range of %j', async (range) => {
    const answer = await registry.call('PATCH', await start(), {
      body: 'x',
      headers: { 'content-range': range },
    });
    expect(answer).toMatchObject({ status: 400, code: 'BLOB_UPLOAD_INVALID' });
  });

  test('bytes of another digest, by every way', async () => {
    const wrong = noise(3001);
    const expectRefused = async (answer: Answer) => {
      expect(answer).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
      await expectAbsent();
    };
    await expectRefused(await registry.call('POST', `${begin}?digest=${digest}`, { body: wrong }));
    await expectRefused(await registry.call('PUT', `${await start()}?digest=${digest}`, { body: wrong }));
    const location = await start();
    await registry.call('PATCH', location, { body: [wrong] });
    await expectRefused(await registry.call('PUT', `${location}?digest=${digest}`));
    await expectRefused(await registry.call('PUT', `${await start()}?digest=${digest}`));
  });

  test.each([
    '',
    '?digest=',
    '?digest=sha256:abc',
    `?digest=sha1:${'a'.repeat(40)}`,
    `?digest=${digest.toUpperCase()}`,
  ])('an end with the query %j', async (query) => {
    const location = await start();
    const answer = await registry.call('PUT', location + query, { body: bytes });
    expect(answer).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });

  test('cancelled: gone, twice is 404', async () => {
    const location = await start();
    await patch(location, 0, 100);
    expect((await registry.call('DELETE', location)).status).toBe(204);
    expect((await registry.call('DELETE', location)).status).toBe(404);
    expect((await patch(location, 100, 200)).code).toBe('BLOB_UPLOAD_UNKNOWN');
    expect((await registry.call('PUT', `${location}?digest=${digest}`, { body: bytes })).status).toBe(404);
  });

  test('an upload is of no use in another repository', async () => {
    const location = (await start()).replace('team/app', 'team/other');
    expect((await registry.call('GET', location)).status).toBe(404);
    expect((await registry.call('PATCH', location, { body: 'x' })).status).toBe(404);
    expect((await registry.call('DELETE', location)).status).toBe(404);
  });

  test.each(['none', '..', '%2e%2e', 'a.b', 'x'.repeat(500), '.sha512'])(
    'an upload called %j',
    async (name) => {
      expect((await registry.call('GET', begin + name)).status).toBeGreaterThanOrEqual(400);
      expect((await registry.call('PATCH', begin + name, { body: 'x' })).status).toBeLessThan(500);
    },
  );

  test('the same blob pushed by many at once', async () => {
    const pushes = Array.from({ length: 8 }, () =>
      registry.call('POST', `${begin}?digest=${digest}`, { body: bytes }),
    );
    for (const answer of await Promise.all(pushes)) expect(await isStored(answer)).toBe(true);
    const locations: string[] = [];
    for await (const { location } of registry.storage.locations()) locations.push(location);
    expect(locations).toHaveLength(1);
  });

  /** Resolves when the registry has begun to receive into an upload. */
  function whenReceiving(): Promise<void> {
    const { storage } = registry;
    const append = storage.append.bind(storage);
    return new Promise((resolve) => {
      storage.append = (...given) => {
        const appended = append(...given);
        resolve();
        return appended;
      };
    });
  }

  test('a second writer is refused while the first is at it', async () => {
    const location = await start();
    const receiving = whenReceiving();
    const first = request({ host: '127.0.0.1', port: registry.port, method: 'PATCH', path: location });
    first.write(bytes.subarray(0, 1000));
    await receiving;
    expect(await registry.call('PATCH', location)).toMatchObject({
      status: 409,
      code: 'BLOB_UPLOAD_INVALID',
    });
    expect((await registry.call('PUT', `${location}?digest=${digest}`)).status).toBe(409);
    expect((await registry.call('DELETE', location)).status).toBe(409);
    first.end(bytes.subarray(1000));
    const [response] = (await once(first, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(202);
    response.resume();
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`))).toBe(true);
  });

  test('a sender that breaks off goes on from what arrived', async () => {
    const location = await start();
    const receiving = whenReceiving();
    const socket = connect(registry.port, '127.0.0.1');
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n`);
    socket.write(bytes.subarray(0, 1234));
    await receiving;
    socket.destroy();
    while ((await registry.call('PATCH', location)).status === 409);
    const { range } = (await registry.call('GET', location)).headers;
    const from = range === '0-0' ? 0 : Number(range!.slice(2)) + 1;
    expect(from).toBeLessThanOrEqual(1234);
    await patch(location, from, 3000);
    expect(await isStored(await registry.call('PUT', `${location}?digest=${digest}`))).toBe(true);
  });

  test('a monolithic POST that breaks off leaves nothing', async () => {
    const { storage } = registry;
    const abort = storage.abort.bind(storage);
    const aborted = new Promise<boolean>((resolve) => {
      storage.abort = async (scope, id) => {
        const was = await abort(scope, id);
        resolve(was);
        return was;
      };
    });
    const receiving = whenReceiving();
    const socket = connect(registry.port, '127.0.0.1');
    socket.write(`POST ${begin}?digest=${digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n`);
    socket.write(bytes.subarray(0, 1234));
    await receiving;
    socket.destroy();
    expect(await aborted).toBe(true);
    await expectAbsent();
    expect(await storage.sweepUploads(new Date(Date.now() + 60_000))).toBe(0);
  });

  test('a failure that is not the caller’s says nothing of itself, and the connection goes on', async () => {
    const append = registry.storage.append.bind(registry.storage);
    registry.storage.append = async () => {
      throw new Error('secret path /var/lib/x');
    };
    const answer = await registry.call('POST', `${begin}?digest=${digest}`, { body: noise(500_000) });
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('secret');
    expect(registry.failures.splice(0)).toHaveLength(1);
    registry.storage.append = append;
    expect(await isStored(await registry.call('POST', `${begin}?digest=${digest}`, { body: bytes }))).toBe(
      true,
    );
  });

  test('a least length of chunks is announced where it is set', async () => {
    const other = await startRegistry(store, { minChunkBytes: 4096 });
    expect((await other.call('POST', begin)).headers['oci-chunk-min-length']).toBe('4096');
    expect((await registry.call('POST', begin)).headers['oci-chunk-min-length']).toBeUndefined();
    await other.close();
  });

  test('other methods', async () => {
    expect(await registry.call('GET', begin)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await registry.call('POST', await start())).status).toBe(405);
  });
});
