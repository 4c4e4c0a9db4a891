import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestHex, type Digest } from '../oci/digest.ts';
import { effectiveArtifactType, parseManifest, type Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { repositoryPath } from './api-path.ts';
import { pushBlob } from './blobs.ts';
import { getManifest, manifestLimit, pushManifest } from './manifests.ts';
import { nextPage } from './next-page.ts';
import type { RegistrySession } from './registry-session.ts';
import { discard, readBytes, refusedBy } from './remote-response.ts';
import { remoteFailure } from './remote-error.ts';

/** More referrers of one image than anybody has; a listing that goes on beyond is refused, not cut. */
const mostReferrers = 10_000;

/** What registries without the referrers API answer when it is asked for. */
const unsupported: ReadonlySet<number> = new Set([404, 405, 501]);

/** The tag that referrers are kept under where the registry does not list them (distribution specification, "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

/**
 * Everything that the registry lists as referring to this digest: the referrers API with all its pages; where the registry
 * does not have it, the index under the fallback tag.
 * @throws WharfingerError REMOTE_FAILED, MANIFEST_INVALID
 */
export async function listReferrers(
  session: RegistrySession,
  repository: string,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  let url: string | URL | undefined = repositoryPath(repository, `referrers/${subject}`);
  for (let page = 0; url !== undefined; page += 1) {
    const response = await session.request({
      method: 'GET',
      url,
      scope: `repository:${repository}:pull`,
      headers: { accept: mediaTypes.ociIndex },
    });
    if (page === 0 && unsupported.has(response.status)) {
      await discard(response);
      return fromFallbackTag(session, repository, subject);
    }
    if (response.status !== 200) throw await refusedBy(response);
    const type = response.header('content-type')?.split(';')[0]?.trim();
    if (type !== mediaTypes.ociIndex) {
      await discard(response);
      throw remoteFailure(response, `it sent referrers as ${type ?? 'nothing'}, not as an index`);
    }
    found.push(...childrenOf(parseManifest(await readBytes(response, manifestLimit), type)));
    if (found.length > mostReferrers || page > mostReferrers) {
      throw remoteFailure(response, `more than ${mostReferrers} referrers`);
    }
    url = nextPage(response);
  }
  return found;
}

async function fromFallbackTag(
  session: RegistrySession,
  repository: string,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const fetched = await getManifest(session, repository, referrersTag(subject));
  return fetched === undefined ? [] : childrenOf(parseManifest(fetched.bytes, fetched.mediaType));
}

function childrenOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.manifests : [];
}

/** An artifact in memory: a signature, an attestation. */
export interface Artifact {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Uint8Array };
  readonly blobs: ReadonlyArray<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
}

/**
 * Pushes an artifact that refers to an image: its blobs, then its manifest as `pushReferrer` does.
 * @throws WharfingerError REMOTE_FAILED, MANIFEST_INVALID
 */
export async function pushArtifact(
  session: RegistrySession,
  repository: string,
  artifact: Artifact,
): Promise<void> {
  for (const { descriptor, bytes } of artifact.blobs) {
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  }
  await pushReferrer(session, repository, artifact.manifest);
}

/**
 * Pushes a manifest that refers to an image, by its digest. Where the registry does not list referrers itself, the index under
 * the fallback tag is extended; two who do so at the same time may lose one entry, as the specification has it.
 * @throws WharfingerError REMOTE_FAILED, MANIFEST_INVALID
 */
export async function pushReferrer(
  session: RegistrySession,
  repository: string,
  pushed: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Uint8Array },
): Promise<void> {
  const manifest = parseManifest(pushed.bytes, pushed.mediaType);
  const { subjectKnown } = await pushManifest(session, repository, pushed.digest, pushed);
  if (manifest.subject === undefined || subjectKnown) return;
  const others = await fromFallbackTag(session, repository, manifest.subject.digest);
  if (others.some(({ digest }) => digest === pushed.digest)) return;
  const artifactType = effectiveArtifactType(manifest);
  const entry = {
    mediaType: pushed.mediaType,
    digest: pushed.digest,
    size: pushed.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(Object.keys(manifest.annotations).length === 0 ? {} : { annotations: manifest.annotations }),
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...others, entry] };
  const bytes = Buffer.from(JSON.stringify(index));
  await pushManifest(session, repository, referrersTag(manifest.subject.digest), {
    mediaType: mediaTypes.ociIndex,
    bytes,
  });
}
