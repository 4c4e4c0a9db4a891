import { Readable } from 'node:stream';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { pushArtifact, pushReferrer } from '@wharfinger/lib/client/referrers';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { World } from '@wharfinger/lib/custody/custody.fixtures';
import { parseDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import type { SignedImage } from '@wharfinger/lib/signing/sign-statement';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import type { Case } from './cases.ts';

/** An image as what signs it sees it. */
export function subjectOf({ manifest, mediaType }: Pushable) {
  return { mediaType, digest: parseDigest(sha256(manifest)), size: manifest.length };
}

/** A case of an image with what is attached to it; the images of an index come before it. */
export function caseOf(
  repository: string,
  image: Pushable,
  {
    evidence = [],
    parts = [],
    outcome,
  }: {
    readonly evidence?: readonly SignedImage[];
    readonly parts?: readonly Pushable[];
    readonly outcome?: Case['outcome'];
  } = {},
): Case {
  return {
    repository,
    digest: subjectOf(image).digest,
    async push(session) {
      for (const part of parts) await pushImage(session, repository, sha256(part.manifest), part);
      await pushImage(session, repository, 'v1', image);
      for (const artifact of evidence) await pushArtifact(session, repository, artifact);
    },
    ...(outcome && { outcome }),
  };
}

async function pushImage(
  session: RegistrySession,
  repository: string,
  reference: string,
  { manifest, mediaType, blobs }: Pushable,
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const descriptor = { mediaType: types.config, digest: parseDigest(digest), size: bytes.length };
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  }
  await pushManifest(session, repository, reference, { mediaType, bytes: manifest });
}

/** Pushes all that a world of the custody tests holds; one image or index gets the name `v1`. */
export async function pushWorld(
  session: RegistrySession,
  world: World,
  named: { readonly repository: string; readonly digest: Digest },
): Promise<void> {
  for (const [place, manifest] of world.manifests) {
    const repository = place.slice(0, place.indexOf('@'));
    const parsed = parseManifest(manifest.bytes, manifest.mediaType);
    for (const part of parsed.kind === 'manifest' ? [parsed.config, ...parsed.layers] : [])
      await pushBlob(session, repository, part, () => Readable.from([world.blobs.get(part.digest)!]));
    await pushReferrer(session, repository, manifest);
    if (repository === named.repository && manifest.digest === named.digest)
      await pushManifest(session, repository, 'v1', manifest);
  }
}
