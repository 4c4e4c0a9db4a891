import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Feed } from '../config/load-feeds.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import type { FeedVex } from '../records/vex.ts';
import { coveredEcosystems } from '../stores/covered-ecosystems.ts';
import { feedState, feedStates, knownAges } from '../stores/feeds.ts';
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
import { forgetFeed } from './forget-feed.ts';
import { updateFeed } from './update-feed.ts';
import { describeFeedWork, type FeedWork } from './work.ts';

const signal = new AbortController().signal;
const kevText = JSON.stringify({ vulnerabilities: [{ cveID: 'CVE-2026-0001', dateAdded: '2026-01-01' }] });
const act = { by: 'admin', reason: 'it is not kept any more' };

describe.each(testDatabases)('a feed that was taken out of the configuration on $name', (kind) => {
  let opened: TestDatabase;
  let shelf: Shelf;
  let publisher: Publisher;
  let configured: Feed[];
  let work: FeedWork;
  let vex: FeedVex[];
  beforeEach(async () => {
    opened = await kind.open();
    shelf = await openShelf(opened.db);
    publisher = await startPublisher();
    vex = [];
    const parts = {
      ...shelf.parts,
      putVex: (said: FeedVex) => {
        vex.push(said);
        return Promise.resolve({ new: 0, changed: 0, unchanged: 0, removed: 0 });
      },
    };
    work = describeFeedWork(parts, () => configured);
    configured = [];
    await take('one', lines(record('A-1', 'left', '2.0.0'), record('A-2', 'left', '3.0.0')));
    await take('two', lines(record('A-2', 'left', '3.0.0')));
    await take('kev', kevText, 'kev');
  });
  afterEach(async () => {
    await publisher[Symbol.asyncDispose]();
    await shelf[Symbol.asyncDispose]();
    await opened.close();
  });

  async function take(name: string, body: string, of: Feed['kind'] = 'osv'): Promise<void> {
    publisher.answer = (_, response) => void response.writeHead(200).end(body);
    const feed = feedOf({ at: 'url', url: publisher.url }, { name, kind: of });
    configured.push(feed);
    expect((await updateFeed(shelf.parts, feed, signal)).error).toBeUndefined();
  }
  const takeOut = (name: string): void => {
    configured = configured.filter((feed) => feed.name !== name);
  };
  const doJob = async (name: string): Promise<void> => {
    const jobs = await opened.db.selectFrom('jobs').select('key').where('kind', '=', 'forget-feed').execute();
    expect(jobs.map(({ key }) => key)).toEqual([name]);
    await work.jobs['forget-feed']!({ kind: 'forget-feed', key: name } as never, signal);
  };

  test('keeps what it had, and is told of', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    takeOut('one');
    expect(await shelf.found(digest)).toEqual(['A-1', 'A-2']);
    const reports = await work.report();
    expect(reports.map(({ name, configured: is }) => [name, is])).toEqual([
      ['kev', true],
      ['one', false],
      ['two', true],
    ]);
    expect(reports[1]).toMatchObject({ counts: { new: 2 }, ages: [{ of: 'npm' }] });
    expect(reports[1]).not.toHaveProperty('next');
  });

  test('is forgotten when that is asked for: its own records go, those of others stay, all is judged again', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    const other = await shelf.push('other', { right: '1.0.0' });
    takeOut('one');
    await shelf.touched();
    await work.forget('one', act);
    await doJob('one');
    expect(await shelf.found(digest)).toEqual(['A-2']);
    expect((await work.report()).map(({ name }) => name)).toEqual(['kev', 'two']);
    expect(await shelf.touched()).toEqual([digest, other].sort());
    expect(vex).toMatchObject([{ feed: 'one', files: [], isAll: true }]);
    const audit = await opened.db.selectFrom('audit').select(['action', 'actor', 'detail']).execute();
    const acts = audit.filter(({ action }) => action.startsWith('advisories-feed-forg'));
    expect(acts.map(({ actor, detail }) => [actor, JSON.parse(detail!)])).toEqual([
      ['admin', { feed: 'one', reason: act.reason }],
      [null, { feed: 'one', records: 2, cves: 0, vex: 0 }],
    ]);
  });

  test('leaves nothing that seems to be known once the last is forgotten', async () => {
    await shelf.push('app', { left: '1.0.0' });
    for (const name of ['one', 'two', 'kev']) {
      takeOut(name);
      await forgetFeed({ ...shelf.parts, putVex: () => Promise.resolve(none) }, name, signal);
    }
    expect(await coveredEcosystems(opened.db)).toEqual([]);
    expect(await knownAges(opened.db)).toEqual([]);
    expect((await threatsOf(opened.db, ['CVE-2026-0001'])).size).toBe(0);
    expect((await feedStates(opened.db)).size).toBe(0);
  });

  test('that is cut off at any step is forgotten as if nothing had been', async () => {
    const digest = await shelf.push('app', { left: '1.0.0' });
    takeOut('one');
    const ends: string[] = [];
    for (let steps = 1; steps < 4; steps += 1) {
      const abort = new AbortController();
      let left = steps;
      const memory = {
        ...shelf.parts.memory,
        forget: () => (left -= 1) === 0 && abort.abort(new Error('cut off')),
      };
      const parts = { ...shelf.parts, memory, putVex: () => Promise.resolve(none) };
      const end = await forgetFeed(parts, 'one', abort.signal).then(
        () => 'done',
        (error: Error) => error.message,
      );
      ends.push(end);
      // while it is forgotten nothing says that it is fresh, and it may be asked for again
      expect((await feedState(opened.db, 'one')).ages).toEqual([]);
      if (end === 'cut off') await work.forget('one', act);
    }
    expect(ends).toContain('cut off');
    await forgetFeed({ ...shelf.parts, putVex: () => Promise.resolve(none) }, 'one', signal);
    expect(await shelf.found(digest)).toEqual(['A-2']);
    expect(await shelf.touched()).toEqual([digest]);
  });

  test('is not forgotten while it is configured, nor when it is again, nor one that nobody knows', async () => {
    await expect(work.forget('one', act)).rejects.toThrow(/the feed "one" is configured/);
    for (const name of ['', 'three'])
      await expect(work.forget(name, act)).rejects.toThrow(/there is no feed/);
    const before = configured;
    takeOut('one');
    await work.forget('one', act);
    configured = before;
    await doJob('one');
    expect((await feedStates(opened.db)).has('one')).toBe(true);
  });
});

const none = { new: 0, changed: 0, unchanged: 0, removed: 0 };
