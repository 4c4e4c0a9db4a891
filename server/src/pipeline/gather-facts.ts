import { factsAndTime } from '@wharfinger/lib/assess/facts-of-image';
import {
  subjectsOf,
  uncoveredEcosystems,
  type MatchedPackages,
} from '@wharfinger/lib/assess/findings-of-image';
import { agesFor } from '@wharfinger/lib/advisories/ages';
import { cvesOf } from '@wharfinger/lib/assess/match-advisories';
import type { KnownFacts } from '@wharfinger/lib/assess/judge-facts';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import type { Db } from '../db/schema.ts';
import { factsOfScans } from '../scanners/facts-of-scans.ts';
import { coveredEcosystems, isCovered } from '../stores/covered-ecosystems.ts';
import { knownAges } from '../stores/feeds.ts';
import { matchesOfImage } from '../stores/findings.ts';
import { standingHold } from '../stores/holds.ts';
import { getImage, type StoredImage } from '../stores/images.ts';
import { scansOf } from '../stores/scans.ts';
import { threatsOf } from '../stores/threats.ts';
import type { Placed } from '../stores/repositories.ts';
import type { PipelineParts } from './parts.ts';
import { loadImage } from './stored-image.ts';
import { currentSignatures } from './verify.ts';

/** What was found for the packages of an image, and for which of them nothing could be. */
export async function matchImage(db: Db, { id, inventory }: StoredImage): Promise<MatchedPackages> {
  const [matches, covered, ages] = await Promise.all([
    matchesOfImage(db, id),
    coveredEcosystems(db),
    knownAges(db),
  ]);
  const subjects = subjectsOf(inventory);
  return {
    matches,
    uncovered: uncoveredEcosystems(subjects, (one) => isCovered(covered, one)),
    threats: await threatsOf(db, cvesOf(matches)),
    ages: agesFor(
      ages,
      subjects.map(({ ecosystem }) => ecosystem),
    ),
  };
}

/** Which facts are wanted. */
export interface FactsWanted {
  /** false: not what scanners said, of which there may be megabytes */
  readonly scans: boolean;
}

/** For answers that say nothing of scanners. Nobody judges by it: a fact that is not gathered is one that is not known. */
export const withoutScans: FactsWanted = { scans: false };

/**
 * Everything that is established about an image in its repository. What is not known yet is absent; a look-up that
 * fails throws.
 *
 * @returns undefined if the image is not in the repository
 */
export async function gatherFacts(
  parts: PipelineParts,
  place: Placed,
  wanted: FactsWanted = { scans: true },
): Promise<KnownFacts | undefined> {
  const image = await loadImage(parts, place);
  if (!image) return undefined;
  const [inspected, evidence, held] = await Promise.all([
    getImage(parts.db, place.digest, knownFormats),
    currentSignatures(parts, place),
    standingHold(parts.db, place),
  ]);
  const matched = inspected && (await matchImage(parts.db, inspected));
  const rules = parts.policy().rulesFor(place.repository, 'pull', parts.now());
  const scanners = wanted.scans
    ? factsOfScans(rules.scanners, await scansOf(parts.db, place.digest, rules.scanners))
    : undefined;
  return factsAndTime({
    ...image,
    ...(inspected && { inventory: inspected.inventory }),
    ...(matched && { matched }),
    evidence,
    ...(scanners && { scanners }),
    registered: rules.repository,
    vex: rules.vex,
    ...(held && { held }),
  });
}
