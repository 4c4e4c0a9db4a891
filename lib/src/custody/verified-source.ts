import type { EvidenceSource } from '../oci/evidence-source.ts';
import type { TrustSet } from '../signing/evidence.ts';
import { verifyEvidence } from '../signing/verify-evidence.ts';
import type { ChainSource } from './chain-source.ts';
import { custodyLimits } from './limits.ts';

/**
 * A chain whose images and evidence lie in repositories or in a layout on disk, and whose statements are verified here.
 *
 * @param repository where the images of a repository and their evidence are found: of a layout, the same for all
 * @param trust that of the final image; the signers of all stages are in it
 * @param now decides where no trusted time says when something was signed
 * @param measure measures layers that were compressed anew; absent: none of them is taken
 */
export function verifiedChain(
  repository: (name: string) => EvidenceSource,
  trust: TrustSet,
  now: Date,
  measure?: ChainSource['measure'],
): ChainSource {
  return {
    ...(measure === undefined ? {} : { measure }),
    manifest: (name, digest) => repository(name).manifest(digest),
    config: (name, descriptor) => repository(name).blob(descriptor, custodyLimits.bytes),
    statements: (name, digest) => verifyEvidence({ digest }, repository(name), trust, now),
  };
}
