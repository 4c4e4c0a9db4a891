import { matchesRepository } from '../oci/repository-pattern.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import { addBelow, addProblem, type Ancestry, type Draft, type Owner } from './ancestry.ts';
import type { StatementReport } from './chain-source.ts';
import type { LinkChoice, Refusal } from './choose-link.ts';
import type { CustodyImage } from './custody-image.ts';
import type { CustodyStage } from './layout.ts';
import { joinReasons, layerRange, shorten, type CustodyProblemCode } from './problem.ts';
import { refusedOf } from './refused-of.ts';
import type { Walk } from './walk.ts';

/**
 * Says that nobody answers for an image, and as far as can be told for which of its layers: those above the longest beginning
 * that is a known image.
 * @returns the owners of that beginning
 */
export async function reportUnlinked(
  walk: Walk,
  draft: Draft,
  image: CustodyImage,
  stage: CustodyStage,
  choice: LinkChoice,
  report: StatementReport,
  path: readonly string[],
): Promise<ReadonlyArray<Owner | undefined>> {
  const { code, reason } = whyNone(choice, stage, report);
  const below = await knownBeginning(walk, image, path);
  const first = below?.image?.layers.length ?? 0;
  const teams = stage.teams.map(({ team }) => team).join(', ') || 'nobody';
  const rest =
    first < image.layers.length
      ? `${layerRange(first, image.layers.length)} (${shorten(image.layers[first]!.digest)}${image.layers.length - first > 1 ? ', …' : ''}) unattributed`
      : 'all layers are known, but not this configuration of them';
  const base =
    below?.image === undefined
      ? ''
      : `; what lies below is ${below.image.repository}@${shorten(below.image.digest)}${teamsOf(below)}`;
  addProblem(
    draft,
    code,
    `${image.repository}@${shorten(image.digest)}, stage ${stage.name} (${teams}): ${rest}: ${reason}${base}`,
    { stage: stage.name, ...(first < image.layers.length ? { layer: first } : {}) },
  );
  if (below === undefined) return image.layers.map(() => undefined);
  addBelow(draft, below);
  return image.layers.map((_, index) => below.owners[index]);
}

function teamsOf({ stages }: Ancestry): string {
  return stages.length === 0 ? '' : ` of ${[...new Set(stages.map(({ team }) => team))].join(' and ')}`;
}

function whyNone(
  { contradicting, refusals }: LinkChoice,
  stage: CustodyStage,
  report: StatementReport,
): { code: CustodyProblemCode; reason: string } {
  if (contradicting.length > 0) {
    const by = [...new Set(contradicting.map(({ signer }) => signer.key))].join(', ');
    return { code: 'equivocation', reason: `links by ${by} are in force that contradict each other` };
  }
  const [best] = [...refusals].sort((a, b) => rank(b) - rank(a));
  if (best !== undefined)
    return { code: best.code, reason: joinReasons([best, ...refusals].map(({ reason }) => reason)) };
  const refused = refusedOf(report, predicateTypes.layerLink);
  if (refused !== undefined) {
    const code = refused.revoked ? 'link-revoked' : 'link-refused';
    return { code, reason: `no link counts: ${joinReasons(refused.reasons)}` };
  }
  return { code: 'link-missing', reason: `no team of stage ${stage.name} has linked it` };
}

/** The further a link got, the more its refusal tells. */
const ranks: readonly CustodyProblemCode[] = [
  'link-invalid',
  'link-scope',
  'link-signer',
  'stage-skipped',
  'link-team',
  'link-purpose',
  'link-not-yet',
  'link-expired',
];

function rank({ code }: Refusal): number {
  return ranks.indexOf(code);
}

/** The longest proper beginning of the layers that is an image of its own, walked as one of the first stage that it may be of. */
async function knownBeginning(
  walk: Walk,
  image: CustodyImage,
  path: readonly string[],
): Promise<Ancestry | undefined> {
  const { source, layout } = walk;
  if (source.imageByChainId === undefined) return undefined;
  for (let index = image.chainIds.length - 1; index >= 0; index -= 1) {
    const place = await source.imageByChainId(image.chainIds[index]!);
    if (place === undefined || place.digest === image.digest) continue;
    const stage = layout.stages.find(({ repositories }) =>
      repositories.some((pattern) => matchesRepository(pattern, place.repository)),
    );
    if (stage === undefined) continue;
    const below = await walk.follow(place, stage, path);
    const fits =
      below.image?.layers.length === index + 1 &&
      below.image.layers.every(({ digest }, at) => digest === image.layers[at]!.digest);
    if (fits) return below;
  }
  return undefined;
}
