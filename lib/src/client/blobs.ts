import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { WharfingerError } from '../errors.ts';
import { repositoryPath } from './api-path.ts';
import type { RegistrySession, RemoteRequest } from './registry-session.ts';
import { discard, failedToSend, isPassing, refusedBy, type RemoteResponse } from './remote-response.ts';
import { remoteFailure } from './remote-error.ts';
import { collect, verifiedStream } from './verified-stream.ts';

/** How often a transfer is begun or gone on with when its connection breaks off. */
const attempts = 3;

type Content = Pick<Descriptor, 'digest' | 'size'>;

/**
 * True if the repository has this blob.
 * @throws WharfingerError REMOTE_FAILED
 */
export async function hasBlob(
  session: RegistrySession,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  const response = await session.request({
    method: 'HEAD',
    url: repositoryPath(repository, `blobs/${digest}`),
    scope: `repository:${repository}:pull`,
  });
  if (response.status !== 200 && response.status !== 404) throw await refusedBy(response);
  await discard(response);
  return response.status === 200;
}

/**
 * Fetches a blob as a stream that is checked against digest and size while it flows. Where the connection breaks off, the rest is
 * asked for.
 * @throws WharfingerError BLOB_UNKNOWN, REMOTE_FAILED, SIZE_INVALID, BLOB_DIGEST_MISMATCH
 */
export async function* getBlob(
  session: RegistrySession,
  repository: string,
  content: Content,
): AsyncGenerator<Uint8Array, void, undefined> {
  const response = await askBlob(session, repository, content.digest);
  if (response === undefined) {
    throw new WharfingerError('BLOB_UNKNOWN', {
      what: `${session.registry}/${repository} has no ${content.digest}`,
      remedy: 'push the image again, whole',
    });
  }
  yield* verifiedStream(received(session, repository, content.digest, response), content, response.url.host);
}

/**
 * Fetches a small blob whole, checked.
 * @param limit bytes; a blob that is said to be larger is refused unread
 * @returns undefined: the registry says that there is none
 * @throws WharfingerError REMOTE_FAILED, SIZE_INVALID, BLOB_DIGEST_MISMATCH
 */
export async function readBlob(
  session: RegistrySession,
  repository: string,
  content: Content,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (content.size > limit) {
    throw new WharfingerError('SIZE_INVALID', {
      what: `${content.digest} is ${content.size} bytes, more than the ${limit} that are read`,
      remedy: 'the blob is too large for what it is used as',
    });
  }
  const response = await askBlob(session, repository, content.digest);
  return (
    response &&
    collect(
      verifiedStream(received(session, repository, content.digest, response), content, response.url.host),
    )
  );
}

/** What became of a blob that was to be pushed. */
export type BlobOutcome = 'present' | 'mounted' | 'pushed';

/**
 * Pushes a blob unless it is there already.
 * @param open opens the content, anew for each attempt
 * @param mountFrom repository of the same registry that has it
 * @throws WharfingerError REMOTE_FAILED, and what `open` throws
 */
export async function pushBlob(
  session: RegistrySession,
  repository: string,
  content: Content,
  open: () => AsyncIterable<Uint8Array>,
  mountFrom?: string,
): Promise<BlobOutcome> {
  if (await hasBlob(session, repository, content.digest)) return 'present';
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await upload(session, repository, content, open, mountFrom);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (attempt === attempts || !isPassing(cause)) throw error;
    }
  }
}

async function upload(
  session: RegistrySession,
  repository: string,
  content: Content,
  open: () => AsyncIterable<Uint8Array>,
  mountFrom: string | undefined,
): Promise<BlobOutcome> {
  const push = `repository:${repository}:pull,push`;
  const scope = mountFrom === undefined ? push : `${push} repository:${mountFrom}:pull`;
  const mount =
    mountFrom === undefined ? '' : `?mount=${content.digest}&from=${encodeURIComponent(mountFrom)}`;
  const begun = await session.request({
    method: 'POST',
    url: repositoryPath(repository, `blobs/uploads/${mount}`),
    scope,
  });
  if (begun.status === 201) {
    await discard(begun);
    return 'mounted';
  }
  let location = await nextLocation(begun, 202);
  if (content.size > 0) {
    const patch: RemoteRequest = {
      method: 'PATCH',
      url: location,
      scope,
      headers: { 'content-type': 'application/octet-stream', 'content-length': `${content.size}` },
      body: open,
      repeatable: false,
    };
    location = await nextLocation(await session.request(patch), 202);
  }
  location.searchParams.set('digest', content.digest);
  const ended = await session.request({
    method: 'PUT',
    url: location,
    scope,
    headers: { 'content-length': '0' },
    repeatable: false,
  });
  if (ended.status !== 201) throw await refusedBy(ended);
  await discard(ended);
  return 'pushed';
}

async function askBlob(
  session: RegistrySession,
  repository: string,
  digest: Digest,
): Promise<RemoteResponse | undefined> {
  const response = await session.request({
    method: 'GET',
    url: repositoryPath(repository, `blobs/${digest}`),
    scope: `repository:${repository}:pull`,
  });
  if (response.status === 200) return response;
  if (response.status !== 404) throw await refusedBy(response);
  await discard(response);
  return undefined;
}

/** The bytes of a blob, from as many answers as it takes; the digest of the whole is checked by who reads them. */
async function* received(
  session: RegistrySession,
  repository: string,
  digest: Digest,
  first: RemoteResponse,
): AsyncGenerator<Uint8Array, void, undefined> {
  let response = first;
  let offset = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const piece of response.body) {
        const bytes: Uint8Array = piece;
        offset += bytes.length;
        yield bytes;
      }
      return;
    } catch (error) {
      if (attempt === attempts || !isPassing(error)) throw failedToSend(response, error);
    }
    response = await session.request({
      method: 'GET',
      url: repositoryPath(repository, `blobs/${digest}`),
      scope: `repository:${repository}:pull`,
      headers: { range: `bytes=${offset}-` },
    });
    if (response.status !== 206 || !response.header('content-range')?.startsWith(`bytes ${offset}-`)) {
      throw await refusedBy(response);
    }
  }
}

/** Where an upload goes on. */
async function nextLocation(response: RemoteResponse, expected: number): Promise<URL> {
  if (response.status !== expected) throw await refusedBy(response);
  await discard(response);
  const location = response.header('location');
  if (location === undefined || !URL.canParse(location, response.url)) {
    throw remoteFailure(response, 'the answer does not say where the upload goes on');
  }
  return new URL(location, response.url);
}
