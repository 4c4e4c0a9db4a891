import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { freePort } from '../../lib/src/client/testing/free-port.ts';
import { imageOf, layerOf } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, until, visitor, type Visitor } from '../harness/registry-client.ts';

const record = (id: string, name: string): string =>
  JSON.stringify({
    id,
    modified: '2026-01-01T00:00:00Z',
    aliases: ['CVE-2026-0011'],
    affected: [
      { package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] },
    ],
  });

describe('advisories that are carried to a registry without a network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carried-'));
  const at = (name: string): string => join(folder, name);
  let product: Product;
  let admin: Visitor;

  const run = (...given: string[]): Promise<Ran> => wharf(given, { environment: { HOME: folder }, folder });
  async function must<T = object>(...given: string[]): Promise<T> {
    const { code, output, error } = await run(...given, '--json');
    if (code !== 0) throw new Error(`wharf ${given.join(' ')}: ${error}${output}`);
    return JSON.parse(output) as T;
  }

  beforeAll(async () => {
    for (const name of ['feeds', 'other', 'third']) {
      const made = await wharf(['key', 'generate', '--output-key-prefix', at(name)], {
        environment: { HOME: folder, COSIGN_PASSWORD: '' },
        folder,
      });
      if (made.code !== 0) throw new Error(made.error);
    }
    const port = await freePort();
    const source = (name: string): string => `oci://127.0.0.1:${port}/public/${name}:latest`;
    const signedBy = { keys: [{ name: 'feeds', file: at('feeds.pub') }] };
    product = await startProduct({
      folder,
      port,
      config: {
        namespaces: [{ name: 'public', class: 'public' }],
        advisories: {
          feeds: [
            { name: 'carried', source: source('advisories'), signedBy },
            { name: 'exploited', kind: 'kev', source: source('kev'), signedBy },
          ],
        },
      },
    });
    admin = visitor(product.url, { name: product.user, password: product.password });
    await wharf(['login', product.host, '-u', product.user, '--password-stdin'], {
      environment: { HOME: folder },
      input: product.password,
    });
  });
  afterAll(async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = { COSIGN_PASSWORD: '' };
  async function push(file: string, repository: string, key: string, ...more: string[]): Promise<Ran> {
    const reference = `${product.host}/public/${repository}:latest`;
    return wharf(['advisories', 'push', file, reference, '--key', at(`${key}.key`), ...more], {
      environment: { HOME: folder, ...environment },
      folder,
    });
  }
  /** Has a feed updated, and gives what it says then. */
  async function updated(name: string): Promise<{ error?: string; counts?: object }> {
    const asked = new Date().toISOString();
    await must('advisories', 'update', name, '--server', product.host);
    return until(async () => {
      const { code, output } = await run('advisories', 'feeds', '--server', product.host, '--json');
      const { feeds } = JSON.parse(output) as {
        feeds: Array<{ name: string; tried?: string; error?: string }>;
      };
      expect(code).toBe(feeds.some(({ error }) => error !== undefined) ? 1 : 0);
      const feed = feeds.find((one) => one.name === name)!;
      return feed.tried !== undefined && feed.tried >= asked ? feed : undefined;
    }, `the feed ${name}`);
  }

  it('are packed, pushed, signed, and taken in by who trusts the key', async () => {
    const layer = layerOf({
      name: 'app/node_modules/left/package.json',
      body: JSON.stringify({ name: 'left', version: '1.0.0' }),
    });
    const digest = await admin.push('team/app', imageOf([layer]), 'v1');
    await checkedVerdict(admin, 'team/app', digest);
    writeFileSync(at('a.jsonl'), `${record('A-1', 'left')}\n${record('A-2', 'right')}\n`);
    const packed = await must('advisories', 'pack', 'a.jsonl', '-o', 'set.jsonl.gz');
    expect(packed).toMatchObject({ output: 'set.jsonl.gz', records: 2 });
    const again = await must('advisories', 'pack', 'a.jsonl', '-o', 'again.jsonl.gz');
    expect(again).toMatchObject({ records: 2 });
    expect(readFileSync(at('again.jsonl.gz')).equals(readFileSync(at('set.jsonl.gz')))).toBe(true);

    expect(await push('set.jsonl.gz', 'advisories', 'other')).toMatchObject({ code: 0 });
    expect((await updated('carried')).error).toMatch(/signed by none of the keys/);
    expect(await push('set.jsonl.gz', 'advisories', 'feeds')).toMatchObject({ code: 0 });
    expect(await updated('carried')).toMatchObject({ counts: { read: 2, new: 2 } });

    const kev = { vulnerabilities: [{ cveID: 'CVE-2026-0011', dateAdded: '2026-01-05' }] };
    writeFileSync(at('kev.json.gz'), gzipSync(JSON.stringify(kev)));
    expect(await push('kev.json.gz', 'kev', 'feeds', '--kind', 'kev')).toMatchObject({ code: 0 });
    expect(await updated('exploited')).toMatchObject({ counts: { new: 1 } });
    const { json } = await admin.api<{ facts: { findings: object[] } }>('images', {
      repository: 'team/app',
      reference: digest,
    });
    expect(json.facts.findings).toMatchObject([
      { advisory: 'CVE-2026-0011', exploited: { added: '2026-01-05T00:00:00.000Z' } },
    ]);
  });

  it('are fetched from a registry only where who is trusted has signed them', async () => {
    const reference = `${product.host}/public/advisories:latest`;
    const refused = await run('advisories', 'pull', reference, '--key', at('third.pub'), '-o', 'x.gz');
    expect(refused.error).toContain('signed by none of the keys');
    expect(refused.code).not.toBe(0);
    const pulled = await must(
      'advisories',
      'pull',
      reference,
      '--key',
      at('feeds.pub'),
      '-o',
      'pulled.jsonl.gz',
    );
    expect(pulled).toMatchObject({ kind: 'osv', signedBy: ['feeds.pub'] });
    expect(readFileSync(at('pulled.jsonl.gz')).equals(readFileSync(at('set.jsonl.gz')))).toBe(true);
  });

  it('that cannot be read whole are neither packed nor pushed', async () => {
    writeFileSync(at('bad.jsonl'), `${record('A-1', 'left')}\n{"id": "A-2", "affected": 1}\n`);
    const packed = await run('advisories', 'pack', 'bad.jsonl', '-o', 'bad.jsonl.gz');
    expect(packed).toMatchObject({ code: expect.any(Number), error: expect.stringContaining('A-2') });
    expect(packed.code).not.toBe(0);
    writeFileSync(at('worse.jsonl.gz'), gzipSync(readFileSync(at('bad.jsonl'))));
    const pushed = await push('worse.jsonl.gz', 'worse', 'feeds');
    expect(pushed.error).toContain('A-2');
    expect(pushed.code).not.toBe(0);
    expect((await push('a.jsonl', 'worse', 'feeds')).error).toContain('is not gzipped');
    expect(
      (await run('advisories', 'pull', `${product.host}/public/worse:latest`, '--unsigned', '-o', 'y')).code,
    ).not.toBe(0);
  });

  it('are kept on this machine too, with what is exploited', async () => {
    await must('advisories', 'import', 'set.jsonl.gz');
    await must('advisories', 'import', 'kev.json.gz', '--kind', 'kev');
    await must('advisories', 'import', 'set.jsonl.gz');
    const { code, output } = await run('findings', `${product.host}/team/app:v1`, '--local', '--json');
    expect([code, JSON.parse(output)]).toMatchObject([
      expect.any(Number),
      {
        judgedBy: 'local',
        findings: [{ advisory: 'CVE-2026-0011', exploited: { added: '2026-01-05T00:00:00.000Z' } }],
      },
    ]);
  });
});
