import { factsOfImage } from '@wharfinger/lib/assess/facts-of-image';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { matchesOfImage } from '../stores/findings.ts';
import { standingHold } from '../stores/holds.ts';
import { getImage } from '../stores/images.ts';
import type { Placed } from '../stores/repositories.ts';
import { inventoryFormat } from './inspect.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';
import { currentSignatures } from './verify.ts';

/**
 * Everything that is established about an image in its repository. What is not known yet is absent; a look-up that
 * fails throws.
 *
 * @returns undefined if the image is not in the repository
 */
export async function gatherFacts(parts: PipelineParts, place: Placed): Promise<Facts | undefined> {
  const image = await loadImage(parts, place);
  if (!image) return undefined;
  const [inspected, report, held] = await Promise.all([
    getImage(parts.db, place.digest, inventoryFormat),
    currentSignatures(parts, place),
    standingHold(parts.db, place),
  ]);
  const matches = inspected && (await matchesOfImage(parts.db, inspected.id));
  return factsOfImage({
    ...image,
    ...(inspected && { inventory: inspected.inventory }),
    ...(matches && { matches }),
    signatures: { report, trustedKeys: parts.policy().keysFor(place.repository) },
    ...(held && { held }),
  });
}
