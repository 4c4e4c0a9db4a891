import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describeSet, type FeedKind } from '@wharfinger/lib/advisories/packed-set';
import { pushSet } from '@wharfinger/lib/assess/advisory-goods';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startOwnRegistry } from '@wharfinger/lib/client/testing/own-registry';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { parseReference } from '@wharfinger/lib/oci/reference';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import type { Feed } from '../config/load-feeds.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { feedOf, lines, openShelf, record, type Shelf } from './feeds.fixtures.ts';
import { updateFeed } from './update-feed.ts';

const signal = new AbortController().signal;
const keyOf = () =>
  parsePrivateKey(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    undefined,
  );
const [publisherKey, otherKey] = [keyOf(), keyOf()];
const keys = [{ name: 'feeds', pem: publisherKey.publicPem }];

describe('a feed from a registry', () => {
  let registry: Awaited<ReturnType<typeof startOwnRegistry>>;
  let session: RegistrySession;
  let opened: TestDatabase;
  let shelf: Shelf;
  beforeAll(async () => {
    registry = await startOwnRegistry();
    session = new RegistrySession(registry.host);
  });
  afterAll(async () => {
    await session.close();
    await registry.stop();
  });
  beforeEach(async () => {
    opened = await testDatabases[0]!.open();
    shelf = await openShelf(opened.db);
  });
  afterEach(async () => {
    await shelf[Symbol.asyncDispose]();
    await opened.close();
  });

  async function publish(
    tag: string,
    text: string,
    signedWith?: typeof publisherKey,
    kind: FeedKind = 'osv',
  ): Promise<Digest> {
    const bytes = gzipSync(text);
    const packed = describeSet(kind, { digest: digestOf(bytes), size: bytes.length });
    await pushSet({ session, repository: 'advisories' }, tag, packed, () => Readable.from([bytes]));
    const { mediaType, digest, bytes: manifest } = packed.manifest;
    if (signedWith)
      await pushArtifact(
        session,
        'advisories',
        signImage({ mediaType, digest, size: manifest.length }, signedWith, new Date()),
      );
    return digest;
  }

  function from(reference: string, needed = 1): Feed {
    return feedOf({
      at: 'registry',
      reference: parseReference(`${registry.host}/advisories${reference}`),
      trust: needed === 0 ? { keys: [], needed: 0 } : { keys, needed },
    });
  }
  const update = (feed: Feed) => updateFeed(shelf.parts, feed, signal);

  test('is taken in where who is trusted has signed it, and fetched again when its tag moves', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    await publish('signed', lines(record('A-1', 'left', '2.0.0')), publisherKey);
    expect(await update(from(':signed'))).toMatchObject({ failures: 0, counts: { new: 1 } });
    expect(await shelf.found(digest)).toEqual(['A-1']);
    const unchanged = await update(from(':signed'));
    expect(unchanged).toMatchObject({ failures: 0, counts: { new: 1 } });
    await publish('signed', lines(record('A-2', 'left', '2.0.0')), publisherKey);
    expect(await update(from(':signed'))).toMatchObject({ counts: { new: 1, removed: 1 } });
    expect(await shelf.found(digest)).toEqual(['A-2']);
  });

  test('changes nothing where nobody who is trusted has signed it, and where it is none', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    await publish('unsigned', lines(record('A-7', 'left', '2.0.0')));
    await publish('other', lines(record('A-8', 'left', '2.0.0')), otherKey);
    await publish('kev', '{"vulnerabilities": []}', publisherKey, 'kev');
    for (const [reference, why] of [
      [':unsigned', /signed by none of the keys, and 1 must have signed/],
      [':other', /signed by none of the keys/],
      [':kev', /holds kev, and the feed is one of osv/],
      [':absent', /has no absent/],
    ] as const) {
      const state = await update(from(reference));
      expect(state.error).toMatch(why);
      expect(state.succeeded).toBeUndefined();
    }
    expect(await shelf.found(digest)).toEqual([]);
    expect((await update(from(':unsigned', 0))).error).toBeUndefined();
    expect(await shelf.found(digest)).toEqual(['A-7']);
  });

  test('that is pinned by its digest stays what it is', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    const pinned = await publish('pinned', lines(record('A-1', 'left', '2.0.0')));
    await publish('pinned', lines(record('A-2', 'left', '2.0.0')));
    await update(from(`@${pinned}`, 0));
    expect(await shelf.found(digest)).toEqual(['A-1']);
  });
});
