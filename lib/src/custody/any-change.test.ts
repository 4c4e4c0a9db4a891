import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleMediaType } from '../signing/bundle.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import {
  addImage,
  addManifest,
  appConfig,
  appLayers,
  approveApp,
  attach,
  keyOf,
  layout,
  makeChain,
  period,
  registry,
  trustSet,
  walk,
  type Built,
  type Chain,
  type World,
} from './custody.fixtures.ts';
import { makeLayerLink } from './make/make-link.ts';
import type { CustodyReport } from './report.ts';
import type { LayerLink } from './statements/layer-link.ts';

let chain: Chain;
let whole: CustodyReport;
beforeAll(async () => {
  chain = await makeChain();
  whole = await walk(chain.world, chain.app.image);
});

const links = ['base', 'node', 'app'] as const;

function copyOf(world: World): World {
  return {
    manifests: new Map(world.manifests),
    blobs: new Map(world.blobs),
    attached: new Map(world.attached),
    measured: new Map(world.measured),
    now: world.now,
  };
}

/** All that is attached to images of the chain. */
function evidence(): Array<{ key: string; carrier: Digest }> {
  return [...chain.world.attached].flatMap(([key, listed]) =>
    listed.map(({ digest }) => ({ key, carrier: digest })),
  );
}

/** What a report says, but for the manifests that carry its evidence. */
function said(report: CustodyReport) {
  const carriers = ['evidence', 'ignored'];
  return JSON.stringify(report, (name, value: unknown) => (carriers.includes(name) ? undefined : value));
}

