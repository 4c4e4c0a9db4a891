import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { found, metadataOf, startScanner, type TestScanner } from '../../scanners/scanner.fixtures.ts';
import { push, smallImage } from '../../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../../testing/running-server.ts';

let scanner: TestScanner;
let server: TestServer;
const image = smallImage({ mark: 'scanned' });

const settings = (url = scanner.url) => ({
  scanners: {
    run: [
      {
        name: 'test',
        url,
        repositories: ['team/**'],
        registry: server?.url ?? 'http://127.0.0.1:1',
        time: '10m',
      },
    ],
  },
});

beforeAll(async () => {
  scanner = await startScanner();
  server = await startTestServer(settings());
  await server.reload(settings());
  const body = {
    id: 'scanned',
    collection: 'standard',
    routine: 'scanner-report',
    parameters: { scanner: 'test' },
    scope: { repositories: ['team/**'] },
    purposes: ['pull'],
    effect: 'hold',
  };
  await server.call('POST', '/api/v1/bindings', { as: admin, body });
  scanner.found = () => [];
  await push(server, image, 'team/app', 'v1');
  await until(async () => (await reason()) === undefined);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await scanner?.[Symbol.asyncDispose]();
});

interface Told {
  readonly verdict: {
    readonly reasons: ReadonlyArray<{ readonly routine: string; readonly message: string }>;
  };
  readonly scans: ReadonlyArray<{ readonly report?: object; readonly attempts: readonly object[] }>;
}

const get = async (path: string): Promise<Told> =>
  (
    await server.call('GET', `/api/v1/${path}?repository=team/app&reference=v1`, { as: admin })
  ).json() as unknown as Told;
const reason = async (): Promise<string | undefined> =>
  (await get('verdict')).verdict.reasons.find(({ routine }) => routine === 'scanner-report')?.message;
const report = async () => (await get('scans')).scans[0]?.report;
const named = (vendor: string, version: string) => metadataOf({ scanner: { name: 'Test', vendor, version } });

test('a scanner of another version is asked again, and its last report counts meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly object[]>();
  scanner.found = () => promise;
  scanner.metadata = named('Nobody', '2.0.0');
  await server.reload(settings());
  await until(async () => scanner.asked.length === 2);
  expect([await reason(), await report()]).toEqual([undefined, expect.anything()]);
  resolve([]);
  // with its report comes which scanner it is: that must not come after the next one
  await until(async () => (await get('scans')).scans[0]?.attempts.length === 2);
  expect([await reason(), await report()]).toEqual([undefined, expect.anything()]);
});

test('what another scanner said under the same name counts no more, and that one is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly object[]>();
  scanner.found = () => promise;
  scanner.metadata = named('Somebody', '2.0.0');
  await server.reload(settings());
  await until(async () => (await reason())?.includes('has not reported') ?? false);
  expect(await report()).toBeUndefined();
  await until(async () => scanner.asked.length === 3);
  resolve([]);
  await until(async () => (await reason()) === undefined);
});

test('one at another address is another, also while nobody answers there', async () => {
  await server.reload(settings('http://127.0.0.1:1'));
  await until(async () => /has not reported|came to no report/.test((await reason()) ?? ''));
  expect(await report()).toBeUndefined();
  await using moved = await startScanner();
  moved.metadata = named('Somebody', '2.0.0');
  moved.found = () => [found({ severity: 'Critical' })];
  await server.reload(settings(moved.url));
  await until(async () => (await reason())?.includes('CVE-2026-0001') ?? false);
  expect(moved.asked).toHaveLength(1);

  // and it knows nothing of what it said itself before
  scanner.found = () => [found({ id: 'CVE-2026-0002', severity: 'Critical' })];
  await server.reload(settings());
  await until(async () => (await reason())?.includes('CVE-2026-0002') ?? false);
});

test('what a scanner says of itself when its name stands for another by now counts for nothing', async () => {
  const answering = Promise.withResolvers<void>();
  let asked = false;
  scanner.behave = async ({ path }) => {
    if (path !== '/api/v1/metadata') return undefined;
    asked = true;
    return answering.promise;
  };
  await server.reload(settings());
  await until(async () => asked);
  await using moved = await startScanner();
  moved.metadata = named('Somebody', '3.0.0');
  moved.found = () => [found({ id: 'CVE-2026-0003', severity: 'Critical' })];
  await server.reload(settings(moved.url));
  await until(async () => (await reason())?.includes('CVE-2026-0003') ?? false);
  answering.resolve();
  scanner.behave = () => undefined;
  // what it says is noted after that, if at all
  for (let look = 0; look < 20; look += 1) {
    await pause(20);
    expect(await report()).toBeDefined();
  }
});
