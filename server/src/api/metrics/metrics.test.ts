import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushChecked } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';
import { formatFamilies } from './families.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await writeFile(join(server.folder, 'osv.json'), JSON.stringify(advisory));
  const feed = (name: string, source: string) => ({ name, kind: 'osv', source });
  const feeds = [feed('own', './osv.json'), feed('broken', './none.json')];
  await server.reload({ advisories: { feeds } });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const advisory = {
  id: 'TEST-left',
  modified: '2026-01-02T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const { text } = await server.call('GET', '/metrics', { as: admin });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

test('feeds tell when they were taken in, what failed, and how old their advisories are', async () => {
  await server.call('POST', '/api/v1/advisories/feeds/update', { as: admin, body: {} });
  await until(async () => {
    const told = await metrics();
    return (
      told.has('wharfinger_feed_last_success_timestamp_seconds{feed="own"}') &&
      (told.get('wharfinger_feed_failures{feed="broken"}') ?? 0) > 0
    );
  });
  const told = await metrics();
  const newest = 'wharfinger_advisories_newest_timestamp_seconds{feed="own",of="npm"}';
  expect(told.get(newest)).toBe(Date.parse(advisory.modified) / 1000);
  expect(told.get('wharfinger_feed_records{feed="own",outcome="read"}')).toBe(1);
  expect(told.get('wharfinger_feed_failures{feed="own"}')).toBe(0);
  expect(told.has('wharfinger_feed_last_success_timestamp_seconds{feed="broken"}')).toBe(false);
  expect(told.get('wharfinger_feed_last_try_timestamp_seconds{feed="broken"}')).toBeGreaterThan(1e9);
});

test('judging is counted, and so are changes of verdicts', async () => {
  const before = await metrics();
  await pushChecked(server, 'team/app', 'v1', { packages: { left: '1.0.0' } });
  await until(async () => {
    const { text } = await server.call('GET', '/api/v1/verdict?repository=team/app&reference=v1', {
      as: admin,
    });
    return !text.includes('not checked yet');
  });
  const after = await metrics();
  const grown = (name: string) =>
    (after.get(`wharfinger_${name}_total`) ?? 0) - (before.get(`wharfinger_${name}_total`) ?? 0);
  expect(grown('verdicts')).toBeGreaterThan(0);
  expect(grown('routines_evaluated')).toBeGreaterThan(0);
  expect(grown('verdict_events')).toBeGreaterThanOrEqual(1);
  expect(after.has('wharfinger_routines_reused_total')).toBe(true);
});

test('are for who is signed in, in the format of Prometheus', async () => {
  expect((await server.call('GET', '/metrics')).status).toBe(401);
  const { text } = await server.call('GET', '/metrics', { as: admin });
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{(?:[a-z]+="[^"]*",?)+\})? [0-9.e+]+)$/);
});

test('what labels hold cannot begin another line', () => {
  const samples = [{ labels: { feed: 'a"b\\c\nd' }, value: 1 }];
  expect(formatFamilies([{ name: 'x', help: 'h', type: 'gauge', samples }])).toBe(
    '# HELP x h\n# TYPE x gauge\nx{feed="a\\"b\\\\c\\nd"} 1\n',
  );
});
