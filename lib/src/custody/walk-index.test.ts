import { expect, test } from 'vitest';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import {
  addImage,
  addManifest,
  appConfig,
  appLayers,
  approveApp,
  assemble,
  codesOf,
  linkApp,
  makeChain,
  walk,
  type Chain,
} from './custody.fixtures.ts';
import type { CustodyProblemCode } from './problem.ts';
import { ancestorsOf } from './report.ts';

const linux = { os: 'linux', architecture: 'amd64' };
const unknown = { os: 'unknown', architecture: 'unknown' };

function index(world: Chain['world'], manifests: readonly object[]) {
  return addManifest(world, 'prod/api', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

function child(image: Chain['app']['image'], platform: object = linux) {
  return { mediaType: mediaTypes.ociManifest, digest: image.digest, size: 1, platform };
}

/** What BuildKit attaches as a child. */
function attestation(world: Chain['world'], layerType = 'application/vnd.in-toto+json') {
  const blob = { digest: digestOf('statement'), size: 9 };
  return {
    ...addManifest(world, 'prod/api', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...blob },
      layers: [{ mediaType: layerType, ...blob }],
    }),
    platform: unknown,
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
  };
}

const amd64 = 'linux/amd64';

test('an index of images whose chains are complete is complete, attestations left out by name', async () => {
  const { world, app } = await makeChain();
  const extra = attestation(world);
  const { digest } = index(world, [child(app.image), extra]);
  const signed = assemble(world, 'prod/api', digest, [{ digest: app.image.digest, platform: amd64 }], {
    excluded: [extra.digest],
  });
  const report = await walk(world, { repository: 'prod/api', digest });
  expect(codesOf(report)).toEqual([]);
  expect(report).toMatchObject({
    kind: 'index',
    complete: true,
    children: [{ complete: true, platform: amd64 }],
  });
  expect(ancestorsOf(report).map((item) => item.digest)).toContain(signed.manifest.digest);
});

interface Case {
  readonly code: CustodyProblemCode;
  readonly make: (chain: Chain) => Promise<Digest>;
}

const listed = ({ app }: Chain) => [{ digest: app.image.digest, platform: amd64 }];

/** An index of the one image, and an assembly of it that is changed. */
const changed =
  (change: (said: object) => object, key = 'app-key') =>
  async (chain: Chain) => {
    const { digest } = index(chain.world, [child(chain.app.image)]);
    assemble(chain.world, 'prod/api', digest, listed(chain), { change, key });
    return digest;
  };

const cases: Readonly<Record<string, Case>> = {
  'an index that nobody assembled': {
    code: 'assembly-missing',
    make: async ({ world, app }) => index(world, [child(app.image)]).digest,
  },
  'an assembly by a key that nobody trusts': {
    code: 'assembly-refused',
    make: changed((same) => same, 'stranger-key'),
  },
  'an assembly by another team': { code: 'assembly-signer', make: changed((same) => same, 'node-key') },
  'an assembly of no known form': {
    code: 'assembly-invalid',
    make: changed((said) => ({ ...said, more: true })),
  },
  'an assembly of another repository': {
    code: 'assembly-scope',
    make: changed((said) => ({ ...said, scope: { registry: 'registry.acme', repository: 'prod/web' } })),
  },
  'an assembly that has expired': {
    code: 'assembly-expired',
    make: changed((said) => ({ ...said, notAfter: '2026-11-22T11:30:00Z' })),
  },
  'an assembly that is not in force yet': {
    code: 'assembly-not-yet',
    make: changed((said) => ({ ...said, notBefore: '2026-11-22T13:00:00Z' })),
  },
  'an assembly for another platform': {
    code: 'assembly-platform',
    make: changed((said) => ({
      ...said,
      manifests: (said as { manifests: object[] }).manifests.map((one) => ({
        ...one,
        platform: 'linux/arm64',
      })),
    })),
  },
  'an index that shows its image for another platform': {
    code: 'assembly-platform',
    async make(chain) {
      const { digest } = index(chain.world, [child(chain.app.image, { os: 'linux', architecture: 'arm64' })]);
      assemble(chain.world, 'prod/api', digest, listed(chain));
      return digest;
    },
  },
  'a child put into the index': {
    code: 'assembly-child-unlisted',
    async make(chain) {
      const { world, app, node } = chain;
      const image = await addImage(world, 'prod/api', {
        layers: [...appLayers, { content: 'another' }],
        config: appConfig,
      });
      approveApp(world, linkApp(world, image, node));
      const { digest } = index(world, [child(app.image), child(image)]);
      assemble(world, 'prod/api', digest, listed(chain));
      return digest;
    },
  },
  'a child taken out of the index': {
    code: 'assembly-child-missing',
    async make(chain) {
      const { digest } = index(chain.world, [child(chain.app.image)]);
      assemble(chain.world, 'prod/api', digest, [
        ...listed(chain),
        { digest: digestOf('gone'), platform: amd64 },
      ]);
      return digest;
    },
  },
  'two assemblies that contradict each other': {
    code: 'assembly-equivocation',
    async make(chain) {
      const { digest } = index(chain.world, [child(chain.app.image)]);
      assemble(chain.world, 'prod/api', digest, listed(chain));
      assemble(chain.world, 'prod/api', digest, [
        ...listed(chain),
        { digest: digestOf('gone'), platform: amd64 },
      ]);
      return digest;
    },
  },
  'an image dressed as an attestation': {
    code: 'assembly-not-an-attestation',
    async make(chain) {
      const dressed = attestation(chain.world, mediaTypes.ociLayerGzip);
      const { digest } = index(chain.world, [child(chain.app.image), dressed]);
      assemble(chain.world, 'prod/api', digest, listed(chain), { excluded: [dressed.digest] });
      return digest;
    },
  },
  'an attestation for a platform that engines choose': {
    code: 'assembly-not-an-attestation',
    async make(chain) {
      const dressed = { ...attestation(chain.world), platform: linux };
      const { digest } = index(chain.world, [child(chain.app.image), dressed]);
      assemble(chain.world, 'prod/api', digest, listed(chain), { excluded: [dressed.digest] });
      return digest;
    },
  },
  'an index in an index': {
    code: 'index-nested',
    async make(chain) {
      const inner = index(chain.world, [child(chain.app.image)]);
      const { digest } = index(chain.world, [child(chain.app.image), inner]);
      assemble(chain.world, 'prod/api', digest, [
        ...listed(chain),
        { digest: inner.digest, platform: amd64 },
      ]);
      return digest;
    },
  },
  'a child without a chain': {
    code: 'link-missing',
    async make({ world }) {
      const image = await addImage(world, 'prod/api', {
        layers: [...appLayers, { content: 'another' }],
        config: appConfig,
      });
      const { digest } = index(world, [child(image)]);
      assemble(world, 'prod/api', digest, [{ digest: image.digest, platform: amd64 }]);
      return digest;
    },
  },
};

test.for(Object.entries(cases))('refused: %s', async ([, { code, make }]) => {
  const chain = await makeChain();
  const digest = await make(chain);
  const report = await walk(chain.world, { repository: 'prod/api', digest });
  expect(codesOf(report)).toEqual([code]);
  expect(report.complete).toBe(false);
});

test('an index of nothing is not complete', async () => {
  const { world } = await makeChain();
  const { digest } = index(world, []);
  expect((await walk(world, { repository: 'prod/api', digest })).complete).toBe(false);
});
