import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { pushBlob, readBlob } from './blobs.ts';
import { addressRank } from './address-rank.ts';
import { parseChallenges } from './challenge.ts';
import { getManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import { registryOrigin } from './registry-origin.ts';
import { RegistrySession, type SessionOptions } from './registry-session.ts';
import { listTags } from './tags.ts';

/** What a server was sent. */
interface Seen {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}
type Answer = (request: IncomingMessage, response: ServerResponse, seen: readonly Seen[]) => void;

const open: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A registry that misbehaves as told, on a free port of loopback. */
async function startServer(answer: Answer): Promise<{ host: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { authorization } = request.headers;
      seen.push({ url: request.url ?? '', authorization, body: Buffer.concat(pieces).toString() });
      answer(request, response, seen);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { host: `127.0.0.1:${address.port}`, seen };
}

function connect(host: string, options: SessionOptions = {}): RegistrySession {
  const session = new RegistrySession(host, { retryDelay: 1, ...options });
  open.unshift(() => session.close());
  return session;
}

function reply(response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
  response.writeHead(status, headers).end(body);
}

const credentials = { username: 'ann', password: 'secret' };
const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
const manifestHeaders = { 'content-type': mediaTypes.ociIndex };
const bytes = 'the content';
const content = { digest: digestOf(bytes), size: bytes.length };

describe('tokens', () => {
  it('are fetched once per scope and sent to the registry alone', async () => {
    const server = await startServer((request, response) => {
      if (request.url?.startsWith('/token')) return reply(response, 200, {}, '{"token":"t1"}');
      if (request.headers.authorization === 'Bearer t1')
        return reply(response, 200, manifestHeaders, manifest);
      const realm = `Bearer realm="http://${request.headers.host}/token",service="a, b",scope="repository:x/y:pull"`;
      return reply(response, 401, { 'www-authenticate': realm });
    });
    const session = connect(server.host, { credentials });
    await Promise.all([getManifest(session, 'x/y', '1'), getManifest(session, 'x/y', '2')]);
    await getManifest(session, 'x/y', '3');
    const asked = server.seen.filter(({ url }) => url.startsWith('/token'));
    expect(asked).toEqual([
      { url: '/token?service=a%2C+b&scope=repository%3Ax%2Fy%3Apull', authorization: basic, body: '' },
    ]);
    const others = server.seen.filter(({ url }) => !url.startsWith('/token'));
    expect(new Set(others.map(({ authorization }) => authorization))).toEqual(
      new Set([undefined, 'Bearer t1']),
    );
  });

  it('are renewed when the registry refuses them; a refresh token is sent by POST', async () => {
    let issued = 0;
    const server = await startServer((request, response) => {
      if (request.url === '/token') {
        issued += 1;
        return reply(response, 200, {}, JSON.stringify({ access_token: `t${issued}` }));
      }
      if (request.headers.authorization === 'Bearer t2')
        return reply(response, 200, manifestHeaders, manifest);
      return reply(response, 401, {
        'www-authenticate': `Bearer realm="http://${request.headers.host}/token"`,
      });
    });
    const session = connect(server.host, { credentials: { identityToken: 'refresh' } });
    await expect(getManifest(session, 'x/y', '1')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(await getManifest(session, 'x/y', '1')).toBeDefined();
    expect(server.seen.find(({ url }) => url === '/token')?.body).toBe(
      'grant_type=refresh_token&client_id=wharfinger&refresh_token=refresh&scope=repository%3Ax%2Fy%3Apull',
    );
  });

  it.each([
    ['what is no token', 200, '{"token":"a\\nb"}', /200 the answer has no token/],
    ['a refusal', 403, '{"details":"account locked"}', /GET http:.*\/token: 403 account locked/],
  ])('that are %s fail with the words of the other side', async (_, status, body, reason) => {
    const server = await startServer((request, response) => {
      if (request.url?.startsWith('/token')) return reply(response, status, {}, body);
      return reply(response, 401, {
        'www-authenticate': `Bearer realm="http://${request.headers.host}/token"`,
      });
    });
    await expect(getManifest(connect(server.host), 'x/y', '1')).rejects.toThrow(reason);
  });
});

describe('redirects', () => {
  it('are followed without credentials to another origin', async () => {
    const store = await startServer((_, response) => reply(response, 200, {}, bytes));
    const server = await startServer((request, response) => {
      if (request.headers.authorization !== basic) {
        return reply(response, 401, { 'www-authenticate': 'Basic realm="x"' });
      }
      return reply(response, 307, { location: `http://${store.host}/blob?signature=abc` });
    });
    const session = connect(server.host, { credentials });
    expect(Buffer.from((await readBlob(session, 'x/y', content, 100))!).toString()).toBe(bytes);
    expect(store.seen).toEqual([{ url: '/blob?signature=abc', authorization: undefined, body: '' }]);
  });

  it('of uploads take no credentials to another origin either', async () => {
    const store = await startServer((_, response) => reply(response, 403, {}, 'no'));
    const server = await startServer((request, response) => {
      if (request.headers.authorization !== basic) {
        return reply(response, 401, { 'www-authenticate': 'Basic realm="x"' });
      }
      if (request.method === 'HEAD') return reply(response, 404, {});
      return reply(response, 202, { location: `http://${store.host}/upload` });
    });
    const open = () => Readable.from([Buffer.from(bytes)]);
    const pushing = pushBlob(connect(server.host, { credentials }), 'x/y', content, open);
    await expect(pushing).rejects.toThrow(/PATCH http:.*\/upload: 403 no/);
    expect(store.seen).toEqual([{ url: '/upload', authorization: undefined, body: bytes }]);
  });

  it('that do not end are not followed for ever', async () => {
    const server = await startServer((_, response) => reply(response, 302, { location: '/again' }));
    await expect(readBlob(connect(server.host), 'x/y', content, 100)).rejects.toThrow(/too many redirects/);
    expect(server.seen).toHaveLength(6);
  });

  it('bring no bytes in that are not the ones wanted, and their query is not shown', async () => {
    const server = await startServer((request, response) =>
      request.url?.startsWith('/else')
        ? reply(response, 500, {}, 'x')
        : reply(response, 302, { location: '/else?token=s3' }),
    );
    const failing = readBlob(connect(server.host), 'x/y', content, 100);
    await expect(failing).rejects.toThrow(/GET http:\/\/127\.0\.0\.1:\d+\/else: 500 x$/);
  });
});

describe('where a registry out there sends us', () => {
  const ask = async (registry: string, url: string, options: SessionOptions = {}) =>
    connect(registry, options).request({ method: 'GET', url: new URL(url), scope: '' });

  it('is no inner address, by number or by name', async () => {
    const inner = await startServer((_, response) => reply(response, 200, {}, 'inner'));
    const port = inner.host.split(':')[1];
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost']) {
      const asked = ask('192.0.2.1', `http://${host}:${port}/`, { insecure: true });
      await expect(asked).rejects.toMatchObject({
        code: 'REMOTE_FAILED',
        message: expect.stringMatching(/inner address/),
      });
    }
    expect(inner.seen).toEqual([]);
  });

  it('is not outside of TLS', async () => {
    await expect(ask('192.0.2.1', 'http://192.0.2.2/')).rejects.toThrow(/would leave TLS/);
  });
});

describe('answers', () => {
  it.each([429, 500, 502, 503, 504])('of %d are asked for again, not before Retry-After', async (status) => {
    const server = await startServer((_, response, seen) =>
      seen.length < 3
        ? reply(response, status, { 'retry-after': '0' }, 'busy')
        : reply(response, 200, manifestHeaders, manifest),
    );
    expect(await getManifest(connect(server.host), 'x/y', '1')).toBeDefined();
    expect(server.seen).toHaveLength(3);
  });

  it('that go on failing are a failure after four', async () => {
    const server = await startServer((_, response) =>
      reply(
        response,
        503,
        {},
        '{"errors":[{"code":"DENIED","message":"held by\\u001b[31m x"},{"code":"B"}]}',
      ),
    );
    await expect(getManifest(connect(server.host), 'x/y', '1')).rejects.toThrow(
      /manifests\/1: 503 DENIED held by \[31m x; B$/,
    );
    expect(server.seen).toHaveLength(4);
  });

  it('that break off, are too large or of the wrong digest are failures', async () => {
    const long = Buffer.alloc(9 * 1024 * 1024, ' ');
    const server = await startServer((request, response) => {
      if (request.url?.endsWith('large')) return void response.writeHead(200, manifestHeaders).end(long);
      if (request.url?.includes('/blobs/')) {
        response.writeHead(200, { 'content-length': '11' });
        response.write('the ');
        return void setImmediate(() => response.destroy());
      }
      return reply(
        response,
        200,
        { ...manifestHeaders, 'docker-content-digest': digestOf('else') },
        manifest,
      );
    });
    const session = connect(server.host);
    await expect(getManifest(session, 'x/y', 'large')).rejects.toThrow(/answer is larger than 8388608 bytes/);
    await expect(getManifest(session, 'x/y', '1')).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH' });
    await expect(getManifest(session, 'x/y', digestOf('no'))).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
    });
    await expect(readBlob(session, 'x/y', content, 100)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  });

  it('that break off in a blob are gone on with where they ended', async () => {
    const server = await startServer((request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const rest = bytes.slice(start);
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': `${rest.length}`,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      response.write(rest.slice(0, 4));
      setTimeout(() => (rest.length > 4 ? response.destroy() : response.end()), 20);
    });
    expect(await readBlob(connect(server.host), 'x/y', content, 100)).toEqual(Buffer.from(bytes));
    expect(server.seen).toHaveLength(3);
  });

  it('that are none in an upload are asked for again from its beginning', async () => {
    let broken = 0;
    const server = await startServer((request, response) => {
      if (request.method === 'HEAD') return reply(response, 404, {});
      if (request.method === 'POST') return reply(response, 202, { location: '/upload' });
      if (request.method === 'PATCH' && (broken += 1) < 3) return void request.socket.destroy();
      if (request.method === 'PATCH') return reply(response, 202, { location: '/upload?state=1' });
      return reply(response, 201, {});
    });
    const open = () => Readable.from([Buffer.from(bytes)]);
    expect(await pushBlob(connect(server.host), 'x/y', content, open)).toBe('pushed');
    expect(server.seen.map(({ url, body }) => url + body).slice(-2)).toEqual([
      `/upload${bytes}`,
      `/upload?state=1&digest=${encodeURIComponent(content.digest)}`,
    ]);
  });

  it('that are none are a failure that names the address', async () => {
    const session = connect('127.0.0.1:1');
    await expect(getManifest(session, 'x/y', '1')).rejects.toMatchObject({
      code: 'REMOTE_FAILED',
      message: expect.stringMatching(/GET http:\/\/127\.0\.0\.1:1\/v2\/x\/y\/manifests\/1: .*ECONNREFUSED/),
    });
  });
});

describe('listings', () => {
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf('a'), size: 1 };
  const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor] });

  it('of referrers are read over all pages', async () => {
    const server = await startServer((request, response) =>
      reply(
        response,
        200,
        {
          'content-type': `${mediaTypes.ociIndex}; charset=utf-8`,
          ...(request.url?.includes('page') ? {} : { link: `<${request.url}?page=2>; rel="next"` }),
        },
        index,
      ),
    );
    expect(await listReferrers(connect(server.host), 'x/y', digestOf('b'))).toEqual([descriptor, descriptor]);
  });

  it('that lead to another origin or in a circle are refused', async () => {
    const links = ['<http://127.0.0.2/v2/>; rel="next"', '</v2/x/y/tags/list?n=1>; rel=next'];
    for (const [link, reason] of [
      [links[0]!, /leads elsewhere, to http:\/\/127\.0\.0\.2$/],
      [links[1]!, /in a circle/],
    ] as const) {
      const server = await startServer((_, response) => reply(response, 200, { link }, '{"tags":null}'));
      await expect(Array.fromAsync(listTags(connect(server.host), 'x/y'))).rejects.toThrow(reason);
    }
  });

  it.each([
    ['a failure', 500, {}, /500/],
    ['a refusal', 403, {}, /403/],
    ['another type', 200, { 'content-type': 'text/html' }, /sent referrers as text\/html/],
  ])('of referrers that are %s are never none', async (_, status, headers, reason) => {
    const server = await startServer((_, response) => reply(response, status, headers, '<html>'));
    await expect(listReferrers(connect(server.host), 'x/y', digestOf('b'))).rejects.toThrow(reason);
  });
});

