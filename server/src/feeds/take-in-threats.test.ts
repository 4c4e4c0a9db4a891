import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Feed } from '../config/load-feeds.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { threatsOf } from '../stores/threats.ts';
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

describe.each(testDatabases)('what is known of CVEs on $name', (kind) => {
  let opened: TestDatabase;
  let shelf: Shelf;
  let publisher: Publisher;
  let kev: Feed;
  let epss: Feed;
  beforeEach(async () => {
    opened = await kind.open();
    shelf = await openShelf(opened.db);
    publisher = await startPublisher();
    const source = { at: 'url' as const, url: publisher.url };
    kev = feedOf(source, { name: 'kev', kind: 'kev' });
    epss = feedOf(source, { name: 'epss', kind: 'epss' });
    publish(
      lines(
        record('GHSA-1', 'left', '2.0.0', { aliases: ['CVE-2026-0001'] }),
        record('CVE-2026-0002', 'right', '2.0.0'),
      ),
    );
    await updateFeed(shelf.parts, feedOf(source), signal);
  });
  afterEach(async () => {
    await publisher[Symbol.asyncDispose]();
    await shelf[Symbol.asyncDispose]();
    await opened.close();
  });

  function publish(body: string | Buffer): void {
    publisher.answer = (_, response) => void response.writeHead(200).end(body);
  }
  const catalogue = (
    ...entries: ReadonlyArray<readonly [cve: string, added: string, due?: string]>
  ): string =>
    JSON.stringify({
      dateReleased: '2026-01-31T12:00:00.1234Z',
      count: entries.length,
      vulnerabilities: entries.map(([cveID, dateAdded, dueDate]) => ({ cveID, dateAdded, dueDate })),
    });
  const scores = (...rows: readonly string[]): Buffer =>
    gzipSync(
      `#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000\ncve,epss,percentile\n${rows.join('\n')}\n`,
    );
  const known = async (): Promise<object> =>
    Object.fromEntries(await threatsOf(opened.db, ['CVE-2026-0001', 'CVE-2026-0002']));

  test('that it is exploited touches only images that have it, and so does that it is not', async () => {
    const [left, right] = [
      await shelf.push('left', { left: '1.0.0' }),
      await shelf.push('right', { right: '1.0.0' }),
    ];
    await shelf.touched();
    const before = await shelf.generation();
    publish(catalogue(['CVE-2026-0001', '2026-01-20', '2026-02-10'], ['CVE-2020-9999', '2020-01-01']));
    expect(await updateFeed(shelf.parts, kev, signal)).toMatchObject({
      failures: 0,
      counts: { new: 2 },
      ages: [{ of: 'KEV', fetched: '2026-02-01T00:00:00.000Z', newest: '2026-01-31T12:00:00.123Z' }],
    });
    expect(await shelf.touched()).toEqual([left]);
    expect(await known()).toEqual({
      'CVE-2026-0001': { exploited: { added: '2026-01-20T00:00:00.000Z', due: '2026-02-10T00:00:00.000Z' } },
    });
    expect(await shelf.generation()).not.toBe(before);
    publish(catalogue(['CVE-2026-0002', '2026-01-20'], ['CVE-2020-9999', '2020-01-01']));
    expect(await updateFeed(shelf.parts, kev, signal)).toMatchObject({
      counts: { new: 1, removed: 1, unchanged: 1 },
    });
    expect(await shelf.touched()).toEqual([left, right].sort());
    publish(catalogue(['CVE-2020-9998', '2020-01-01']));
    await updateFeed(shelf.parts, kev, signal);
    publish(catalogue(['CVE-2020-9998', '2020-01-01']));
    await shelf.touched();
    await updateFeed(shelf.parts, kev, signal);
    expect(await shelf.touched()).toEqual([]);
  });

  test('a score that moves a little causes no work; one that passes a step does', async () => {
    const left = await shelf.push('left', { left: '1.0.0' });
    await shelf.push('right', { right: '1.0.0' });
    publish(scores('CVE-2026-0001,0.0971,0.92123', 'CVE-2026-0002,0.00043,0.11'));
    expect(await updateFeed(shelf.parts, epss, signal)).toMatchObject({ counts: { new: 2 } });
    expect(await known()).toEqual({
      'CVE-2026-0001': { epss: { score: 0.05, percentile: 0.9 } },
      'CVE-2026-0002': { epss: { score: 0, percentile: 0 } },
    });
    await shelf.touched();
    const generation = await shelf.generation();
    publish(scores('CVE-2026-0001,0.09999,0.94', 'CVE-2026-0002,0.00999,0.49999'));
    expect(await updateFeed(shelf.parts, epss, signal)).toMatchObject({ counts: { unchanged: 2 } });
    expect([await shelf.touched(), await shelf.generation()]).toEqual([[], generation]);
    publish(scores('CVE-2026-0001,0.1,0.94', 'CVE-2026-0002,0.00043,0.11'));
    expect(await updateFeed(shelf.parts, epss, signal)).toMatchObject({
      counts: { changed: 1, unchanged: 1 },
    });
    expect(await shelf.touched()).toEqual([left]);
    // back to where it was: the generation tells of content, not of what became of it
    publish(scores('CVE-2026-0001,0.0971,0.92123', 'CVE-2026-0002,0.00043,0.11'));
    await updateFeed(shelf.parts, epss, signal);
    expect(await shelf.generation()).toBe(generation);
  });

  test('a catalogue of which anything cannot be read is not taken in', async () => {
    const left = await shelf.push('left', { left: '1.0.0' });
    publish(catalogue(['CVE-2026-0001', '2026-01-20']));
    await updateFeed(shelf.parts, kev, signal);
    const before = await known();
    await shelf.touched();
    const bad = [
      catalogue(['CVE-2026-0001', 'yesterday']),
      catalogue(['../etc/passwd', '2026-01-20']),
      catalogue(),
      catalogue(['CVE-2026-0002', '2026-01-20']).replace('"count":1', '"count":2'),
      '{"vulnerabilities": [',
      '[]',
    ];
    for (const body of bad) {
      publish(body);
      expect((await updateFeed(shelf.parts, kev, signal)).error).toBeTruthy();
    }
    for (const rows of [['CVE-2026-0001,1.5,0.1'], ['CVE-2026-0001,high,0.1'], ['x,0.1,0.1'], []]) {
      publish(scores(...rows));
      expect((await updateFeed(shelf.parts, epss, signal)).error).toBeTruthy();
    }
    publish(gzipSync('cve,score\nCVE-2026-0001,0.1\n'));
    expect((await updateFeed(shelf.parts, epss, signal)).error).toMatch(
      /does not name cve, epss, percentile/,
    );
    expect([await known(), await shelf.touched(), await shelf.found(left)]).toEqual([before, [], ['GHSA-1']]);
  });
});
