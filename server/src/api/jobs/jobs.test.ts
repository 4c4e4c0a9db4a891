import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFolder, wharf } from '../../cli/wharf.fixtures.ts';
import { checked, push, smallImage } from '../../testing/pushed-image.ts';
import {
  admin,
  adminPassword,
  startTestServer,
  until,
  type TestServer,
} from '../../testing/running-server.ts';

let server: TestServer;
/** The clock of the server goes ahead, so that what waits for minutes is tried at once. */
let ahead = 0;
beforeAll(async () => {
  const settings = {
    namespaces: [{ name: 'strict', gate: 'hold' }],
    registry: { readBack: '0s' },
    users: [
      { name: 'reader', password: 'of the reader', rights: [{ repositories: '**', actions: ['pull'] }] },
    ],
  };
  server = await startTestServer(settings, { now: () => new Date(Date.now() + ahead) });
});
afterAll(() => server?.[Symbol.asyncDispose]());

interface Dead {
  readonly id: number;
  readonly kind: string;
  readonly key: string;
  readonly attempts: number;
  readonly error: string;
}

const get = async <T>(path: string): Promise<T> =>
  (await server.call('GET', path, { as: admin })).json() as unknown as T;
const retry = async (body: object) => {
  const { status, json } = await server.call('POST', '/api/v1/jobs/retry', { as: admin, body });
  return { status, ...(json() as unknown as { retried?: number; error?: { code: string } }) };
};
const dead = async (query = '') => get<{ jobs: Dead[]; next?: string }>(`/api/v1/jobs/dead${query}`);

/** Pushes an image of which the bytes of a layer are away, and lets time pass until its check is given up. */
async function pushUnreadable(tag: string): Promise<{ digest: string; mend: () => void }> {
  const image = smallImage({ mark: tag });
  const [layer, ...others] = image.blobs;
  await server.call('POST', `/v2/strict/app/blobs/uploads/?digest=${layer![0]}`, {
    as: admin,
    body: layer![1],
    headers: { 'content-type': 'application/octet-stream' },
  });
  const files = readdirSync(server.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const file = files.find((one) => digestOf(readFileSync(one)) === layer![0])!;
  renameSync(file, `${file}.away`);
  expect(await push(server, { ...image, blobs: others }, 'strict/app', tag)).toBe(201);
  await until(async () => {
    const { counts } = await get<{ counts: object[] }>('/api/v1/jobs');
    // less than a lease, and only while it waits: who runs it must not seem to be gone
    if (counts.some((count) => isDeepStrictEqual(count, { kind: 'check', state: 'delayed', count: 1 })))
      ahead += 15_000;
    return (await dead()).jobs.some(({ key }) => key.endsWith(image.digest));
  });
  return { digest: image.digest, mend: () => renameSync(`${file}.away`, file) };
}

test('work that was given up is told of wherever one looks, passes nothing, and is tried again when an administrator asks', async () => {
  const { digest, mend } = await pushUnreadable('v1');
  const {
    jobs: [job],
  } = await dead();
  expect(job).toMatchObject({ kind: 'check', key: `strict/app@${digest}`, attempts: 8 });
  expect(job!.error).toContain('ENOENT');

  // nobody is served it, and who asks is told that waiting is no use
  const place = 'repository=strict/app&reference=v1';
  const pull = await server.call('GET', '/v2/strict/app/manifests/v1', { as: admin });
  expect([pull.status, pull.text]).toEqual([403, expect.stringContaining('not checked yet')]);
  const givenUp = [{ id: job!.id, kind: 'check', attempts: 8 }];
  const { status, json } = await server.call('GET', `/api/v1/verdict?${place}`, {
    as: 'reader:of the reader',
  });
  expect([status, json()]).toEqual([
    200,
    expect.objectContaining({
      verdict: expect.objectContaining({ outcome: 'hold', decided: false }),
      text: expect.stringContaining(`wharf job retry ${job!.id}`),
      givenUp,
    }),
  ]);
  // why, with what is inside of the registry, is not for everybody
  expect(JSON.stringify(json())).not.toContain('ENOENT');
  const { counts } = await get<{ counts: object[] }>('/api/v1/jobs');
  expect(counts).toContainEqual({ kind: 'check', state: 'dead', count: 1 });
  const { text } = await server.call('GET', '/metrics', { as: admin });
  expect(text).toContain('wharfinger_jobs{kind="check",state="dead"} 1');

  mend();
  expect(await retry({ id: job!.id })).toEqual({ status: 200, retried: 1 });
  await checked(server, 'strict/app', digest);
  expect(await get(`/api/v1/verdict?${place}`)).not.toHaveProperty('givenUp');
  expect((await dead()).jobs).toEqual([]);
  expect(await retry({ id: job!.id })).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
  const { entries } = await get<{ entries: object[] }>('/api/v1/audit?action=retry-job');
  expect(entries).toEqual([
    expect.objectContaining({ actor: 'admin', outcome: 'done', detail: { id: job!.id, retried: 1 } }),
  ]);
});

test('all that was given up comes in pages, and is tried again at once; the command line does both', async () => {
  const pushed = [await pushUnreadable('v2'), await pushUnreadable('v3')];
  const first = await dead('?limit=1');
  const second = await dead(`?limit=1&last=${first.next}`);
  const keys = pushed.map(({ digest }) => `strict/app@${digest}`);
  expect([...first.jobs, ...second.jobs].map(({ key }) => key)).toEqual(keys);
  // none of them names a page on which there is nothing
  expect(second).not.toHaveProperty('next');
  expect(await dead('?limit=2')).toEqual({ jobs: [...first.jobs, ...second.jobs] });
  await inFolder(async (folder) => {
    const options = { folder, environment: { DOCKER_CONFIG: join(folder, 'docker'), HOME: folder } };
    const login = ['login', server.address, '--username', 'admin', '--password-stdin'];
    expect(await wharf(login, { ...options, input: adminPassword })).toMatchObject({ code: 0 });
    const run = (...words: string[]) => wharf(['job', ...words, '--server', server.address], options);
    expect(await run('list')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^check +dead +2$/m) as string,
    });
    const listed = await run('list', '--dead', '--limit', '1');
    expect(listed).toMatchObject({ code: 1, error: '' });
    expect(listed.output).toMatch(
      /^\d+ +check +strict\/app@sha256:[0-9a-f]{64} +8 +\S+ +Error: ENOENT.*\n.*There are more/m,
    );
    const image = `${server.address}/strict/app:v2`;
    for (const command of ['verdict', 'findings', 'inspect'])
      expect((await wharf([command, image], options)).error).toContain(
        `wharf job retry ${first.jobs[0]!.id}`,
      );
    expect(await run('retry')).toMatchObject({ code: 2 });
    expect(await run('retry', '1', '--all')).toMatchObject({ code: 2 });
    expect((await run('retry', '999999')).error).toContain('no job 999999 was given up');
    for (const { mend } of pushed) mend();
    expect(JSON.parse((await run('retry', '--all', '--json')).output)).toEqual({ retried: 2 });
    for (const { digest } of pushed) await checked(server, 'strict/app', digest);
    expect(await run('list', '--dead')).toEqual({ code: 0, output: 'Nothing was given up.\n', error: '' });
  });
  expect(await retry({ all: true })).toEqual({ status: 200, retried: 0 });
});

test.each([{}, { id: 0 }, { id: '1' }, { all: false }, { id: 1, all: true }])(
  '%j names nothing to be tried',
  async (body) => {
    expect(await retry(body)).toMatchObject({ status: 400, error: { code: 'INPUT_INVALID' } });
  },
);