describe('a chain does not stand', () => {
  test('without any one of its statements', async () => {
    for (const { key, carrier } of evidence()) {
      const world = copyOf(chain.world);
      world.attached.set(
        key,
        world.attached.get(key)!.filter(({ digest }) => digest !== carrier),
      );
      const report = await walk(world, chain.app.image);
      expect([carrier, report.complete]).toEqual([carrier, false]);
    }
    expect(whole.complete).toBe(true);
  });

  test('with any bit of a signed document changed, unless it says the same by the same signer', async () => {
    expect.hasAssertions();
    const all = evidence();
    await fc.assert(
      fc.asyncProperty(fc.nat(all.length - 1), fc.nat(), fc.nat(7), async (which, at, bit) => {
        const { key, carrier } = all[which]!;
        const world = copyOf(chain.world);
        const repository = key.split(' ')[0]!;
        const manifest = JSON.parse(
          Buffer.from(world.manifests.get(`${repository}@${carrier}`)!.bytes).toString(),
        ) as {
          layers: Array<{ digest: Digest; size: number }>;
        };
        const bytes = Buffer.from(world.blobs.get(manifest.layers[0]!.digest)!);
        bytes[at % bytes.length]! ^= 1 << bit;
        // whoever keeps the registry makes all digests fit
        const digest = digestOf(bytes);
        world.blobs.set(digest, bytes);
        const wrapped = { ...manifest, layers: [{ ...manifest.layers[0], digest }] };
        const descriptor = addManifest(world, repository, { mediaType: mediaTypes.ociManifest, ...wrapped });
        const others = world.attached.get(key)!.filter((one) => one.digest !== carrier);
        world.attached.set(key, [...others, { ...descriptor, artifactType: bundleMediaType }]);
        const report = await walk(world, chain.app.image);
        expect(report.complete ? said(report) : said(whole)).toBe(said(whole));
      }),
      { numRuns: 400 },
    );
  });

  test('with any bit of a manifest or config changed', async () => {
    expect.hasAssertions();
    const images = links.map((name) => chain[name].image);
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.boolean(), fc.nat(), fc.nat(7), async (which, config, at, bit) => {
        const { repository, digest, configDigest } = images[which]!;
        const world = copyOf(chain.world);
        const key = `${repository}@${digest}`;
        const fetched = world.manifests.get(key)!;
        const bytes = Buffer.from(config ? world.blobs.get(configDigest)! : fetched.bytes);
        bytes[at % bytes.length]! ^= 1 << bit;
        if (config) world.blobs.set(configDigest, bytes);
        else world.manifests.set(key, { ...fetched, bytes });
        expect((await walk(world, chain.app.image)).complete).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('with any one key of its signers another', async () => {
    for (const name of ['base-key', 'node-key', 'app-key', 'alice-key', 'bob-key']) {
      const trust = trustSet();
      const signers = trust.signers.map((signer) =>
        signer.name === name ? { ...signer, pem: keyOf('stranger-key').publicPem } : signer,
      );
      const report = await walk(chain.world, chain.app.image, { trust: { ...trust, signers } });
      expect([name, report.complete]).toEqual([name, false]);
    }
  });

  test('with two stages of the layout in another order', async () => {
    for (const [left, right] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const stages = [...layout.stages];
      [stages[left], stages[right]] = [stages[right]!, stages[left]!];
      expect((await walk(chain.world, chain.app.image, { layout: { ...layout, stages } })).complete).toBe(
        false,
      );
    }
  });
});

/** Paths of all that is no object and no list, and of empty lists. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const entries = Object.entries(value);
  return entries.length === 0
    ? [[...path]]
    : entries.flatMap(([name, inner]) => leaves(inner, [...path, name]));
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const inner = (value as Record<string, unknown>)[name];
  const changed = replaced(inner, rest, by);
  return Array.isArray(value) ? value.with(Number(name), changed) : { ...(value as object), [name]: changed };
}

function leafAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, name) => (inner as Record<string, unknown>)[name], value);
}

/** Something of the same kind, so that the form stays right and only what is said is another. */
function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (value === null) return digestOf('another');
  if (typeof value !== 'string') return ['another'];
  if (value.startsWith('sha256:')) return digestOf(value);
  return value === 'add' ? 'remove' : `${value}x`;
}

/** How long it is in force, and how a layer came about, may be told otherwise: nothing is decided by the one, and renewals change the other. */
const free = /^(?:notBefore|notAfter|added\.\d+\.createdBy)$/;

test.each(links)('the team itself cannot say anything else of %s than what is true', async (name) => {
  const { link } = chain[name];
  const paths = leaves(link).filter((path) => !free.test(path.join('.')));
  expect(paths.length).toBeGreaterThan(15);
  for (const path of paths) {
    const changed = (told: LayerLink) => replaced(told, path, another(leafAt(told, path))) as object;
    const lied = await makeChain({
      [name]: (world: World, image: Built['image'], ...below: Built[]) => {
        const [parent] = below;
        const kept = { image: parent?.image, link: parent?.signed.payloadDigest, seq: parent?.link.seq };
        const told = makeLayerLink({
          image,
          registry,
          team: link.team,
          ...period,
          ...(parent === undefined ? {} : { parent: kept as never }),
        });
        const predicate = changed(told);
        const key = { base: 'base-key', node: 'node-key', app: 'app-key' }[name];
        const signed = attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, key);
        return { image, link: told, signed };
      },
    });
    const report = await walk(lied.world, lied.app.image);
    expect([path, report.complete]).toEqual([path, false]);
  }
});

test('no order, loss or addition among layers of others passes, whatever the team above signs', async () => {
  expect.hasAssertions();
  const order = fc.oneof(
    fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
    fc
      .tuple(fc.nat(6), fc.constantFrom(0, 3, 6))
      .map(([at, extra]) => [0, 1, 2, 3, 4, 5].toSpliced(at, 0, extra)),
  );
  await fc.assert(
    fc.asyncProperty(order, async (places) => {
      const contents = [...appLayers, { content: 'evil' }];
      const untouched = places.slice(0, 4).join() === '0,1,2,3';
      const world = copyOf(chain.world);
      const { node } = chain;
      const image = await addImage(world, 'prod/api', {
        layers: places.map((place) => contents[place]!),
        config: appConfig,
      });
      const told = makeLayerLink({ image, registry, team: 'payments/app', kind: 'origin', ...period });
      const predicate = {
        ...told,
        seq: 2,
        kind: places.length > 4 ? ('extend' as const) : ('config-only' as const),
        parent: {
          manifest: node.image.digest,
          repository: 'runtime/node',
          layerCount: 4,
          chainId: node.image.chainIds.at(-1)!,
        },
        prev: node.signed.payloadDigest,
        added: told.added.slice(4),
        configDelta: [
          { op: 'add', path: '/Entrypoint', value: ['/app'] },
          { op: 'add', path: '/WorkingDir', value: '/srv' },
        ],
      };
      const signed = attach(world, image, { predicateType: predicateTypes.layerLink, predicate }, 'app-key');
      approveApp(world, { image, link: told, signed });
      const report = await walk(world, image);
      const named = report.problems.some(({ code }) => /^(?:base-|squash-)/.test(code));
      expect([report.complete, named]).toEqual([untouched, !untouched]);
    }),
    { numRuns: 150 },
  );
});
