import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource } from '../oci/evidence-source.ts';
import { checkFreshness, type Seen } from '../signing/channels/freshness.ts';
import { openSnapshot } from '../signing/channels/snapshot.ts';
import { parsePublicKey } from '../signing/keys.ts';
import { verifyEvidence } from '../signing/verify-evidence.ts';
import type { Judgement } from './judgement-document.ts';
import { rulesFor } from './rules-for.ts';

export type { Seen } from '../signing/channels/freshness.ts';

/** How it is decided whether a tag may be taken to mean a digest. */
export interface TagCheck {
  /** what was seen of the tag before (signing/channels/memory.ts keeps it); {} the first time */
  readonly seen: Seen;
  /** the signed snapshot of the repository, where one is demanded: GET /api/v1/snapshot of its registry */
  readonly snapshot?: Uint8Array;
}

/**
 * Demands that a trusted publisher says that the tag means this digest, and nothing newer was seen before.
 *
 * @param registryKeys PEM, those whose snapshots count
 * @returns what is to be remembered of the tag
 * @throws WharfingerError TAG_NOT_FRESH with the problem; SIGNATURE_INVALID for a snapshot that does not verify
 */
export async function checkTag(
  tag: { readonly repository: string; readonly tag: string; readonly digest: Digest },
  source: EvidenceSource,
  judgement: Judgement,
  check: TagCheck & { readonly registryKeys: readonly string[]; readonly now: Date },
): Promise<Seen> {
  const { seen, snapshot, registryKeys, now } = check;
  const { trust } = rulesFor(judgement, tag.repository, 'pull', now);
  const { statements } = await verifyEvidence({ digest: tag.digest }, source, trust, now);
  const keys = registryKeys.map((pem, index) => parsePublicKey({ name: `registry key ${index + 1}`, pem }));
  const freshness = checkFreshness({
    name: { registry: judgement.registry, repository: tag.repository, tag: tag.tag },
    resolved: tag.digest,
    statements,
    snapshot: snapshot && openSnapshot(snapshot, keys),
    snapshotDemanded: snapshot !== undefined,
    seen,
    now,
  });
  if (freshness.fresh) return freshness.seen;
  throw new WharfingerError('TAG_NOT_FRESH', { what: `${freshness.message} (${freshness.problem})` });
}
