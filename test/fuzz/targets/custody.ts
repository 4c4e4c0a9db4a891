import { addManifest, makeChain, walk, type World } from '@wharfinger/lib/custody/custody.fixtures';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { bundleMediaType } from '@wharfinger/lib/signing/bundle';
import { textOf, type Claims, type Target } from '../target.ts';

const chain = await makeChain();

interface Carrier {
  readonly repository: string;
  readonly subject: string;
  readonly digest: Digest;
  readonly manifest: {
    readonly mediaType: string;
    readonly layers: ReadonlyArray<{ readonly digest: Digest }>;
  };
}

const carriers = [...chain.world.attached].flatMap(([key, listed]): Carrier[] => {
  const [repository, subject] = key.split(' ') as [string, string];
  return listed.map(({ digest }) => {
    const { bytes } = chain.world.manifests.get(`${repository}@${digest}`)!;
    return {
      repository,
      subject,
      digest,
      manifest: JSON.parse(Buffer.from(bytes).toString()) as Carrier['manifest'],
    };
  });
});
const bundles = carriers.map(({ manifest }) => chain.world.blobs.get(manifest.layers[0]!.digest)!);

/** The chain with this bundle in place of a genuine one, all digests made right. */
function worldWith({ repository, subject, digest, manifest }: Carrier, bytes: Uint8Array): World {
  const world: World = {
    ...chain.world,
    manifests: new Map(chain.world.manifests),
    blobs: new Map(chain.world.blobs),
    attached: new Map(chain.world.attached),
  };
  const changed = digestOf(bytes);
  world.blobs.set(changed, bytes);
  const descriptor = addManifest(world, repository, {
    ...manifest,
    layers: [{ ...manifest.layers[0], digest: changed, size: bytes.length }],
  });
  const key = `${repository} ${subject}`;
  const others = world.attached.get(key)!.filter((one) => one.digest !== digest);
  world.attached.set(key, [...others, { ...descriptor, artifactType: bundleMediaType }]);
  return world;
}

/** What a complete chain says; of one that is not complete nothing counts. */
function claimsOf(report: CustodyReport): Claims {
  const said = textOf(
    JSON.parse(
      JSON.stringify(report, (name, value: unknown) =>
        ['evidence', 'ignored'].includes(name) ? undefined : value,
      ),
    ),
  );
  return report.complete ? [said] : [];
}

/** Statements of a chain of custody, each changed in its place. */
export const custodyTargets: readonly Target[] = carriers.map((carrier, index) => ({
  name: `chain of custody, statement ${index + 1}`,
  refuses: [],
  genuine: [bundles[index]!],
  material: bundles,
  share: 0.25,
  read: async (bytes: Uint8Array) => claimsOf(await walk(worldWith(carrier, bytes), chain.app.image)),
}));
