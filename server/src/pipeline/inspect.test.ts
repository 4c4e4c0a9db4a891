import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { configOf, paxBody, tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { imageOfParts, push, pushChecked, type SmallImage } from '../testing/pushed-image.ts';
import { admin, startTestServer, until, type TestServer } from '../testing/running-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** An image that takes as much work to compose as is ever done: thousands of links, each through hundreds of folders. */
function laboriousImage(): SmallImage {
  const target = { name: 'x', flag: 'x', body: paxBody([['linkpath', 'a/../'.repeat(700)]]) };
  const links = Array.from({ length: 20_000 }, (_, at) => [target, { name: `l${at}`, flag: '2', link: '' }]);
  const archive = tarOf(...links.flat());
  const layer = Buffer.from(gzipSync(archive));
  const config = Buffer.from(configOf([digestOf(archive)]));
  return imageOfParts(config, layer);
}

/** The process that composes an image for this one, if there is one now. */
function composingProcess(): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
        return (
          Number(parent) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('compose-entry')
        );
      } catch {
        return false;
      }
    });
}

async function inventoryOf(repository: string, digest: string): Promise<ImageInventory | null> {
  const path = `/api/v1/images?repository=${repository}&reference=${digest}`;
  return (await server.call('GET', path, { as: admin })).json().inventory as ImageInventory | null;
}

function codes(inventory: ImageInventory | null): string[] | undefined {
  return inventory?.problems.filter(({ hides }) => hides).map(({ code }) => code);
}

describe.skipIf(process.platform !== 'linux')('an image that takes long to compose (found in /proc)', () => {
  it('leaves the server answering, is not known when composing it crashed, and is tried again', async () => {
    const other = await pushChecked(server, 'other', 'latest');
    const image = laboriousImage();
    expect(await push(server, image, 'hostile', 'latest')).toBe(201);
    let composing: number | undefined;
    await until(async () => (composing = composingProcess()) !== undefined);
    // however long the answers take, it is not done before them
    process.kill(composing!, 'SIGSTOP');

    const ready = await server.call('GET', '/readyz');
    const pull = await server.call('GET', `/v2/other/manifests/${other.digest}`, { as: admin });
    expect([ready.status, pull.status]).toEqual([200, 200]);
    expect(composingProcess()).toBe(composing);
    expect(await inventoryOf('hostile', image.digest)).toBeNull();

    process.kill(composing!, 'SIGKILL');
    await until(async () => (await inventoryOf('hostile', image.digest)) !== null);
    const crashed = await inventoryOf('hostile', image.digest);
    expect(crashed).toMatchObject({ complete: false, packages: [], layers: [{ content: 'filesystem' }] });
    expect(codes(crashed)).toEqual(['crashed']);
    const path = `/api/v1/images?repository=hostile&reference=${image.digest}`;
    const { kind, verdict } = JSON.parse((await server.call('GET', path, { as: admin })).text);
    expect(kind).toBe('image');
    expect(verdict.outcome).not.toBe('allow');

    expect(await push(server, image, 'hostile', 'latest')).toBe(201);
    await until(async () => !codes(await inventoryOf('hostile', image.digest))!.includes('crashed'));
    expect(codes(await inventoryOf('hostile', image.digest))).toContain('too-many-entries');
  });
});

describe('layers', () => {
  it('that could not be read for a passing reason are read again with the next push', async () => {
    await using tight = await startTestServer({ inspection: { memory: '64MiB' } });
    const image = await pushChecked(tight, 'a', 'latest', { packages: { left: '1.0.0' } });
    const path = `/api/v1/images?repository=a&reference=${image.digest}`;
    const before = (await tight.call('GET', path, { as: admin })).json().inventory as ImageInventory;
    expect(before.complete).toBe(false);
    const codes = before.problems.map(({ code }) => code);
    expect(codes).not.toEqual([]);
    expect(['out-of-memory', 'crashed']).toEqual(expect.arrayContaining(codes));

    await tight.restart({});
    expect(await push(tight, image, 'a', 'latest')).toBe(201);
    const inventory = async () =>
      (await tight.call('GET', path, { as: admin })).json().inventory as ImageInventory;
    await until(async () => (await inventory()).complete);
    expect((await inventory()).packages).toMatchObject([{ name: 'left', version: '1.0.0' }]);
  });
});
