import { isWharfingerError, WharfingerError } from '../errors.ts';
import { isDigest, parseDigest, type Digest, type DigestAlgorithm } from '../oci/digest.ts';
import { demandRight } from './access.ts';
import { parseChunkRange } from './byte-range.ts';
import { answerEmpty, type Exchange, type RawHeaders } from './exchange.ts';
import { findServedSomewhere, mountBlob } from './mount.ts';

/** An upload as its path names it: the store's id, and what to hash with if it is not sha256. */
interface UploadName {
  readonly id: string;
  readonly algorithm: DigestAlgorithm;
}

const nameShape = /^([A-Za-z0-9_-]{1,128})(\.sha512)?$/;

function parseUploadName(name: string): UploadName {
  const match = nameShape.exec(name);
  if (!match) throw new WharfingerError('UPLOAD_UNKNOWN');
  return { id: match[1]!, algorithm: match[2] === undefined ? 'sha256' : 'sha512' };
}

/** All that the next request needs lies in the path: clients lose queries, and any instance can go on. */
function uploadHeaders(repository: string, { id, algorithm }: UploadName, size: number): RawHeaders {
  const name = algorithm === 'sha256' ? id : `${id}.${algorithm}`;
  return [
    'Location',
    `/v2/${repository}/blobs/uploads/${name}`,
    'Range',
    `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID',
    name,
  ];
}

function bodyOf({ request }: Exchange): AsyncIterable<Uint8Array> {
  // An upload that fails must still be answered, so the connection outlives the loop.
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

function hasBody({ request }: Exchange): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

/** Adds a request's body to an upload, where its Content-Range says that it belongs. */
async function receive(exchange: Exchange, repository: string, name: UploadName): Promise<number> {
  const { storage } = exchange.registry;
  const { headers } = exchange.request;
  const { id, algorithm } = name;
  const header = headers['content-range'];
  const range = header === undefined ? undefined : parseChunkRange(header);
  const length = headers['content-length'];
  if (range && length !== undefined && Number(length) !== range.length) {
    throw new WharfingerError('SIZE_INVALID', {
      what: `Content-Range speaks of ${range.length} bytes, Content-Length of ${length}`,
    });
  }
  let size: number;
  try {
    size = await storage.append(repository, id, bodyOf(exchange), {
      algorithm,
      ...(range ? { offset: range.offset } : {}),
    });
  } catch (error) {
    if (isWharfingerError(error, 'UPLOAD_OUT_OF_ORDER')) await tellState(exchange, repository, name);
    throw error;
  }
  if (range && size !== range.offset + range.length) {
    await storage.abort(repository, id);
    throw new WharfingerError('SIZE_INVALID', {
      what: `the chunk had ${size - range.offset} bytes, its Content-Range said ${range.length}`,
    });
  }
  return size;
}

/** Tells where the upload ended, beside a 416. */
async function tellState(
  { registry, response }: Exchange,
  repository: string,
  name: UploadName,
): Promise<void> {
  const status = await registry.storage.uploadStatus(repository, name.id);
  const headers = uploadHeaders(repository, name, status?.size ?? 0);
  for (let at = 0; at < headers.length; at += 2) response.setHeader(String(headers[at]), headers[at + 1]!);
}

/**
 * Ends an upload: makes its bytes a blob of the repository. Bytes that are stored already are checked, then dropped
 * without waiting for the disk, but only where the caller could read them anyway: the time saved would tell others
 * that somebody has this blob.
 */
async function complete(exchange: Exchange, repository: string, id: string, digest: Digest): Promise<void> {
  const { storage, catalog, host } = exchange.registry;
  const change = { by: exchange.caller.principal, at: host.now() };
  if (await findServedSomewhere(exchange, exchange.caller, repository, digest)) {
    await storage.check(repository, id, digest);
    if (await catalog.linkKnownBlob({ repository, digest, ...change, received: true })) {
      await storage.abort(repository, id);
      return;
    }
  }
  const { size, location } = await storage.commit(repository, id, digest);
  // If this fails the bytes stay where they are: perhaps only the answer was lost, and garbage is collected.
  const record = await catalog.linkBlob({ repository, digest, size, location, ...change });
  if (record.location !== location) await storage.remove(location);
}

function answerCreated(exchange: Exchange, repository: string, digest: Digest): void {
  answerEmpty(exchange, 201, [
    'Location',
    `/v2/${repository}/blobs/${digest}`,
    'Docker-Content-Digest',
    digest,
  ]);
}

function wantedAlgorithm({ query }: Exchange): DigestAlgorithm {
  const wanted = query.get('digest-algorithm') ?? query.get('digest')?.split(':')[0] ?? 'sha256';
  if (wanted === 'sha256' || wanted === 'sha512') return wanted;
  throw new WharfingerError('DIGEST_INVALID', {
    what: `the algorithm ${JSON.stringify(wanted.slice(0, 100))} is not supported`,
  });
}

/** POST of an upload: begins one, or takes a whole blob at once (`digest`), or links one that is there (`mount`). */
export async function beginUpload(exchange: Exchange, repository: string): Promise<void> {
  const { registry, query } = exchange;
  demandRight(exchange, 'push', repository);
  const mount = query.get('mount');
  if (mount !== null) {
    const digest = parseDigest(mount);
    if (await mountBlob(exchange, repository, digest, query.get('from'))) {
      answerCreated(exchange, repository, digest);
      return;
    }
  }
  const algorithm = wantedAlgorithm(exchange);
  const whole = query.get('digest');
  const digest = whole === null ? undefined : parseDigest(whole);
  const id = await registry.storage.createUpload(repository);
  if (digest === undefined) {
    const { minChunkBytes } = registry.settings;
    const minimum = minChunkBytes > 0 ? ['OCI-Chunk-Min-Length', minChunkBytes] : [];
    answerEmpty(exchange, 202, [...uploadHeaders(repository, { id, algorithm }, 0), ...minimum]);
    return;
  }
  try {
    if (hasBody(exchange)) await registry.storage.append(repository, id, bodyOf(exchange), { algorithm });
    await complete(exchange, repository, id, digest);
  } catch (error) {
    // Nobody but us knows its name.
    await registry.storage.abort(repository, id);
    throw error;
  }
  answerCreated(exchange, repository, digest);
}

/** PATCH of an upload: adds a chunk, or a stream of unknown length. */
export async function continueUpload(exchange: Exchange, repository: string, upload: string): Promise<void> {
  demandRight(exchange, 'push', repository);
  const name = parseUploadName(upload);
  const size = await receive(exchange, repository, name);
  answerEmpty(exchange, 202, uploadHeaders(repository, name, size));
}

/** PUT of an upload: adds the last chunk, if there is one, and makes a blob of it. */
export async function finishUpload(exchange: Exchange, repository: string, upload: string): Promise<void> {
  demandRight(exchange, 'push', repository);
  const name = parseUploadName(upload);
  const digest = exchange.query.get('digest');
  if (!isDigest(digest)) {
    throw new WharfingerError('DIGEST_INVALID', {
      what: digest === null ? 'the query has no digest' : JSON.stringify(digest.slice(0, 200)),
    });
  }
  if (hasBody(exchange)) await receive(exchange, repository, name);
  await complete(exchange, repository, name.id, digest);
  answerCreated(exchange, repository, digest);
}

/** GET of an upload: how far it got. */
export async function tellUpload(exchange: Exchange, repository: string, upload: string): Promise<void> {
  demandRight(exchange, 'push', repository);
  const name = parseUploadName(upload);
  const status = await exchange.registry.storage.uploadStatus(repository, name.id);
  if (!status) throw new WharfingerError('UPLOAD_UNKNOWN');
  answerEmpty(exchange, 204, uploadHeaders(repository, name, status.size));
}

/** DELETE of an upload: cancels it. */
export async function cancelUpload(exchange: Exchange, repository: string, upload: string): Promise<void> {
  demandRight(exchange, 'push', repository);
  const { id } = parseUploadName(upload);
  if (!(await exchange.registry.storage.abort(repository, id))) throw new WharfingerError('UPLOAD_UNKNOWN');
  answerEmpty(exchange, 204, []);
}
