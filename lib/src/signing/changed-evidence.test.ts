import {
  array,
  asyncProperty,
  assert,
  constantFrom,
  integer,
  nat,
  oneof,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { attach, bundleType, image, key, Repository, statement } from './evidence.fixtures.ts';
import { trustOfKeys } from './trusted-signers.ts';
import { verifyEvidence } from './verify-evidence.ts';

/** How often a change is tried; who fuzzes for longer raises it. */
const runs = Number(process.env['WHARFINGER_FUZZ_RUNS'] ?? 1500);
const trust = trustOfKeys([{ name: 'release', pem: key.publicPem }]);
const now = new Date('2026-06-01T00:00:00Z');

interface Manifest {
  readonly layers: readonly [{ readonly digest: string }];
}

/** Bundles around genuine statements, and the manifests that carry them. */
const genuine = [
  statement(),
  statement({ predicateType: 'https://spdx.dev/Document', predicate: { n: 1, list: ['é'] } }),
  statement({ _type: 'https://in-toto.io/Statement/v0.1', predicate: undefined }),
].map((stated) => {
  const repository = new Repository();
  const { digest } = attach(repository, { statement: stated });
  const manifest: Manifest = JSON.parse(Buffer.from(repository.bytes.get(digest)!).toString());
  return { manifest, bundle: Buffer.from(repository.bytes.get(manifest.layers[0].digest)!) };
});
const payloads = new Set(genuine.map(({ bundle }) => payloadOf(bundle)));

function payloadOf(bundle: Buffer): string {
  const { dsseEnvelope } = JSON.parse(bundle.toString()) as { dsseEnvelope: { payload: string } };
  return digestOf(Buffer.from(dsseEnvelope.payload, 'base64'));
}

/** True if nothing counts of an image with this bundle but what somebody did sign. */
async function countsForWhatItIs(bundle: Buffer): Promise<boolean> {
  const repository = new Repository();
  const layer = repository.put(bundle, bundleType);
  repository.refer({ ...genuine[0]!.manifest, layers: [layer] });
  const { valid, statements, refused, refusedStatements } = await verifyEvidence(
    image,
    repository,
    trust,
    now,
  );
  if (refused.length + refusedStatements.length === 1) return valid.length + statements.length === 0;
  const signers = [...valid, ...statements.map(({ signer }) => signer)];
  return (
    signers.length === 1 &&
    signers.every(({ keyId }) => keyId === key.id) &&
    statements.every(
      ({ payloadDigest, subject }) => payloads.has(payloadDigest) && subject === image.digest,
    ) &&
    (valid.length === 0 || payloads.has(payloadOf(bundle)))
  );
}

type Change = (bundle: Buffer) => Buffer;

/** Bytes set, cut out, doubled, and taken from another bundle. */
const changes: Arbitrary<Change> = oneof(
  tuple(nat(), nat(255)).map(([at, byte]): Change => (bundle) => {
    const changed = Buffer.from(bundle);
    changed[at % bundle.length] = byte;
    return changed;
  }),
  tuple(nat(), integer({ min: 1, max: 40 })).map(([from, length]): Change => (bundle) => {
    const at = from % bundle.length;
    return Buffer.concat([bundle.subarray(0, at), bundle.subarray(at + length)]);
  }),
  tuple(nat(), integer({ min: 1, max: 40 })).map(([from, length]): Change => (bundle) => {
    const at = from % bundle.length;
    return Buffer.concat([bundle.subarray(0, at + length), bundle.subarray(at)]);
  }),
  tuple(constantFrom(...genuine), nat()).map(([{ bundle: other }, from]): Change => (bundle) => {
    const at = from % Math.min(bundle.length, other.length);
    return Buffer.concat([bundle.subarray(0, at), other.subarray(at)]);
  }),
);

describe('a genuine bundle', () => {
  it('counts', async () => {
    for (const { bundle } of genuine) expect(await countsForWhatItIs(bundle)).toBe(true);
  });

  it(
    'that is changed in whatever way counts for nothing but what was signed',
    { timeout: 60_000 + runs * 5 },
    async () => {
      const holds = asyncProperty(
        constantFrom(...genuine),
        array(changes, { minLength: 1, maxLength: 3 }),
        ({ bundle }, all) =>
          countsForWhatItIs(all.reduce<Buffer>((changed, change) => change(changed), bundle)),
      );
      await expect(assert(holds, { numRuns: runs })).resolves.toBeUndefined();
    },
  );
});