describe('where a registry lies', () => {
  it.each([
    ['docker.io', 'https://registry-1.docker.io/'],
    ['ghcr.io', 'https://ghcr.io/'],
    ['localhost:5000', 'http://localhost:5000/'],
    ['127.0.0.7:5000', 'http://127.0.0.7:5000/'],
    ['[::1]:5000', 'http://[::1]:5000/'],
    ['127.example.com', 'https://127.example.com/'],
    ['10.0.0.1', 'https://10.0.0.1/'],
  ])('%s is %s', (registry, origin) => {
    expect(registryOrigin(registry).href).toBe(origin);
  });

  it('is plain HTTP elsewhere only where that was asked for', () => {
    expect(registryOrigin('10.0.0.1:80', { insecure: true }).href).toBe('http://10.0.0.1/');
  });

  it.each([
    ['8.8.8.8', 0],
    ['2001:4860::1', 0],
    ['10.1.2.3', 1],
    ['172.31.0.1', 1],
    ['172.32.0.1', 0],
    ['192.168.1.1', 1],
    ['fd00::1', 1],
    ['127.0.0.1', 2],
    ['169.254.169.254', 2],
    ['::1', 2],
    ['fe80::1', 2],
    ['::ffff:127.0.0.1', 2],
    ['::ffff:10.0.0.1', 1],
  ])('%s lies %d inside', (address, rank) => {
    expect(addressRank(address)).toBe(rank);
  });

  it('reads challenges as servers write them', () => {
    expect(
      parseChallenges(
        'Basic realm="a \\"b\\"", Bearer realm="https://x/t",service=s , scope="a:b:pull,push"',
      ),
    ).toEqual([
      { scheme: 'basic', parameters: { realm: 'a "b"' } },
      { scheme: 'bearer', parameters: { realm: 'https://x/t', service: 's', scope: 'a:b:pull,push' } },
    ]);
    expect(parseChallenges('"')).toEqual([]);
  });
});
