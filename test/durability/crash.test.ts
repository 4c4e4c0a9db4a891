import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProduct, type Product } from '../harness/product.ts';
import {
  contentOf,
  created,
  manifestOf,
  openClient,
  pushBlob,
  putManifest,
  randomContent,
  type Client,
  type Content,
} from './client.ts';

const rounds = Number(process.env['WHARFINGER_TEST_CRASHES'] ?? 15);
const workers = 6;
const repositories = ['crash/one', 'crash/two'];
const movingTags = ['latest', 'stable'];

/** What the registry has acknowledged, and what it may have done without being able to say so. */
interface Promised {
  readonly blobs: Map<string, { repository: string; digest: string }>;
  readonly manifests: Map<string, { repository: string; digest: string }>;
  /** where each tag may point: its last acknowledged target, and the targets of moves that nobody answered */
  readonly tags: Map<string, { acknowledged: Set<string>; pending: Set<string> }>;
}

describe(`kill -9 under load, ${rounds} times`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'));
  const promised: Promised = { blobs: new Map(), manifests: new Map(), tags: new Map() };
  let product: Product;
  beforeAll(async () => {
    product = await startProduct({ folder });
  });
  afterAll(async () => {
    await product.kill();
    rmSync(folder, { recursive: true });
  });

  it(
    'keeps all that was acknowledged, and moves no tag that was not asked to move',
    { timeout: 60_000 + rounds * 60_000 },
    async () => {
      for (let round = 0; round < rounds; round += 1) {
        const client = openClient(product.host, product.authorization);
        const load = Array.from({ length: workers }, () => pushUntilItFails(client, promised));
        const before = promised.manifests.size;
        const failed = Promise.all(load).then(() => true);
        await pause(randomInt(20, 700));
        // on a busy machine until there is something to lose
        while (promised.manifests.size < before + 2 && !(await Promise.race([failed, pause(20, false)])));
        await product.kill();
        await Promise.all(load);
        client.close();
        product = await startProduct({ folder });
        // the last pushes are what a crash endangers; all of them are looked at again in the end
        const found = await broken(product, promised, round === rounds - 1 ? undefined : 100);
        expect(found, `round ${round}; the product said last: ${product.log().slice(-2000)}`).toEqual([]);
      }
      expect(promised.manifests.size).toBeGreaterThan(rounds);
      expect(promised.blobs.size).toBeGreaterThan(rounds);
    },
  );
});

/** Pushes images until the connection breaks, and notes each acknowledgement the moment it comes. */
async function pushUntilItFails(client: Client, promised: Promised): Promise<void> {
  try {
    for (;;) {
      const repository = repositories[randomInt(repositories.length)]!;
      const config = contentOf(Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [] } })));
      const layers = [randomContent(randomInt(1, 300_000)), randomContent(randomInt(1, 5000))];
      for (const blob of [config, ...layers]) {
        await created(pushBlob(client, repository, blob));
        promised.blobs.set(`${repository} ${blob.digest}`, { repository, digest: blob.digest });
      }
      await pushTagged(client, promised, repository, manifestOf(config, layers));
    }
  } catch (error) {
    if (!isConnectionError(error)) throw error;
  }
}

async function pushTagged(
  client: Client,
  promised: Promised,
  repository: string,
  manifest: Content,
): Promise<void> {
  const tag = movingTags[randomInt(movingTags.length)]!;
  const key = `${repository} ${tag}`;
  const targets = promised.tags.get(key) ?? { acknowledged: new Set(), pending: new Set() };
  promised.tags.set(key, targets);
  targets.pending.add(manifest.digest);
  // moves that are under way at the same time may be recorded in any order: each of them may win
  const before = new Set(targets.acknowledged);
  await created(putManifest(client, repository, tag, manifest));
  promised.manifests.set(`${repository} ${manifest.digest}`, { repository, digest: manifest.digest });
  // what was acknowledged before this move was asked for, this move has replaced
  for (const digest of before) targets.acknowledged.delete(digest);
  targets.pending.delete(manifest.digest);
  targets.acknowledged.add(manifest.digest);
}

function isConnectionError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(String(code));
}

/** What is not as it was promised: of the newest `last` promises, or of all. */
async function broken(product: Product, promised: Promised, last?: number): Promise<string[]> {
  const client = openClient(product.host, product.authorization);
  const found: string[] = [];
  const newest = <Entry>(entries: ReadonlyMap<string, Entry>): Entry[] =>
    [...entries.values()].slice(last === undefined ? 0 : -last);
  for (const [kind, entries] of [
    ['blobs', newest(promised.blobs)],
    ['manifests', newest(promised.manifests)],
  ] as const) {
    for (const { repository, digest } of entries) {
      const { status, body } = await client.send('GET', `/v2/${repository}/${kind}/${digest}`);
      if (status !== 200) found.push(`${kind} ${repository} ${digest}: ${status}`);
      else if (contentOf(body).digest !== digest) found.push(`${kind} ${repository} ${digest}: other bytes`);
    }
  }
  for (const [key, targets] of promised.tags) {
    const [repository, tag] = key.split(' ');
    const { status, headers, body } = await client.send('GET', `/v2/${repository}/manifests/${tag}`);
    const digest = String(headers['docker-content-digest']);
    const mayBe = new Set([...targets.acknowledged, ...targets.pending]);
    const maybeAbsent = targets.acknowledged.size === 0;
    if (status === 404 && maybeAbsent) continue;
    if (status !== 200 || !mayBe.has(digest)) found.push(`tag ${key}: ${status} ${digest}`);
    else if (contentOf(body).digest !== digest) found.push(`tag ${key}: other bytes`);
    // where it points now is where it points; what was under way when the process died will never come
    else promised.tags.set(key, { acknowledged: new Set([digest]), pending: new Set() });
  }
  client.close();
  return found;
}
