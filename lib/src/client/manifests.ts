import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestOf, isDigest, type Digest } from '../oci/digest.ts';
import type { FetchedManifest } from '../oci/evidence-source.ts';
import { isIndexType, isManifestType, mediaTypes } from '../oci/media-types.ts';
import { manifestPath } from './api-path.ts';
import type { RegistrySession } from './registry-session.ts';
import { discard, readBytes, refusedBy, type RemoteResponse } from './remote-response.ts';
import { remoteFailure } from './remote-error.ts';

/** Larger manifests are not fetched. */
export const manifestLimit = 8 * 1024 * 1024;

const accept = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  mediaTypes.dockerManifest,
].join(', ');

/**
 * What a tag points to, or whether a manifest of this digest is there.
 * @returns undefined: the registry says that there is none
 * @throws WharfingerError REMOTE_FAILED
 */
export async function headManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<Descriptor | undefined> {
  const response = await ask(session, 'HEAD', repository, reference);
  if (response === undefined) return undefined;
  await discard(response);
  const digest = response.header('docker-content-digest');
  const size = Number(response.header('content-length') ?? Number.NaN);
  const mediaType = mediaTypeOf(response);
  if (isDigest(digest) && Number.isSafeInteger(size) && mediaType !== undefined) {
    if (isDigest(reference) && digest !== reference) throw otherDigest(response, reference, digest);
    return { mediaType, digest, size };
  }
  // Not all registries say all of it without the body.
  const fetched = await getManifest(session, repository, reference);
  return fetched && { mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.bytes.length };
}

/**
 * Fetches a manifest or index and checks its digest: the one asked for, or else the one that the registry names.
 * @returns undefined: the registry says that there is none
 * @throws WharfingerError REMOTE_FAILED, BLOB_DIGEST_MISMATCH
 */
export async function getManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<FetchedManifest | undefined> {
  const response = await ask(session, 'GET', repository, reference);
  if (response === undefined) return undefined;
  const bytes = await readBytes(response, manifestLimit);
  const named = response.header('docker-content-digest');
  const expected = isDigest(reference) ? reference : isDigest(named) ? named : digestOf(bytes);
  const digest = digestOf(bytes, digestAlgorithm(expected));
  if (digest !== expected) throw otherDigest(response, expected, digest);
  const mediaType = mediaTypeOf(response) ?? declaredType(bytes);
  if (mediaType === undefined) {
    throw remoteFailure(response, 'what it sent is neither an image manifest nor an index');
  }
  return { digest, mediaType, bytes };
}

/** What a push of a manifest came to. */
export interface PushedManifest {
  /** true: the registry lists it as a referrer of its subject; false: it does not know referrers, or there is no subject */
  readonly subjectKnown: boolean;
}

/**
 * Pushes a manifest under a tag or its digest.
 * @throws WharfingerError REMOTE_FAILED
 */
export async function pushManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
  manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<PushedManifest> {
  const response = await session.request({
    method: 'PUT',
    url: manifestPath(repository, reference),
    scope: `repository:${repository}:pull,push`,
    headers: { 'content-type': manifest.mediaType },
    body: () => manifest.bytes,
  });
  if (response.status !== 201 && response.status !== 200) throw await refusedBy(response);
  await discard(response);
  return { subjectKnown: response.header('oci-subject') !== undefined };
}

async function ask(
  session: RegistrySession,
  method: 'GET' | 'HEAD',
  repository: string,
  reference: string,
): Promise<RemoteResponse | undefined> {
  const response = await session.request({
    method,
    url: manifestPath(repository, reference),
    scope: `repository:${repository}:pull`,
    headers: { accept },
  });
  if (response.status === 200) return response;
  if (response.status !== 404) throw await refusedBy(response);
  await discard(response);
  return undefined;
}

function mediaTypeOf(response: RemoteResponse): string | undefined {
  const type = response.header('content-type')?.split(';')[0]?.trim();
  return type !== undefined && (isManifestType(type) || isIndexType(type)) ? type : undefined;
}

/** The type that a manifest itself declares, for registries that send it as plain JSON. */
function declaredType(bytes: Uint8Array): string | undefined {
  try {
    const parsed: { mediaType?: unknown } | null = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const type = parsed?.mediaType;
    return typeof type === 'string' && (isManifestType(type) || isIndexType(type)) ? type : undefined;
  } catch {
    return undefined;
  }
}

function otherDigest(response: RemoteResponse, expected: Digest, digest: string): WharfingerError {
  return new WharfingerError('BLOB_DIGEST_MISMATCH', {
    what: `${response.url.host} sent ${digest} for ${expected}`,
    remedy: 'the registry is damaged or does not tell the truth',
  });
}
