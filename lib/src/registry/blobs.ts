import { isWharfingerError, WharfingerError } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import { sendBlob } from '../storage/send.ts';
import { demandRight, demandServed, readablePart, unknown } from './access.ts';
import { parseByteRange } from './byte-range.ts';
import { answerEmpty, type Exchange, type RawHeaders } from './exchange.ts';

/** GET and HEAD of a blob, whole or in part. */
export async function serveBlob(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { registry, request, response, caller } = exchange;
  const digest = parseDigest(reference);
  const repository = readablePart(exchange, name, digest);
  const record = await registry.catalog.findBlob(repository, digest);
  if (!record) throw await unknown(exchange, repository, 'BLOB_UNKNOWN');
  const answer = registry.host.gateBlob({ caller, repository, digest });
  const decided = answer instanceof Promise ? await answer : answer;
  if (!decided.serve && request.method === 'HEAD' && registry.host.may(caller, 'push', repository)) {
    // Before a push, clients ask in this way whether they must send the blob. They must, and some give up on a 403.
    throw new WharfingerError('BLOB_UNKNOWN');
  }
  demandServed(decided);

  const { size } = record;
  const tag = `"${digest}"`;
  const headers: RawHeaders = [
    'Content-Type',
    'application/octet-stream',
    'Docker-Content-Digest',
    digest,
    'ETag',
    tag,
    'Accept-Ranges',
    'bytes',
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (request.headers['if-none-match']?.includes(tag)) {
    response.writeHead(304, ['ETag', tag, 'Docker-Content-Digest', digest]);
    response.end();
    return;
  }
  if (request.method === 'HEAD') {
    response.writeHead(200, [...headers, 'Content-Length', size]);
    response.end();
    return;
  }
  const range = wantedRange(exchange, size, tag);
  const { start, end } = range ?? { start: 0, end: size };
  const reader = await registry.storage.open(record.location).catch((error: unknown) => {
    // The catalog has it, so this is a loss of data and not a wrong question.
    throw isWharfingerError(error, 'BLOB_UNKNOWN')
      ? new Error(`the bytes of ${digest} at ${record.location} are gone`, { cause: error })
      : error;
  });
  try {
    await sendBlob(reader, response, { start, end }, () => {
      headers.push('Content-Length', end - start);
      if (range) headers.push('Content-Range', `bytes ${start}-${end - 1}/${size}`);
      response.writeHead(range ? 206 : 200, headers);
    });
  } finally {
    await reader.close();
  }
}

function wantedRange({ request, response }: Exchange, size: number, tag: string) {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== tag) return undefined;
  try {
    return parseByteRange(request.headers.range, size);
  } catch (error) {
    response.setHeader('Content-Range', `bytes */${size}`);
    throw error;
  }
}

/** DELETE of a blob. The bytes stay until nobody has them. */
export async function deleteBlob(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const { registry, caller } = exchange;
  demandRight(exchange, 'delete', repository);
  const digest = parseDigest(reference);
  const change = { by: caller.principal, at: registry.host.now() };
  if (!(await registry.catalog.unlinkBlob(repository, digest, change))) {
    throw await unknown(exchange, repository, 'BLOB_UNKNOWN');
  }
  answerEmpty(exchange, 202, []);
}
