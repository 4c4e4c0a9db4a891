import type { ContentSource } from '../client/content-source.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDebian, type Made } from './assess.fixtures.ts';
import { judgeContent, type JudgedImage } from './judge-content.ts';
import { makeJudgement, makeRule } from './judgement.fixtures.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const packages = { bash: { source: 'bash', version: '5.2-1' } };
const bindings = [
  {
    id: 'no-root',
    scope: {},
    collection: 'standard',
    routine: 'non-root',
    parameters: {},
    purposes: ['deploy' as const],
    effect: 'deny' as const,
  },
];
const judgement = makeJudgement({ repositories: [makeRule('**', { gate: 'warn' })], bindings });

const blobs = new Map<string, Buffer>();
const manifests = new Map<string, FetchedManifest>();
let good: Descriptor;
let bad: Descriptor;

/** A repository in memory. */
const content: ContentSource = {
  name: 'memory',
  manifest: (reference) => Promise.resolve(manifests.get(reference)),
  referrers: () => Promise.resolve([]),
  blob: ({ digest }) => Promise.resolve(blobs.get(digest)),
  async *open({ digest }) {
    yield blobs.get(digest)!;
  },
};

function keep(bytes: Buffer, mediaType: string): Descriptor {
  const digest = digestOf(bytes);
  manifests.set(digest, { digest, mediaType, bytes });
  return { mediaType, digest, size: bytes.length };
}

function keepImage({ manifest, blobs: parts }: Made): Descriptor {
  for (const [digest, bytes] of parts) blobs.set(digest, bytes);
  return keep(parts.get(manifest.digest)!, manifest.mediaType);
}

function index(...children: readonly Descriptor[]): Descriptor {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children };
  return keep(Buffer.from(JSON.stringify(document)), mediaTypes.ociIndex);
}

function judgeIndex(of: Descriptor, platform?: string): Promise<JudgedImage> {
  return judgeContent(content, manifests.get(of.digest)!, {
    repository: 'team/app',
    judgement,
    purpose: 'deploy',
    now: new Date('2026-06-01T00:00:00Z'),
    advisories: undefined,
    ...(platform === undefined ? {} : { platform }),
  });
}

beforeAll(async () => {
  good = { ...keepImage(await makeDebian({ packages })), platform: amd64 };
  bad = { ...keepImage(await makeDebian({ packages, config: { User: '' } })), platform: amd64 };
});

describe('an index does not pass', () => {
  const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' };
  const v2 = { ...amd64, variant: 'v2' };
  test.each<readonly [string, () => Descriptor]>([
    ['with an image that no engine knows from one that passes', () => index(good, bad)],
    ['with an image behind one of a variant', () => index({ ...good, platform: v2 }, bad)],
    [
      'with an image that calls itself an attestation',
      () => index({ ...bad, annotations: attestation }, good),
    ],
    ['with an image in an index in it', () => index(good, index(bad))],
    [
      'with an image in an index said to be an image',
      () => {
        const { digest, size } = index(bad);
        return index(good, { mediaType: mediaTypes.ociManifest, digest, size, platform: amd64 });
      },
    ],
    ['with an image deep below', () => index(good, index(index(index(bad))))],
  ])('%s', async (_, make) => {
    const whole = make();
    expect((await judgeIndex(whole)).allowed).toBe(false);
    expect((await judgeIndex(whole, 'linux/amd64')).allowed).toBe(false);
  });

  test('with indexes in indexes deeper than are followed', async () => {
    const deep = index(good, index(index(index(index(index(bad))))));
    await expect(judgeIndex(deep)).rejects.toThrow('deeper');
  });
});

test('an index passes with its images, by itself and for a platform, whatever else is in it', async () => {
  const unknown = { os: 'unknown', architecture: 'unknown' };
  const other = { ...bad, platform: { os: 'linux', architecture: 's390x' } };
  const whole = index(good, index(good), { ...bad, platform: unknown });
  expect((await judgeIndex(whole)).allowed).toBe(true);
  expect((await judgeIndex(index(good, other), 'linux/amd64')).allowed).toBe(true);
  expect((await judgeIndex(index(good, other))).allowed).toBe(false);
  await expect(judgeIndex(index(good, other), 'linux/arm64')).rejects.toThrow('no image for linux/arm64');
});

test.each<readonly [string, () => Descriptor]>([
  ['for the platform', () => ({ ...bad, digest: `sha256:${'a'.repeat(64)}` })],
  [
    'for nobody knows what',
    () => {
      const { mediaType, size } = bad;
      return { mediaType, size, digest: `sha256:${'a'.repeat(64)}` };
    },
  ],
])('an index does not pass for a platform while an image %s is kept back', async (_, hidden) => {
  await expect(judgeIndex(index(good, hidden()), 'linux/amd64')).rejects.toThrow('is not there');
});
