import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, layerOf } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, until, visitor, type Visitor } from '../harness/registry-client.ts';

interface Imported {
  readonly read: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly imagesTouched: number;
  readonly refused: ReadonlyArray<{ readonly origin: string; readonly message: string }>;
}

interface Entry {
  readonly action: string;
  readonly repository: string | null;
  readonly digest: string | null;
  readonly outcome: string;
  readonly detail?: { readonly before?: string | null; readonly routines?: readonly string[] };
}

const reader = { name: 'reader', password: 'reads-and-nothing-else' };

/** An advisory about versions of an npm package below a fixed one. */
function advisory(id: string, name: string, fixed: string, more: object = {}): object {
  const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }];
  return {
    id,
    modified: '2026-01-01T00:00:00Z',
    published: '2026-01-01T00:00:00Z',
    summary: `${name} does what it should not`,
    affected: [{ package: { ecosystem: 'npm', name }, ranges }],
    ...more,
  };
}

describe('news about packages', () => {
  let folder: string;
  let product: Product;
  let admin: Visitor;
  let anyone: Visitor;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'news-'));
    product = await startProduct({
      folder,
      config: {
        namespaces: [
          { name: 'strict', gate: 'hold' },
          { name: 'open', gate: 'warn' },
        ],
        users: [{ ...reader, rights: [{ repositories: '**', actions: ['pull', 'push'] }] }],
      },
    });
    admin = visitor(product.url, { name: product.user, password: product.password });
    anyone = visitor(product.url, reader);
    await importAll(advisory('TEST-0', 'in-no-image', '2.0.0'));
  });
  afterAll(async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (...records: readonly unknown[]): string =>
    records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n');

  async function importAll(...records: readonly unknown[]): Promise<Imported> {
    const { status, json } = await admin.post<Imported>('advisories', lines(...records));
    expect([status, json]).toEqual([200, expect.anything()]);
    return json;
  }

  async function pushWith(repository: string, name: string, version: string): Promise<string> {
    const layer = layerOf({
      name: `app/node_modules/${name}/package.json`,
      body: JSON.stringify({ name, version, license: 'MIT' }),
    });
    const digest = await admin.push(repository, imageOf([layer]), 'v1');
    await checkedVerdict(anyone, repository, digest);
    return digest;
  }

  const statusOf = async (repository: string): Promise<number> =>
    (await anyone.send('GET', `/v2/${repository}/manifests/v1`)).status;

  /** What the audit log says of verdicts in a repository, oldest first. */
  async function verdictsOf(repository: string): Promise<Entry[]> {
    const { json } = await admin.api<{ entries: Entry[] }>('audit', { action: 'verdict', repository });
    return json.entries.toReversed();
  }

  it('change the verdicts of exactly the images that they touch, at once, and the log says so', async () => {
    const digest = await pushWith('strict/left', 'left', '1.0.0');
    await pushWith('strict/right', 'right', '1.0.0');
    expect([await statusOf('strict/left'), await statusOf('strict/right')]).toEqual([200, 200]);
    const others = await verdictsOf('strict/right');

    expect(await importAll(advisory('TEST-L', 'left', '1.0.1'))).toMatchObject({ new: 1, imagesTouched: 1 });
    expect([await statusOf('strict/left'), await statusOf('strict/right')]).toEqual([403, 200]);
    const { reasons } = await checkedVerdict(anyone, 'strict/left', 'v1');
    expect(reasons[0]!.message).toMatch(/left 1\.0\.0 has TEST-L .*fixed in 1\.0\.1/);
    const told = (await verdictsOf('strict/left')).at(-1);
    expect(told).toMatchObject({
      digest,
      outcome: 'hold',
      detail: { routines: ['no-fixable-vulnerabilities'] },
    });
    expect(await verdictsOf('strict/right')).toEqual(others);

    // withdrawn, or fixed in a version that the image has: it opens again
    const weaker = advisory('TEST-L', 'left', '1.0.0', { modified: '2026-01-02T00:00:00Z' });
    expect(await importAll(weaker)).toMatchObject({ changed: 1, imagesTouched: 1 });
    expect(await statusOf('strict/left')).toBe(200);
    const reopened = await until(
      async () => (await verdictsOf('strict/left')).find((entry, at) => at > 1 && entry.outcome === 'allow'),
      'the entry of the verdict',
    );
    expect(reopened.digest).toBe(digest);
    expect(await verdictsOf('strict/right')).toEqual(others);
  });

  it('that are only worded anew, or are about no image, cause no work', async () => {
    await pushWith('strict/worded', 'worded', '1.0.0');
    await importAll(advisory('TEST-W', 'worded', '2.0.0'));
    expect(await statusOf('strict/worded')).toBe(403);
    const before = await verdictsOf('strict/worded');
    const again = advisory('TEST-W', 'worded', '2.0.0', {
      modified: '2026-02-02T00:00:00Z',
      details: 'in other words',
    });
    expect(await importAll(again, advisory('TEST-N', 'nowhere', '1.0.0'))).toMatchObject({
      changed: 1,
      new: 1,
      imagesTouched: 0,
    });
    expect(await importAll(again)).toMatchObject({ unchanged: 1, imagesTouched: 0 });
    expect(await verdictsOf('strict/worded')).toEqual(before);
  });

  it('are taken from administrators only', async () => {
    const record = lines(advisory('TEST-X', 'left', '9.0.0'));
    const state = async () => (await admin.api<object>('advisories')).json;
    const before = await state();
    expect((await anyone.post('advisories', record)).status).toBe(403);
    expect((await visitor(product.url).post('advisories', record)).status).toBe(401);
    const token = await admin.send('GET', '/auth/token?scope=repository:strict/left:pull,push,delete');
    const bearer = visitor(product.url, JSON.parse(token.body.toString()) as { token: string });
    expect((await bearer.post('advisories', record)).status).toBe(403);
    expect(await state()).toEqual(before);
  });

  it('that are broken are told, and the rest goes in', async () => {
    await pushWith('strict/beside', 'beside', '1.0.0');
    const report = await importAll(
      '{"id":"TEST-B1","affected":5}',
      'no JSON at all',
      advisory('TEST-B2', 'beside', '1.5.0'),
      { id: 'TEST-B3', modified: 'whenever', affected: [] },
    );
    expect(report).toMatchObject({ read: 4, new: 1, imagesTouched: 1 });
    expect(report.refused.map(({ message }) => message).join('\n')).toMatch(/TEST-B1[^]*TEST-B3/);
    expect(report.refused).toHaveLength(3);
    expect(await statusOf('strict/beside')).toBe(403);
  });

  it('of malicious packages hold at once, also where the gate only warns', async () => {
    await pushWith('open/evil', 'evil', '4.4.2');
    await pushWith('open/weak', 'weak', '1.0.0');
    const malicious = {
      id: 'MAL-2026-1',
      modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem: 'npm', name: 'evil' }, versions: ['4.4.2'] }],
    };
    await importAll(malicious, advisory('TEST-V', 'weak', '2.0.0'));
    expect([await statusOf('open/evil'), await statusOf('open/weak')]).toEqual([403, 200]);
    expect((await anyone.send('GET', '/v2/open/evil/manifests/v1')).message).toMatch(
      /contains the malicious package evil 4\.4\.2 \(MAL-2026-1\)/,
    );
  });

  it.skipIf(process.env['WHARFINGER_TEST_DATA'] === undefined)('hold a real malicious release', async () => {
    await pushWith('open/debug', 'debug', '4.4.2');
    expect(await statusOf('open/debug')).toBe(200);
    const file = join(process.env['WHARFINGER_TEST_DATA']!, 'osv/malicious-sample.jsonl.gz');
    await importAll(gunzipSync(readFileSync(file)).toString().trimEnd());
    expect(await statusOf('open/debug')).toBe(403);
  });
});
