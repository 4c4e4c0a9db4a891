import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import type { KnownAdvisories } from '@wharfinger/lib/assess/match-advisories';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { admin, startTestServer, type TestServer } from '../../server/src/testing/running-server.ts';
import type { Case, Family, PolicyRecord } from './cases.ts';
import { combinations } from './families/combinations.ts';
import { custody, identity } from './families/custody.ts';
import { evidence } from './families/evidence.ts';
import { exceptions } from './families/exceptions.ts';
import { indexes } from './families/indexes.ts';
import { said } from './families/said.ts';
import { osv } from './images.ts';

/** A registry under test and a plain one with the same images, and what the first one judges by as others get it. */
export interface Setting {
  readonly server: TestServer;
  /** host:port of Debian's docker-registry */
  readonly plain: string;
  readonly cases: ReadonlyMap<string, Case>;
  readonly judgement: Uint8Array;
  readonly registryKey: string;
  readonly advisories: KnownAdvisories;
  /** the same as files */
  readonly files: {
    readonly folder: string;
    readonly judgement: string;
    readonly registryKey: string;
    readonly advisories: string;
    /** of somebody who may pull */
    readonly password: string;
  };
  /** The instant at which all are asked: it does not pass. */
  readonly now: () => Date;
  /** Whether somebody who may only pull gets the image. */
  isServed(repository: string): Promise<boolean>;
  close(): Promise<void>;
}

export const reader = { name: 'reader', password: 'password-of-reader' };
/** May read what is held, so that whatever was pushed already is seen as there. */
const pusher = { name: 'pusher', password: 'password-of-pusher' };
export const platform = 'linux/amd64';

/** Starts both registries, fills them, and waits until every image was judged. */
export async function openSetting(): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-one-verdict-'));
  const own = [combinations(), indexes(), exceptions(), said()];
  const families = [...own, await evidence(folder), await custody(folder)];
  const cases = families.flatMap((family) => family.cases);
  const plain = await startDockerRegistry();
  const clock: { stopped?: Date } = {};
  const now = (): Date => clock.stopped ?? new Date();
  const server = await startTestServer(configOf(families), { now });
  const post = async ([path, body]: PolicyRecord | readonly [string, string]): Promise<void> => {
    const { status, text } = await server.call('POST', `/api/v1/${path}`, { as: admin, body });
    if (status !== 200) throw new Error(`${path} ${JSON.stringify(body)}: ${status} ${text}`);
  };
  const lines = osv.map((record) => JSON.stringify(record)).join('\n');
  await post(['advisories', `${lines}\n`]);
  for (const record of families.flatMap(({ before }) => before)) await post(record);
  await fill(cases, server, plain.host);
  for (const record of families.flatMap(({ after }) => after)) await post(record);
  await eachOf(cases, ({ repository }) => judged(server, repository));
  // the instant stays in the future for as long as it takes to put this in force
  clock.stopped = new Date();
  const edge = new Date(Math.ceil(clock.stopped.getTime() / 1000) * 1000 + 10_000);
  for (const record of families.flatMap(({ at }) => at?.(edge) ?? [])) await post(record);
  const judgement = Buffer.from((await server.call('GET', '/api/v1/judgement', { as: admin })).text);
  const registryKey = (await server.call('GET', '/api/v1/registry/key')).text;
  const files = {
    folder,
    judgement: join(folder, 'judgement.json'),
    registryKey: join(folder, 'registry.pub'),
    advisories: join(folder, 'osv.jsonl'),
    password: join(folder, 'password'),
  };
  await writeFile(files.judgement, judgement);
  await writeFile(files.registryKey, registryKey);
  await writeFile(files.advisories, lines);
  await writeFile(files.password, reader.password);
  const advisories: Advisory[] = osv.map((record) => parseOsv(record));
  await pause(Math.max(0, edge.getTime() - Date.now()));
  clock.stopped = edge;
  return {
    server,
    plain: plain.host,
    cases: new Map(cases.map((one) => [one.repository, one])),
    judgement: await readFile(files.judgement),
    registryKey,
    advisories: { records: () => advisories },
    files,
    now,
    async isServed(repository) {
      const as = `${reader.name}:${reader.password}`;
      return (await server.call('GET', `/v2/${repository}/manifests/v1`, { as })).status === 200;
    },
    async close() {
      await server[Symbol.asyncDispose]();
      await plain.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(families: readonly Family[]): object {
  const lists = new Map<string, object[]>();
  for (const { config } of families)
    for (const [name, list] of Object.entries(config)) lists.set(name, [...(lists.get(name) ?? []), ...list]);
  return {
    registry: { identity },
    inspection: { concurrency: 2 },
    users: [
      { ...reader, rights: [{ repositories: '**', actions: ['pull'] }] },
      { ...pusher, rights: [{ repositories: '**', actions: ['pull', 'push', 'sign'] }] },
    ],
    probes: { run: families.flatMap(({ probes = [] }) => probes) },
    ...Object.fromEntries(lists),
  };
}

/** Pushes all images into both registries. */
async function fill(cases: readonly Case[], server: TestServer, plain: string): Promise<void> {
  const credentials = { username: pusher.name, password: pusher.password };
  await using sessions = new AsyncDisposableStack();
  const targets = [
    new RegistrySession(server.address, { credentials, insecure: true }),
    new RegistrySession(plain, { insecure: true }),
  ];
  for (const session of targets) sessions.defer(() => session.close());
  await eachOf(cases, async ({ push }) => {
    await Promise.all(targets.map((session) => push(session)));
  });
}

/** Some at a time, in their order. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

/** Asks now and then: whoever asks all the time keeps the server from judging. */
async function judged(server: TestServer, repository: string): Promise<void> {
  const path = `/api/v1/verdict?repository=${repository}&reference=v1`;
  for (;;) {
    const { text } = await server.call('GET', path, { as: admin });
    // What nobody runs here stays undecided.
    if (!text.replaceAll('not checked yet: the probe', '').includes('not checked yet')) return;
    await pause(500);
  }
}
