import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Feed } from '../config/load-feeds.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { feedState, knownAges } from '../stores/feeds.ts';
import { coveredEcosystems } from '../stores/covered-ecosystems.ts';
import {
  feedOf,
  lines,
  openShelf,
  record,
  startPublisher,
  type Publisher,
  type Shelf,
} from './feeds.fixtures.ts';
import { updateFeed } from './update-feed.ts';

const signal = new AbortController().signal;

describe.each(testDatabases)('a feed on $name', (kind) => {
  let opened: TestDatabase;
  let shelf: Shelf;
  let publisher: Publisher;
  let feed: Feed;
  beforeEach(async () => {
    opened = await kind.open();
    shelf = await openShelf(opened.db);
    publisher = await startPublisher();
    feed = feedOf({ at: 'url', url: publisher.url });
  });
  afterEach(async () => {
    await publisher[Symbol.asyncDispose]();
    await shelf[Symbol.asyncDispose]();
    await opened.close();
  });

  const update = (which = feed) => updateFeed(shelf.parts, which, signal);
  const publish = (body: string | Buffer, headers: Record<string, string> = {}): void => {
    publisher.answer = (_, response) => void response.writeHead(200, headers).end(body);
  };

  test('is fetched once, and then asked whether it has changed', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    publish(lines(record('A-1', 'left', '2.0.0')), {
      etag: '"one"',
      'last-modified': 'Sun, 01 Feb 2026 00:00:00 GMT',
    });
    expect(await update()).toMatchObject({ failures: 0, counts: { read: 1, new: 1 } });
    expect(await shelf.found(digest)).toEqual(['A-1']);
    expect(await shelf.touched()).toEqual([digest]);
    const generation = await shelf.generation();

    publisher.answer = (_, response) => void response.writeHead(304).end();
    shelf.at('2026-02-01T06:00:00Z');
    expect(await update()).toMatchObject({ failures: 0, succeeded: '2026-02-01T06:00:00.000Z' });
    expect(publisher.asked[1]!.headers).toMatchObject({
      'if-none-match': '"one"',
      'if-modified-since': 'Sun, 01 Feb 2026 00:00:00 GMT',
    });
    expect(await shelf.touched()).toEqual([]);
    expect(await shelf.generation()).toBe(generation);
    expect(await knownAges(opened.db)).toEqual([
      { of: 'npm', fetched: '2026-02-01T06:00:00.000Z', newest: '2026-01-01T00:00:00.000Z' },
    ]);
    expect(await readdir(shelf.parts.folder)).toEqual([]);
  });

  test('that cannot be fetched whole changes nothing, says why, and is asked anew', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    const records = lines(record('A-1', 'left', '2.0.0'), record('A-2', 'left', '3.0.0'));
    publish(records, { etag: '"one"' });
    await update();
    const [found, generation] = [await shelf.found(digest), await shelf.generation()];
    await shelf.touched();
    const failing: ReadonlyArray<readonly [RegExp, Publisher['answer']]> = [
      [/answered 500/, (_, response) => void response.writeHead(500).end('down')],
      [/answered 404/, (_, response) => void response.writeHead(404).end()],
      [
        /terminated|aborted|closed|mismatch/i,
        (_, response) => {
          response.writeHead(200, { 'content-length': '5000', etag: '"two"' });
          response.write(lines(record('A-2', 'left', '3.0.0')), () => response.destroy());
        },
      ],
      [
        /unexpected end of file/,
        (_, response) => void response.writeHead(200).end(gzipSync(records).subarray(0, -20)),
      ],
      [/holds no records/, (_, response) => void response.writeHead(200).end('')],
      [
        /times what is in it/,
        (_, response) => void response.writeHead(200).end(gzipSync(Buffer.alloc(120 * 1024 * 1024, ' '))),
      ],
      [
        /cannot be read|Unexpected|JSON/i,
        (_, response) => void response.writeHead(200).end('<html>sorry</html>'),
      ],
    ];
    for (const [at, [why, answer]] of failing.entries()) {
      publisher.answer = answer;
      const state = await update();
      expect(state.error).toMatch(why);
      expect(state).toMatchObject({ failures: at + 1, succeeded: '2026-02-01T00:00:00.000Z' });
      expect([await shelf.found(digest), await shelf.generation()]).toEqual([found, generation]);
      expect(await shelf.touched()).toEqual([]);
    }
    publish(records, { etag: '"one"' });
    publisher.asked.length = 0;
    expect(await update()).toMatchObject({ failures: 0, counts: { unchanged: 2 } });
    // a part of it may have been overlaid: whether it has changed since is not asked
    expect(publisher.asked[0]!.headers['if-none-match']).toBeUndefined();
    expect((await update()).error).toBeUndefined();
  });

  test('takes away what it does not have any more, unless another has it', async () => {
    const [left, right] = [
      await shelf.push('left', { left: '1.0.0' }),
      await shelf.push('right', { right: '1.0.0' }),
    ];
    const other = feedOf(feed.source, { name: 'other' });
    publish(lines(record('A-1', 'left', '2.0.0'), record('A-2', 'right', '2.0.0')));
    await update();
    await update(other);
    await shelf.touched();
    publish(lines(record('A-2', 'right', '2.0.0')));
    expect(await update()).toMatchObject({ counts: { removed: 1, unchanged: 1 } });
    expect(await shelf.found(left)).toEqual(['A-1']);
    expect(await shelf.touched()).toEqual([]);
    expect(await update(other)).toMatchObject({ counts: { removed: 1 } });
    expect(await shelf.found(left)).toEqual([]);
    expect(await shelf.found(right)).toEqual(['A-2']);
    expect(await shelf.touched()).toEqual([left]);
    const generation = await shelf.generation();

    const fresh = await kind.open();
    await using clean = await openShelf(fresh.db);
    await updateFeed(clean.parts, feed, signal);
    expect(await clean.generation()).toBe(generation);
    await fresh.close();
  });

  test('of two that have a record the later words count, in whatever order they are read', async () => {
    const digest = await shelf.push('app', { left: '1.5.0' });
    const [old, young] = [
      record('A-1', 'left', '2.0.0'),
      record('A-1', 'left', '1.0.0', { modified: '2026-01-09T00:00:00Z' }),
    ];
    const other = feedOf(feed.source, { name: 'other' });
    publish(lines(young));
    await update();
    publish(lines(old));
    await update(other);
    expect(await shelf.found(digest)).toEqual([]);
    const generation = await shelf.generation();
    publish(lines(young));
    await update();
    expect(await shelf.generation()).toBe(generation);
    // the one with the later words drops it: the other is read again, though it has not changed
    publish(lines(record('A-9', 'other', '1.0.0')));
    await update();
    publish(lines(old));
    await update(other);
    expect(await shelf.found(digest)).toEqual(['A-1']);
  });

  test('with a malicious package ends the verdicts of all images that have it, and so does its withdrawal', async () => {
    const digests = [
      await shelf.push('one', { evil: '1.0.0' }),
      await shelf.push('two', { evil: '1.0.0' }),
    ].sort();
    await shelf.push('three', { left: '1.0.0' });
    const forgotten: string[] = [];
    const forget = (_: string, digest: string): void => void forgotten.push(digest);
    const parts = { ...shelf.parts, memory: { ...shelf.parts.memory, forget } };
    const malicious = record('MAL-2026-1', 'evil', '9.0.0');
    // the first record about an ecosystem is news for all that have any of it
    publish(lines(record('A-1', 'other', '2.0.0')));
    await update();
    await shelf.touched();
    for (const published of [malicious, { ...malicious, withdrawn: '2026-01-06T00:00:00Z' }]) {
      publish(lines(published, record('A-1', 'other', '2.0.0')));
      await updateFeed(parts, feed, signal);
      // what the gate has in memory does not answer the next pull
      expect(forgotten.splice(0).sort()).toEqual(digests);
      expect(await shelf.touched()).toEqual(digests);
    }
    expect(await shelf.found(digests[0]!)).toEqual([]);
  });

  test('keeps what is known of a record that it has in a form that cannot be read', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    publish(lines(record('A-1', 'left', '2.0.0'), record('A-2', 'left', '2.0.0')));
    await update();
    publish(lines({ id: 'A-1', affected: 'all of it' }));
    const state = await update();
    expect(state).toMatchObject({ failures: 0, counts: { refused: 1, removed: 1 } });
    expect(state.warning).toMatch(/1 records could not be read.*A-1: affected must be a list/);
    expect(await shelf.found(digest)).toEqual(['A-1']);
    // one that cannot be named could be any: nothing is taken away
    publish(`${lines(record('A-3', 'left', '2.0.0'))}{"id": \n`);
    expect((await update()).error).toMatch(/nothing was taken away/);
    expect(await shelf.found(digest)).toEqual(['A-1', 'A-3']);
  });

  test('is only about the ecosystems that are asked for, and an ecosystem ends with its last record', async () => {
    await shelf.push('app', { left: '1.0.0' });
    const cargo = {
      id: 'C-1',
      affected: [{ package: { ecosystem: 'crates.io', name: 'x' }, versions: ['1.0.0'] }],
    };
    publish(lines(record('A-1', 'left', '2.0.0'), cargo));
    await update(feedOf(feed.source, { ecosystems: ['npm'] }));
    expect(await coveredEcosystems(opened.db)).toEqual(['npm']);
    const digests = await shelf.touched();
    publish(lines(cargo));
    await update(feedOf(feed.source));
    expect(await coveredEcosystems(opened.db)).toEqual(['crates.io']);
    expect(await shelf.touched()).toEqual(digests);
  });

  test('that is cut off in the middle goes on from where it was, and ends as if nothing had been', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    const records = Array.from({ length: 1600 }, (_, at) =>
      record(`A-${String(at).padStart(4, '0')}`, 'left', '2.0.0'),
    );
    publish(lines(...records));
    const abort = new AbortController();
    let transactions = 0;
    const memory = {
      ...shelf.parts.memory,
      forget: () => (transactions += 1) === 2 && abort.abort(new Error('cut off')),
    };
    await expect(updateFeed({ ...shelf.parts, memory }, feed, abort.signal)).rejects.toThrow('cut off');
    const half = (await shelf.found(digest)).length;
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(1600);
    expect((await feedState(opened.db, feed.name)).succeeded).toBeUndefined();
    expect(await update()).toMatchObject({ failures: 0, counts: { read: 1600, unchanged: half } });
    expect(await shelf.found(digest)).toHaveLength(1600);
  });
});
