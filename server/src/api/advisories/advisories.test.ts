import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines, record, startPublisher, type Publisher } from '../../feeds/feeds.fixtures.ts';
import { pushChecked } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';
import type { FeedReport } from '../../feeds/work.ts';
import type { VerdictEvent } from '../../stores/verdict-events.ts';

const reader = 'reader:password-of-reader';
const day = 86_400_000;

/** how far the server's clock is ahead */
let offset = 0;
let server: TestServer;
let publisher: Publisher;
/** what is published where */
const published = new Map<string, string>();

const feedNames = ['records', 'exploited'] as const;

beforeAll(async () => {
  publisher = await startPublisher();
  publisher.answer = (request, response) => {
    const body = published.get(request.url!);
    response.writeHead(body === undefined ? 404 : 200).end(body);
  };
  const { origin } = new URL(publisher.url);
  server = await startTestServer(
    {
      namespaces: [{ name: 'strict', gate: 'hold' }, { name: 'open' }],
      users: [
        {
          name: 'reader',
          password: 'password-of-reader',
          rights: [{ repositories: '**', actions: ['pull'] }],
        },
      ],
      advisories: {
        feeds: [
          { name: 'records', source: `${origin}/records.jsonl?token=secret`, every: '1d' },
          { name: 'exploited', source: `${origin}/kev.json`, kind: 'kev', schedule: '0 3 * * *' },
        ],
      },
    },
    { now: () => new Date(Date.now() + offset) },
  );
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await publisher?.[Symbol.asyncDispose]();
});

async function reports(): Promise<FeedReport[]> {
  const { status, text } = await server.call('GET', '/api/v1/advisories/feeds', { as: reader });
  expect(status).toBe(200);
  return (JSON.parse(text) as { feeds: FeedReport[] }).feeds;
}

/** Publishes records, or a catalogue, and has them taken in. */
async function publish(name: (typeof feedNames)[number], text: string): Promise<FeedReport> {
  published.set(name === 'records' ? '/records.jsonl?token=secret' : '/kev.json', text);
  const asked = new Date(Date.now() + offset).toISOString();
  const { status } = await server.call('POST', '/api/v1/advisories/feeds/update', {
    as: admin,
    body: { feed: name },
  });
  expect(status).toBe(200);
  let done: FeedReport | undefined;
  await until(async () => {
    done = (await reports()).find((feed) => feed.name === name);
    return done?.tried !== undefined && done.tried >= asked;
  });
  expect(done!.error).toBeUndefined();
  return done!;
}

const kev = (...cves: readonly string[]): string =>
  JSON.stringify({
    vulnerabilities: ['CVE-2020-1', ...cves].map((cveID) => ({
      cveID: cveID.replace(/-1$/, '-0001'),
      dateAdded: '2026-01-01',
    })),
  });
const pulled = async (repository: string): Promise<number> =>
  (await server.call('GET', `/v2/${repository}/manifests/v1`, { as: reader })).status;
async function eventsOf(repository: string): Promise<VerdictEvent[]> {
  const { status, text } = await server.call('GET', `/api/v1/events?repository=${repository}`, { as: admin });
  expect(status).toBe(200);
  return (JSON.parse(text) as { events: VerdictEvent[] }).events;
}
const verdictOf = async (repository: string) =>
  (await server.call('GET', `/api/v1/verdict?repository=${repository}&reference=v1`, { as: admin })).json()
    .verdict;

async function bind(routine: string, repository: string, parameters: object = {}): Promise<void> {
  const { status, text } = await server.call('POST', '/api/v1/bindings', {
    as: admin,
    body: {
      id: `${routine}-${repository.replaceAll('/', '-')}`,
      collection: 'standard',
      routine,
      parameters,
      scope: { repositories: [repository] },
      purposes: ['pull'],
      effect: 'hold',
    },
  });
  expect([status, text]).toEqual([200, expect.anything()]);
}

