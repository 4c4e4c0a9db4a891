import { factsAndTime } from '@wharfinger/lib/assess/facts-of-image';
import { judgeFacts } from '@wharfinger/lib/assess/judge-facts';
import { lookUpEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import type { Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import { factsOfScans } from '../scanners/facts-of-scans.ts';
import { standingHold } from '../stores/holds.ts';
import { getImage } from '../stores/images.ts';
import { scansOf } from '../stores/scans.ts';
import type { Placed } from '../stores/repositories.ts';
import { matchImage } from './gather-facts.ts';
import { measuredHere } from './own-chain.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';

/**
 * Judges an image as if it were in another repository: by the rules and signers of that one, from the evidence that lies
 * beside the image. What holds it by hand where it is, holds it there as well.
 *
 * @returns undefined if the image is not in its repository any more
 */
export async function judgeElsewhere(
  parts: PipelineParts,
  place: Placed,
  repository: string,
  purpose: Purpose,
): Promise<Verdict | undefined> {
  const image = await loadImage(parts, place);
  if (!image) return undefined;
  const now = parts.now();
  const policy = await parts.freshPolicy();
  const rules = policy.rulesFor(repository, purpose, now);
  const registry = policy.config.registry.identity;
  const [inspected, evidence, held] = await Promise.all([
    getImage(parts.db, place.digest, knownFormats),
    lookUpEvidence(
      {
        repository,
        digest: place.digest,
        ...(image.config && { config: image.config }),
        rules,
        registry,
        now,
      },
      (name) => ownEvidence(parts.catalog, parts.storage, name === repository ? place.repository : name),
      // nothing is remembered: the evidence of this place is taken for that of another
      rules.custody && (await measuredHere(parts, place.digest)),
    ),
    standingHold(parts.db, place),
  ]);
  const matched = inspected && (await matchImage(parts.db, inspected));
  const scanners = factsOfScans(rules.scanners, await scansOf(parts.db, place.digest, rules.scanners));
  const known = factsAndTime({
    ...image,
    repository,
    ...(inspected && { inventory: inspected.inventory }),
    ...(matched && { matched }),
    evidence,
    ...(scanners && { scanners }),
    registered: rules.repository,
    vex: rules.vex,
    ...(held && { held }),
  });
  return judgeFacts(known, rules, purpose, now);
}
