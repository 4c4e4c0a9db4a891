import { WharfingerError } from '../errors.ts';
import { isDigest, parseDigest, type Digest } from '../oci/digest.ts';
import { isTag } from '../oci/reference.ts';
import { demandRight, demandServed, readablePart, unknown } from './access.ts';
import { answerEmpty, type Exchange } from './exchange.ts';

/** A manifest as a path names it: by digest or by tag. */
export type ManifestReference = { readonly digest: Digest } | { readonly tag: string };

/**
 * Reads the last part of a manifest's path.
 * @throws WharfingerError DIGEST_INVALID, TAG_INVALID
 */
export function parseManifestReference(text: string): ManifestReference {
  if (isTag(text)) return { tag: text };
  if (text.includes(':')) return { digest: parseDigest(text) };
  throw new WharfingerError('TAG_INVALID', { what: JSON.stringify(text.slice(0, 200)) });
}

/** Bytes up to which copying costs less than a second buffer to write. */
const longestInOneWrite = 16 * 1024;

/** Bytes as a string of the same bytes, which the runtime sends in one piece with the head of the answer. */
function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** GET and HEAD of a manifest. */
export async function serveManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { registry, request, response, caller } = exchange;
  const { catalog, host } = registry;
  const asked = parseManifestReference(reference);
  const repository = readablePart(exchange, name, 'digest' in asked ? asked.digest : undefined);
  const tag = 'tag' in asked ? asked.tag : undefined;
  const digest = 'tag' in asked ? await catalog.resolveTag(repository, asked.tag) : asked.digest;
  const record = digest === undefined ? undefined : await catalog.getManifest(repository, digest);
  if (!record || !isDigest(digest)) throw await unknown(exchange, repository, 'MANIFEST_UNKNOWN');
  const question = { caller, repository, digest, ...(tag === undefined ? {} : { tag }) };
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
  const given = host.gateManifest(question);
  const answer = given instanceof Promise ? await given : given;
  if (!answer.serve) host.refused?.({ ...question, method, at: host.now(), reasons: answer.reasons });
  demandServed(answer);

  const entityTag = `"${digest}"`;
  if (request.headers['if-none-match']?.includes(entityTag)) {
    response.writeHead(304, ['ETag', entityTag, 'Docker-Content-Digest', digest]);
    response.end();
  } else {
    response.writeHead(200, [
      'Content-Type',
      record.mediaType,
      'Content-Length',
      record.bytes.length,
      'Docker-Content-Digest',
      digest,
      'ETag',
      entityTag,
    ]);
    if (method === 'HEAD') response.end();
    else if (record.bytes.length > longestInOneWrite) response.end(record.bytes);
    else response.end(latin1(record.bytes), 'latin1');
  }
  host.served?.({ ...question, method, at: host.now() });
}

function refuseImmutable({ registry }: Exchange, repository: string, tags: readonly string[]): void {
  const immutable = tags.find((tag) => registry.host.isTagImmutable(repository, tag));
  if (immutable === undefined) return;
  throw new WharfingerError('TAG_IMMUTABLE', {
    what: `${immutable} must not be deleted`,
    remedy: 'change the rule of immutable tags first',
  });
}

/** DELETE of a tag, or of a manifest with all tags that point to it. */
export async function deleteManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const { registry, caller } = exchange;
  const { catalog, host } = registry;
  demandRight(exchange, 'delete', repository);
  const asked = parseManifestReference(reference);
  const change = { by: caller.principal, at: host.now() };
  let found: boolean;
  if ('tag' in asked) {
    refuseImmutable(exchange, repository, [asked.tag]);
    found = await catalog.deleteTag(repository, asked.tag, change);
  } else {
    refuseImmutable(exchange, repository, await catalog.tagsOf(repository, asked.digest));
    found = await catalog.deleteManifest(repository, asked.digest, change);
  }
  if (!found) throw await unknown(exchange, repository, 'MANIFEST_UNKNOWN');
  answerEmpty(exchange, 202, []);
}
