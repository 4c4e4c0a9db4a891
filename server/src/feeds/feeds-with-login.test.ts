import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describeSet } from '@wharfinger/lib/advisories/packed-set';
import { pushSet } from '@wharfinger/lib/assess/advisory-goods';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startOwnRegistry } from '@wharfinger/lib/client/testing/own-registry';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseReference } from '@wharfinger/lib/oci/reference';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { feedOf, lines, openShelf, record, startPublisher, type Shelf } from './feeds.fixtures.ts';
import { updateFeed } from './update-feed.ts';

const signal = new AbortController().signal;
const text = lines(record('A-1', 'left', '2.0.0'));
const login = `Basic ${Buffer.from('ann:opens').toString('base64')}`;

describe('a feed that asks who wants it', () => {
  let opened: TestDatabase;
  let shelf: Shelf;
  beforeEach(async () => {
    opened = await testDatabases[0]!.open();
    shelf = await openShelf(opened.db);
  });
  afterEach(async () => {
    await shelf[Symbol.asyncDispose]();
    await opened.close();
  });

  test('is told at its address, and nobody else is', async () => {
    await using elsewhere = await startPublisher();
    elsewhere.answer = (_, response) => void response.writeHead(200).end(text);
    await using publisher = await startPublisher();
    publisher.answer = ({ headers, url }, response) => {
      if (headers.authorization !== 'Bearer opens') response.writeHead(401).end();
      else if (url === '/feed.jsonl') response.writeHead(302, { location: elsewhere.url }).end();
    };
    const update = (authorization?: string) =>
      updateFeed(
        shelf.parts,
        feedOf({ at: 'url', url: publisher.url, ...(authorization && { authorization }) }),
        signal,
      );
    expect((await update()).error).toMatch(/the test: it answered 401: it wants to know who asks/);
    const refused = await update('Bearer another');
    expect(refused.error).toMatch(/it answered 401: it gives nothing to whom auth names/);
    expect(JSON.stringify(refused)).not.toContain('another');
    expect(elsewhere.asked).toHaveLength(0);
    expect(await update('Bearer opens')).toMatchObject({ failures: 0, counts: { new: 1 } });
    expect(elsewhere.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('in a registry is told a user and a password', async () => {
    const registry = await startOwnRegistry();
    const session = new RegistrySession(registry.host);
    const bytes = gzipSync(text);
    const packed = describeSet('osv', { digest: digestOf(bytes), size: bytes.length });
    await pushSet({ session, repository: 'advisories' }, 'latest', packed, () => Readable.from([bytes]));
    await session.close();
    // stands before the registry and asks who is there
    const door = createServer((incoming, response) => {
      if (incoming.headers.authorization !== login) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="door"' }).end();
        return;
      }
      const [host, port] = registry.host.split(':') as [string, string];
      const { method, url: path, headers } = incoming;
      const onward = request({ host, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port } = door.address() as { port: number };
    const update = (credentials?: { username: string; password: string }) =>
      updateFeed(
        shelf.parts,
        feedOf({
          at: 'registry',
          reference: parseReference(`127.0.0.1:${port}/advisories:latest`),
          trust: { keys: [], needed: 0 },
          ...(credentials && { credentials }),
        }),
        signal,
      );
    try {
      expect((await update()).error).toMatch(/401|signed in|credentials|UNAUTHORIZED/i);
      const refused = await update({ username: 'ann', password: 'does-not-open' });
      expect(refused.error).toBeDefined();
      expect(JSON.stringify(refused)).not.toContain('does-not-open');
      expect(await update({ username: 'ann', password: 'opens' })).toMatchObject({
        failures: 0,
        counts: { new: 1 },
      });
    } finally {
      door.closeAllConnections();
      door.close();
      await registry.stop();
    }
  });
});
