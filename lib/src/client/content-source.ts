import type { Descriptor } from '../oci/descriptor.ts';
import type { EvidenceSource } from '../oci/evidence-source.ts';
import { getBlob, readBlob } from './blobs.ts';
import { getManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import type { RegistrySession } from './registry-session.ts';

/** A repository or layout that images can be read from. */
export interface ContentSource extends EvidenceSource {
  /** how errors name it */
  readonly name: string;
  /**
   * A blob as a stream, checked against digest and size while it flows.
   * @throws WharfingerError BLOB_UNKNOWN, SIZE_INVALID, BLOB_DIGEST_MISMATCH, REMOTE_FAILED
   */
  open(content: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
}

/** A repository of another registry to read from, its signatures and attestations included. */
export function remoteContent(session: RegistrySession, repository: string): ContentSource {
  return {
    name: `${session.registry}/${repository}`,
    manifest: (reference) => getManifest(session, repository, reference),
    referrers: (subject) => listReferrers(session, repository, subject),
    blob: (descriptor, limit) => readBlob(session, repository, descriptor, limit),
    open: (content) => getBlob(session, repository, content),
  };
}

/** Where signatures and attestations of the images of a repository are looked for in another registry. */
export function remoteEvidence(session: RegistrySession, repository: string): EvidenceSource {
  return remoteContent(session, repository);
}
