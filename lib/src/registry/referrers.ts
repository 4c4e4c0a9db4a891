import type { Catalog } from '../catalog/catalog.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestAlgorithm, digestHex, parseDigest, type Digest } from '../oci/digest.ts';
import { describeReferrer, parseManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { readableName } from './access.ts';
import { answerJson, type Exchange, type RawHeaders } from './exchange.ts';
import { nextLink } from './page.ts';

const sigstoreBundle = 'application/vnd.dev.sigstore.bundle';

/** Clients read 4 MiB of a list and refuse what is longer. */
const maxPageBytes = 3 * 1024 * 1024;

/** Entries of a fallback index that are looked up. */
const maxFallback = 1000;

/** The tag under which clients keep referrers where a registry has no list (specification, "Referrers Tag Schema"). */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

/**
 * What an index under the fallback tag lists and the catalog does not: manifests of this repository that name no other
 * subject. They are described from their own bytes; what the index says of them counts nothing.
 */
async function listedByTag(
  catalog: Catalog,
  repository: string,
  subject: Digest,
  known: ReadonlySet<Digest>,
): Promise<Descriptor[]> {
  const target = await catalog.resolveTag(repository, fallbackTag(subject));
  const record = target && (await catalog.getManifest(repository, target));
  if (!record || record.mediaType !== mediaTypes.ociIndex) return [];
  const index = parseManifest(record.bytes, record.mediaType);
  if (index.kind !== 'index') return [];
  const listed = new Set(index.manifests.map((child) => child.digest).filter((digest) => !known.has(digest)));
  const found: Descriptor[] = [];
  for (const digest of [...listed].slice(0, maxFallback)) {
    const child = await catalog.getManifest(repository, digest);
    if (!child) continue;
    const manifest = parseManifest(child.bytes, child.mediaType);
    if (manifest.subject && manifest.subject.digest !== subject) continue;
    found.push(describeReferrer(digest, child.bytes.length, manifest));
  }
  return found;
}

/** Signatures first: several clients read the first page alone. */
function signaturesFirst(descriptors: readonly Descriptor[]): Descriptor[] {
  const isSignature = ({ artifactType }: Descriptor) => artifactType?.startsWith(sigstoreBundle) ?? false;
  return [...descriptors.filter(isSignature), ...descriptors.filter((one) => !isSignature(one))];
}

function pageFrom(descriptors: readonly Descriptor[], last: string | null, largest: number): Descriptor[] {
  // An entry that has been deleted since begins from the start: twice is better than never.
  const start = descriptors.findIndex((one) => one.digest === last) + 1;
  let bytes = 0;
  let end = start;
  while (end < descriptors.length && end - start < largest) {
    bytes += JSON.stringify(descriptors[end]).length;
    if (bytes > maxPageBytes && end > start) break;
    end += 1;
  }
  return descriptors.slice(start, end);
}

/** Everything in a repository that refers to a manifest as its subject, signatures first. */
export async function referrersOf(
  catalog: Catalog,
  repository: string,
  subject: Digest,
): Promise<Descriptor[]> {
  const own = (await catalog.referrers(repository, subject)).map((record) => record.descriptor);
  const known = new Set(own.map((one) => one.digest));
  return signaturesFirst([...own, ...(await listedByTag(catalog, repository, subject, known))]);
}

/** GET of what refers to a manifest as its subject; never 404, for clients would take that for "not supported". */
export async function listReferrers(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { registry, query } = exchange;
  const subject = parseDigest(reference);
  const repository = readableName(exchange, name);
  const all = await referrersOf(registry.catalog, repository, subject);
  const filter = query.get('artifactType');
  const ordered = filter === null ? all : all.filter((one) => one.artifactType === filter);
  const manifests = pageFrom(ordered, query.get('last'), registry.settings.referrersPageSize);
  const headers: RawHeaders = filter === null ? [] : ['OCI-Filters-Applied', 'artifactType'];
  const last = manifests.at(-1)?.digest;
  if (last !== undefined && last !== ordered.at(-1)?.digest) {
    const next = { ...(filter === null ? {} : { artifactType: filter }), last };
    headers.push('Link', nextLink(`/v2/${name}/referrers/${subject}`, next));
  }
  answerJson(
    exchange,
    mediaTypes.ociIndex,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    headers,
  );
}
