import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushChecked } from '../../server/src/testing/pushed-image.ts';
import { admin, adminPassword, callerOf } from '../../server/src/testing/running-server.ts';
import { newPostgresDatabase } from '../../server/src/db/testing/new-database.ts';
import { startProduct, type Product } from '../harness/product.ts';

/** An OSV record about versions of an npm package below 2.0.0. */
const record = (name: string): string =>
  JSON.stringify({
    id: `A-${name}`,
    modified: '2026-01-01T00:00:00Z',
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
      },
    ],
  });

describe('a registry on PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-product-'));
  const feed = join(folder, 'feed.jsonl');
  const config = {
    namespaces: [{ name: 'strict', gate: 'hold' }, { name: 'open' }],
    users: [
      { name: 'reader', password: 'may-only-read', rights: [{ repositories: '**', actions: ['pull'] }] },
    ],
    advisories: { feeds: [{ name: 'ours', source: feed, every: '1s' }] },
  };
  let url: string;
  let product: Product;
  const environment = { WHARFINGER_ADMIN_PASSWORD: adminPassword };
  const start = (): Promise<Product> =>
    startProduct({ folder, config, env: { ...environment, WHARFINGER_DATABASE_URL: url } });
  beforeAll(async () => {
    writeFileSync(feed, `${record('nowhere')}\n`);
    url = await newPostgresDatabase();
    product = await start();
  });
  afterAll(async () => {
    await product.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = callerOf(() => product.host);
  const push = (repository: string, packages: Readonly<Record<string, string>>) =>
    pushChecked({ call }, repository, 'v1', { packages });
  const pulled = async (repository: string): Promise<number> =>
    (await call('GET', `/v2/${repository}/manifests/v1`, { as: 'reader:may-only-read' })).status;
  async function findings(repository: string): Promise<string[]> {
    const path = `/api/v1/images?repository=${repository}&reference=v1`;
    const { text } = await call('GET', path, { as: admin });
    const { facts } = JSON.parse(text) as { facts: { findings?: Array<{ advisory: string }> } };
    return (facts.findings ?? []).map(({ advisory }) => advisory).sort();
  }
  async function publish(...names: readonly string[]): Promise<void> {
    writeFileSync(feed, names.map((name) => `${record(name)}\n`).join(''));
    const { status } = await call('POST', '/api/v1/advisories/feeds/update', {
      as: admin,
      body: { feed: 'ours' },
    });
    expect(status).toBe(200);
  }
  async function until(ask: () => Promise<boolean>): Promise<void> {
    while (!(await ask())) await pause(100);
  }

  test('takes images in, judges and serves them, and again when there are new advisories', async () => {
    await push('strict/app', { left: '1.0.0' });
    await until(async () => (await pulled('strict/app')) === 200);
    expect(await findings('strict/app')).toEqual([]);
    await publish('left', 'nowhere');
    await until(async () => (await findings('strict/app')).length === 1);
    expect(await findings('strict/app')).toEqual(['A-left']);
    // what was committed is seen a moment before the process that did it goes on
    await until(async () => (await pulled('strict/app')) === 403);
    await publish('nowhere');
    await until(async () => (await pulled('strict/app')) === 200);
  });

  test('ends updates that were killed as if nothing had been', async () => {
    const names = Array.from({ length: 3000 }, (_, at) => `package-${at}`);
    await push('open/many', Object.fromEntries(names.slice(0, 400).map((one) => [one, '1.0.0'])));
    await publish(...names);
    for (const wait of [300, 900, 1500]) {
      await pause(wait);
      await product.kill();
      product = await start();
    }
    await until(async () => (await findings('open/many')).length === 400);
    expect(await findings('open/many')).toEqual(
      names
        .slice(0, 400)
        .map((name) => `A-${name}`)
        .sort(),
    );
    await until(async () => (await findings('strict/app')).length === 0);
  });

  test('keeps other processes out, and takes no folder that is not its own', async () => {
    const other = mkdtempSync(join(tmpdir(), 'postgres-other-'));
    const begin = (env: Record<string, string>, at = other): Promise<Product> =>
      startProduct({ folder: at, config, env });
    await expect(begin({ WHARFINGER_DATABASE_URL: url })).rejects.toThrow(/another process uses this data/);
    await product.stop();
    await expect(begin({ WHARFINGER_DATABASE_URL: url })).rejects.toThrow(/are not of one registry/);
    await expect(begin({ WHARFINGER_DATABASE_URL: await newPostgresDatabase() }, folder)).rejects.toThrow(
      /are not of one registry/,
    );
    await expect(begin({}, folder)).rejects.toThrow(/belongs to a PostgreSQL database/);
    rmSync(other, { recursive: true, force: true });
    product = await start();
    expect(await pulled('strict/app')).toBe(200);
  });

  test('stops when the database lets another process in', async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = $1 and granted`,
      [4_861_203_979 % 2 ** 32],
    );
    await client.end();
    expect(await product.ended).toBe(1);
    expect(product.log()).toContain('this one stops');
    product = await start();
    expect(await pulled('strict/app')).toBe(200);
  });
});
