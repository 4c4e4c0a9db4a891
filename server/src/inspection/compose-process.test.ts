import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import {
  configOf,
  debianRelease,
  dpkgStatus,
  layerOf,
  manifestOf,
  readBytes,
} from '@wharfinger/lib/inspect/layer-fixture';
import { packInventory } from '@wharfinger/lib/inspect/packed-json';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { composeInProcess, type ComposedImage, type ComposeLimits } from './compose-process.ts';

const MiB = 1024 ** 2;
const limits: ComposeLimits = { memory: 512 * MiB, seconds: 60 };

const base = await readBytes(
  layerOf({
    'etc/os-release': debianRelease,
    'var/lib/dpkg/status': dpkgStatus({ curl: '7.88.1-10', 'base-files': '12.4+deb12u5' }),
  }),
);
const application = await readBytes(
  layerOf(
    { 'app/node_modules/b/package.json': '{"name":"b","version":"1"}', 'var/lib/dpkg/.wh.status': '' },
    { name: 'loop', flag: '2', link: 'loop' },
  ),
);

/** Composes these layers in a process; `packed` stands for what the first of them is packed as. */
function compose(
  layers: readonly LayerInventory[],
  more: Partial<ComposeLimits> = {},
  packed?: Uint8Array,
): Promise<ComposedImage> {
  async function* source(): AsyncGenerator<readonly [Digest, Uint8Array]> {
    for (const [at, layer] of layers.entries()) {
      yield [layer.digest, at === 0 && packed ? packed : packInventory(layer)];
    }
  }
  const manifest = manifestOf(layers.map(({ digest }) => digest));
  const config = configOf(layers.map(({ diffId }) => diffId));
  return composeInProcess({ manifest, config, layers: source }, { ...limits, ...more });
}

/** What an image is that nobody could compose. */
function unknown(code: string): object {
  return {
    complete: false,
    packages: [],
    problems: [{ code, hides: true }],
    layers: [{ digest: base.digest, content: 'filesystem' }],
  };
}

/** The inventory of a layer with this many packages. */
function populous(packages: number): LayerInventory {
  const names = Array.from({ length: packages }, (_, at) => `package-${at}-${(at * 7919).toString(36)}`);
  const [record] = base.records.filter(({ kind }) => kind === 'dpkg');
  const list = names.map((name) => ({ name, version: '1', source: name, sourceVersion: '1' }));
  const records = [...base.records.filter((one) => one !== record), { ...record, packages: list }];
  return { ...base, records: records as LayerInventory['records'] };
}

describe('composing in a process', () => {
  it.each([
    ['one layer', [base]],
    ['several', [base, application]],
    ['one layer twice', [base, application, base]],
    ['no layers', []],
  ])('gives what composing gives, for %s', async (_what, layers) => {
    const expected = composeImage(
      manifestOf(layers.map(({ digest }) => digest)),
      configOf(layers.map(({ diffId }) => diffId)),
      new Map(layers.map((layer) => [layer.digest, layer])),
    );
    const { inventory, bytes } = await compose(layers);
    expect(inventory).toEqual(expected);
    expect(bytes).toEqual(packInventory(expected));
  });

  it('knows layers and a config that are not there', async () => {
    const manifest = manifestOf([base.digest, application.digest]);
    async function* source(): AsyncGenerator<readonly [Digest, Uint8Array]> {
      yield [base.digest, packInventory(base)];
    }
    const { inventory } = await composeInProcess({ manifest, config: undefined, layers: source }, limits);
    expect(inventory).toEqual(composeImage(manifest, undefined, new Map([[base.digest, base]])));
    expect(inventory.problems.map(({ code }) => code)).toContain('missing-part');
  });

  it('does not know an image that takes too much memory', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(900 * MiB, '{'));
    expect((await compose([base], {}, bomb)).inventory).toMatchObject(unknown('out-of-memory'));
    const heap = zstdCompressSync(`[${'{"a":[]},'.repeat(10_000_000)}1]`);
    expect((await compose([base], {}, heap)).inventory).toMatchObject(unknown('out-of-memory'));
  });

  it('does not know an image that makes it crash', async () => {
    for (const packed of [Buffer.from('junk'), packInventory([1]), packInventory(application)]) {
      const { inventory, bytes } = await compose([base], {}, packed);
      expect(inventory).toMatchObject(unknown('crashed'));
      expect(bytes).toBeUndefined();
    }
  });

  it('does not know an image that takes too long', async () => {
    async function* never(): AsyncGenerator<readonly [Digest, Uint8Array]> {
      yield [base.digest, packInventory(base)];
      await new Promise(() => {});
    }
    const input = { manifest: manifestOf([base.digest]), config: undefined, layers: never };
    const { inventory } = await composeInProcess(input, { ...limits, seconds: 1 });
    expect(inventory).toMatchObject(unknown('timeout'));
  });

  it('leaves out what is too long to be described, for good', async () => {
    const large = populous(20_000);
    expect((await compose([large])).inventory.packages).toHaveLength(20_000);
    const { inventory, bytes } = await compose([large], { answer: MiB });
    expect(inventory).toMatchObject(unknown('too-large'));
    expect(bytes).toEqual(packInventory(inventory));
  });

  it('does not know an image whose description is not one', async () => {
    const odd = { ...base, compression: 'lzma' } as unknown as LayerInventory;
    expect((await compose([odd])).inventory).toMatchObject(unknown('crashed'));
  });

  it('throws what fetching the layers throws, and why it is told to end', async () => {
    async function* failing(): AsyncGenerator<readonly [Digest, Uint8Array]> {
      yield [base.digest, packInventory(base)];
      throw new Error('disk on fire');
    }
    const input = { manifest: manifestOf([base.digest]), config: undefined, layers: failing };
    await expect(composeInProcess(input, limits)).rejects.toThrow('disk on fire');

    const abort = new AbortController();
    async function* aborting(): AsyncGenerator<readonly [Digest, Uint8Array]> {
      abort.abort(new Error('shutting down'));
      yield [base.digest, packInventory(base)];
    }
    const ended = composeInProcess({ ...input, layers: aborting }, { ...limits, signal: abort.signal });
    await expect(ended).rejects.toThrow('shutting down');
  });
});
