import { WharfingerError } from '@wharfinger/lib/errors';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { getImage } from '../stores/images.ts';
import { gatherFacts } from './gather-facts.ts';
import { inventoryFormat } from './inspect.ts';
import { standingVerdict } from './judge.ts';
import type { PipelineParts } from './parts.ts';

/** What is known of images, for the API. */
export interface ImageKnowledge {
  /** @throws WharfingerError MANIFEST_UNKNOWN */
  factsOf(repository: string, digest: Digest): Promise<Facts>;
  /** undefined: not taken apart yet, or nothing to take apart */
  inventoryOf(digest: Digest): Promise<ImageInventory | undefined>;
  /** @throws WharfingerError MANIFEST_UNKNOWN */
  verdictOf(repository: string, digest: Digest): Promise<Verdict>;
}

export function createKnowledge(parts: PipelineParts): ImageKnowledge {
  const known = <T>(value: T | undefined, digest: Digest): T => {
    if (value === undefined) throw new WharfingerError('MANIFEST_UNKNOWN', { what: digest });
    return value;
  };
  return {
    factsOf: async (repository, digest) =>
      known((await gatherFacts(parts, { repository, digest }))?.facts, digest),
    inventoryOf: async (digest) => (await getImage(parts.db, digest, inventoryFormat))?.inventory,
    verdictOf: async (repository, digest) =>
      known(await standingVerdict(parts, { repository, digest }), digest),
  };
}