describe('feeds of a server', () => {
  test('are told of to who is signed in, without secrets of their addresses, and updated by administrators', async () => {
    await publish('records', lines(record('A-0', 'nowhere', '2.0.0')));
    const [exploited, records] = await reports();
    expect(records).toMatchObject({ name: 'records', kind: 'osv', failures: 0, counts: { read: 1 } });
    expect(JSON.stringify(records)).not.toContain('secret');
    expect(exploited!.next).toMatch(/T03:00:00|T\d\d:\d\d/);
    const path = '/api/v1/advisories/feeds/update';
    expect((await server.call('GET', '/api/v1/advisories/feeds')).status).toBe(401);
    expect((await server.call('POST', path, { as: reader, body: {} })).status).toBe(403);
    expect((await server.call('POST', path, { as: admin, body: { feed: 'none' } })).status).toBe(400);
    expect((await server.call('GET', '/api/v1/events', { as: reader })).status).toBe(403);
    const forget = async (as: string, feed: string, reason = 'not kept any more') =>
      (await server.call('POST', '/api/v1/advisories/feeds/forget', { as, body: { feed, reason } })).status;
    expect(await forget(reader, 'records')).toBe(403);
    expect(await forget(admin, 'records')).toBe(400);
    expect(await forget(admin, 'none')).toBe(400);
    expect(await forget(admin, 'none', '')).toBe(400);
    expect((await reports()).map(({ configured }) => configured)).toEqual([true, true]);
  });

  test('a malicious package holds every image that has it with the next pull, and a withdrawn record releases them', async () => {
    for (const repository of ['open/one', 'open/two', 'open/three'])
      await pushChecked(server, repository, 'v1', {
        packages: repository === 'open/three' ? { right: '1.0.0' } : { evil: '1.0.0' },
      });
    const all = () => Promise.all(['open/one', 'open/two', 'open/three'].map(pulled));
    expect(await all()).toEqual([200, 200, 200]);
    const malicious = record('MAL-2026-1', 'evil', '9.0.0');
    await publish('records', lines(malicious));
    expect(await all()).toEqual([403, 403, 200]);
    const [event, ...before] = await eventsOf('open/one');
    expect(event).toMatchObject({
      before: before[0]!.outcome,
      outcome: 'hold',
      cause: {
        findings: [{ advisory: 'MAL-2026-1', purl: 'pkg:npm/evil@1.0.0', what: 'came' }],
        time: false,
      },
    });
    // other words of it are no news
    await publish(
      'records',
      lines({ ...malicious, summary: 'in other words', modified: '2026-01-05T00:00:00Z' }),
    );
    await verdictOf('open/one');
    expect(await eventsOf('open/one')).toHaveLength(before.length + 1);
    await publish('records', lines({ ...malicious, withdrawn: '2026-01-06T00:00:00Z' }));
    expect(await all()).toEqual([200, 200, 200]);
    expect((await eventsOf('open/one'))[0]).toMatchObject({
      before: 'hold',
      cause: { findings: [{ advisory: 'MAL-2026-1', what: 'went' }] },
    });
  });

  test('what is exploited holds images where a routine asks for it, and without a catalogue nothing passes it', async () => {
    await publish('records', lines(record('GHSA-9', 'left', '2.0.0', { aliases: ['CVE-2026-0009'] })));
    await pushChecked(server, 'open/left', 'v1', { packages: { left: '1.0.0' } });
    await bind('no-exploited-vulnerabilities', 'open/left');
    expect(await pulled('open/left')).toBe(403);
    expect((await verdictOf('open/left')).reasons[0]!.message).toMatch(/no feed of KEV was ever fetched/);
    await publish('exploited', kev());
    expect(await pulled('open/left')).toBe(200);
    await publish('exploited', kev('CVE-2026-0009'));
    expect(await pulled('open/left')).toBe(403);
    expect((await verdictOf('open/left')).reasons[0]!.message).toBe(
      'left 1.0.0 has CVE-2026-0009, which is exploited',
    );
    const [event] = await eventsOf('open/left');
    expect(event!.cause.findings).toEqual([
      { advisory: 'CVE-2026-0009', purl: 'pkg:npm/left@1.0.0', what: 'changed', fields: ['exploited'] },
    ]);
    await publish('exploited', kev());
    expect(await pulled('open/left')).toBe(200);
  });

  test('old advisories end a verdict at their time, and fetching them anew, though they are the same, restores it', async () => {
    const text = lines(record('A-1', 'other', '2.0.0'));
    await publish('records', text);
    await publish('exploited', kev());
    await pushChecked(server, 'open/fresh', 'v1', { packages: { left: '1.0.0' } });
    await bind('advisories-fresh', 'open/fresh', { hours: 36 });
    expect(await pulled('open/fresh')).toBe(200);
    const { validUntil } = await verdictOf('open/fresh');
    const left = Date.parse(validUntil!) - Date.now();
    expect(left).toBeLessThanOrEqual(1.5 * day);
    expect(left).toBeGreaterThan(1.4 * day);
    // a feed that is due is fetched by itself: not before this has been looked at
    published.clear();
    offset = 2 * day;
    expect(await pulled('open/fresh')).toBe(403);
    expect((await verdictOf('open/fresh')).reasons[0]!.message).toMatch(
      /known of .*npm was fetched more than 36 hours ago/,
    );
    await publish('exploited', kev());
    await publish('records', text);
    expect(await pulled('open/fresh')).toBe(200);
  });
});
