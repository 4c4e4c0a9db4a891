import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import { parseManifest, requiredParts, type Manifest } from '../oci/manifest.ts';
import { isTag } from '../oci/reference.ts';
import { demandRight } from './access.ts';
import { answerEmpty, type Exchange, type RawHeaders } from './exchange.ts';
import { parseManifestReference, type ManifestReference } from './manifests.ts';

/** Each tag is a write of its own. The specification asks for ten at least. */
const maxTags = 64;

async function readBounded({ request, registry }: Exchange): Promise<Buffer> {
  const limit = registry.settings.maxManifestBytes;
  const refuse = (): never => {
    throw new WharfingerError('MANIFEST_TOO_LARGE', { what: `more than ${limit} bytes` });
  };
  if (Number(request.headers['content-length'] ?? 0) > limit) refuse();
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > limit) refuse();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

function digestFor(asked: ManifestReference, bytes: Buffer): Digest {
  if ('tag' in asked) return digestOf(bytes);
  const digest = digestOf(bytes, digestAlgorithm(asked.digest));
  if (digest === asked.digest) return digest;
  throw new WharfingerError('BLOB_DIGEST_MISMATCH', {
    what: `the manifest's digest is ${digest}, it was sent as ${asked.digest}`,
  });
}

/** The tags that a push sets: the one of its path, or those of its query (`?tag=`, for pushes by digest). */
function tagsFor(asked: ManifestReference, query: URLSearchParams): string[] {
  const listed = [...new Set(query.getAll('tag'))];
  if ('tag' in asked && listed.length > 0) {
    throw new WharfingerError('TAG_INVALID', {
      what: 'the path names a tag and the query names more',
      remedy: 'put the digest into the path where tags stand in the query',
    });
  }
  if (listed.length > maxTags) throw new WharfingerError('TAGS_TOO_MANY', { what: `at most ${maxTags}` });
  const wrong = listed.find((tag) => !isTag(tag));
  if (wrong !== undefined)
    throw new WharfingerError('TAG_INVALID', { what: JSON.stringify(wrong.slice(0, 200)) });
  return 'tag' in asked ? [asked.tag] : listed;
}

/** Compares what a manifest says of its parts with what is there; returns what is not. */
async function checkParts({ registry }: Exchange, repository: string, manifest: Manifest): Promise<Digest[]> {
  const parts = requiredParts(manifest);
  const { subject } = manifest;
  const sizes = await registry.catalog.partSizes(repository, {
    blobs: parts.blobs.map((part) => part.digest),
    manifests: [...parts.manifests, ...(subject ? [subject] : [])].map((part) => part.digest),
  });
  const missing = new Set<Digest>();
  const compare = (part: Descriptor, size: number | undefined, optional = false) => {
    if (size === undefined) {
      if (!optional) missing.add(part.digest);
    } else if (size !== part.size) {
      throw new WharfingerError('MANIFEST_INVALID', {
        what: `it gives ${part.digest} a size of ${part.size} bytes, but it has ${size}`,
        remedy: 'correct the size in the descriptor and push the manifest again',
        detail: { digest: part.digest, size: part.size, stored: size },
      });
    }
  };
  for (const part of parts.blobs) compare(part, sizes.blobs.get(part.digest));
  for (const part of parts.manifests) compare(part, sizes.manifests.get(part.digest));
  if (subject) compare(subject, sizes.manifests.get(subject.digest), true);
  return [...missing];
}

function refuseMissing(missing: readonly Digest[]): void {
  if (missing.length === 0) return;
  const named = missing.slice(0, 10).join(', ');
  const rest = missing.length > 10 ? ` and ${missing.length - 10} more` : '';
  throw new WharfingerError('MANIFEST_BLOB_UNKNOWN', {
    what: named + rest,
    detail: { digests: missing.slice(0, 100) },
  });
}

/**
 * Who may push could bury what others state of an image, and have all who verify it read that. Pushing what is there already
 * adds nothing. Pushes at the same moment may each count the others out: the bound is not exact.
 * @throws WharfingerError REFERRERS_TOO_MANY
 */
async function refuseFlood({ registry }: Exchange, repository: string, digest: Digest, subject: Digest) {
  const { maxReferrers } = registry.settings;
  const others = await registry.catalog.referrers(repository, subject);
  if (others.length < maxReferrers || others.some(({ descriptor }) => descriptor.digest === digest)) return;
  throw new WharfingerError('REFERRERS_TOO_MANY', {
    what: `${others.length} manifests refer to ${subject}, at most ${maxReferrers} may`,
  });
}

/** PUT of a manifest, by tag or by digest. What its config and layers contain is no matter here: inspection judges it. */
export async function putManifest(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const { registry, request, caller, query } = exchange;
  const { catalog, host, settings } = registry;
  demandRight(exchange, 'push', repository);
  const asked = parseManifestReference(reference);
  const tags = tagsFor(asked, query);
  const bytes = await readBounded(exchange);
  const digest = digestFor(asked, bytes);
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const manifest = parseManifest(bytes, contentType);
  if (manifest.subject) await refuseFlood(exchange, repository, digest, manifest.subject.digest);
  const missing = await checkParts(exchange, repository, manifest);
  if (settings.missingParts === 'refuse') refuseMissing(missing);
  await catalog.putManifest({
    repository,
    digest,
    bytes,
    manifest,
    tags,
    missing,
    immutable: (tag) => host.isTagImmutable(repository, tag),
    by: caller.principal,
    at: host.now(),
  });
  const headers: RawHeaders = [
    'Location',
    `/v2/${repository}/manifests/${digest}`,
    'Docker-Content-Digest',
    digest,
  ];
  if (manifest.subject) headers.push('OCI-Subject', manifest.subject.digest);
  if ('digest' in asked) for (const tag of tags) headers.push('OCI-Tag', tag);
  answerEmpty(exchange, 201, headers);
}
