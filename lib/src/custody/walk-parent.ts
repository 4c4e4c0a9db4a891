import { matchesRepository } from '../oci/repository-pattern.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import { addBelow, addIgnored, type Ancestry, type Draft, type Owner } from './ancestry.ts';
import { findIntake } from './check-intake.ts';
import type { Say } from './check-link.ts';
import { commonLayers, compareToParent } from './compare-layers.ts';
import type { CustodyImage } from './custody-image.ts';
import type { JsonObject } from './json-value.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import { measureRecompressed } from './measure-layers.ts';
import { joinReasons, shorten } from './problem.ts';
import { refusedOf } from './refused-of.ts';
import type { CountedIntake, StageReport } from './report.ts';
import { custodyStatements } from './statement-order.ts';
import type { ParentImage } from './statements/layer-link.ts';
import type { Linked, Walk } from './walk.ts';

/** What an image was built on. */
export interface ParentFinding {
  /** how many of the layers are the parent's */
  readonly first: number;
  readonly owners: ReadonlyArray<Owner | undefined>;
  readonly stages: readonly StageReport[];
  /** runtime configuration of the parent; empty where there is no parent; absent: the parent could not be read */
  readonly config?: JsonObject;
  readonly intake?: CountedIntake;
}

const none: ParentFinding = { first: 0, owners: [], stages: [], config: {} };

/** Walks what the link says that the image was built on, and checks that it was. */
export async function walkParent(walk: Walk, draft: Draft, linked: Linked, say: Say): Promise<ParentFinding> {
  const { stage, accepted } = linked;
  const { link } = accepted;
  const parents = parentStages(walk.layout, stage);
  if (link.parent === null) {
    if (parents.length > 0) {
      const before = parents.map(({ name }) => name).join(' or ');
      say(
        'parent-required',
        `the link names no parent, but stage ${stage.name} builds on stage ${before}`,
        0,
      );
    }
    if (link.seq !== 0) say('seq-mismatch', `the link is number ${link.seq} of its chain, but the first`);
    return none;
  }
  // of a parent that cannot be read, the link alone tells how many layers are its own
  const unread: ParentFinding = {
    first: Math.min(link.parent.layerCount, linked.image.layers.length),
    owners: [],
    stages: [],
  };
  if (parents.length === 0) {
    say('parent-not-allowed', `stage ${stage.name} is a first stage, but the link names a parent`, 0);
    return unread;
  }
  const below = await walkCandidates(walk, link.parent, parents, linked.path, say);
  if (below === undefined) return unread;
  addBelow(draft, below);
  if (below.image === undefined) return { ...unread, stages: below.stages };
  checkParent(link.parent, below.image, linked.image, say);
  checkOrder(linked, below, say);
  const intake = await intakeOf(walk, draft, linked, below, say);
  return {
    ...(await layersBelow(walk, draft, linked, below, below.image, say)),
    stages: below.stages,
    config: below.image.config,
    ...(intake === undefined ? {} : { intake }),
  };
}

/** The stages that an image of this stage may be built on. */
export function parentStages(layout: CustodyLayout, stage: CustodyStage): CustodyStage[] {
  const index = layout.stages.indexOf(stage);
  const before = layout.stages[index - 1]?.name;
  const names = stage.parentStages ?? (before === undefined ? [] : [before]);
  return layout.stages.filter(({ name }) => names.includes(name));
}

/** A parent may be of one of several stages: the one in which nothing is against it, else one that has linked it, else the first. */
async function walkCandidates(
  walk: Walk,
  parent: ParentImage,
  stages: readonly CustodyStage[],
  path: readonly string[],
  say: Say,
): Promise<Ancestry | undefined> {
  const lies = ({ repositories }: CustodyStage) =>
    repositories.some((pattern) => matchesRepository(pattern, parent.repository));
  const possible = stages.filter(lies);
  if (possible.length === 0) {
    const actual = walk.layout.stages.find(lies);
    const wanted = stages.map(({ name }) => name).join(' or ');
    const is = actual === undefined ? 'no stage' : `stage ${actual.name}`;
    say(
      'stage-skipped',
      `its parent ${parent.repository}@${shorten(parent.manifest)} is of ${is}, not of stage ${wanted}`,
    );
    return undefined;
  }
  const found: Ancestry[] = [];
  for (const stage of possible) {
    const place = { repository: parent.repository, digest: parent.manifest };
    const below = await walk.follow(place, stage, path);
    if (below.problems.length === 0) return below;
    found.push(below);
  }
  return found.find(({ accepted }) => accepted !== undefined) ?? found[0];
}

function checkParent(told: ParentImage, parent: CustodyImage, image: CustodyImage, say: Say): void {
  if (told.layerCount !== parent.layers.length) {
    say(
      'parent-layers',
      `the link says that its parent has ${told.layerCount} layers, it has ${parent.layers.length}`,
    );
  }
  if (told.chainId !== parent.chainIds.at(-1)) {
    say(
      'parent-chain',
      `the link is for a parent of other layers (chain ID) than ${parent.repository}@${shorten(parent.digest)}`,
    );
  }
  // variants are told by some builders only
  const machine = (platform: string) => platform.split('/').slice(0, 2).join('/');
  if (machine(parent.platform) !== machine(image.platform)) {
    say('parent-platform', `it is for ${image.platform}, its parent for ${parent.platform}`);
  }
}

function checkOrder({ accepted: { link } }: Linked, { accepted }: Ancestry, say: Say): void {
  // without a link of the parent that is what is against it
  if (accepted === undefined) return;
  if (link.seq !== accepted.link.seq + 1) {
    say(
      'seq-mismatch',
      `the link is number ${link.seq} of its chain, its parent's number ${accepted.link.seq}`,
    );
  }
  if (link.prev === null || !accepted.payloads.includes(link.prev)) {
    say('prev-mismatch', `the link does not continue the link of team ${accepted.link.team} at its parent`);
  }
}

async function intakeOf(
  walk: Walk,
  draft: Draft,
  { accepted, stage }: Linked,
  below: Ancestry,
  say: Say,
): Promise<CountedIntake | undefined> {
  const { image: parent, accepted: parentLink } = below;
  if (!stage.intake || parent === undefined || parentLink === undefined) return undefined;
  const report = await walk.source.statements(parent.repository, parent.digest);
  draft.times.push(report.validUntil);
  const question = { parent, parentLink, accepted, stage, layout: walk.layout };
  const { intake, refusals } = findIntake(question, custodyStatements(report.statements, walk.layout));
  if (intake !== undefined) {
    draft.evidence.push({ repository: parent.repository, digest: intake.evidence, what: 'intake' });
    draft.keyIds.push(intake.keyId);
    return intake;
  }
  addIgnored(draft, parent, refusals);
  const unread = refusedOf(report, predicateTypes.verificationSummary);
  const refused = unread?.revoked === true ? 'intake-revoked' : 'intake-refused';
  const told = refusals.filter(({ code }) => code !== 'intake-signer');
  const code = told[0]?.code ?? (unread === undefined ? (refusals[0]?.code ?? 'intake-missing') : refused);
  const reasons = joinReasons([...told.map(({ reason }) => reason), ...(unread?.reasons ?? [])]);
  say(
    code,
    `team ${accepted.link.team} has not shown that it verified ${parent.repository}@${shorten(parent.digest)} before it built on it${reasons === '' ? '' : `: ${reasons}`}`,
  );
  return undefined;
}

async function layersBelow(
  walk: Walk,
  draft: Draft,
  { accepted, image }: Linked,
  below: Ancestry,
  parent: CustodyImage,
  say: Say,
): Promise<Pick<ParentFinding, 'first' | 'owners'>> {
  // a squash makes the layers anew: its team answers for all of them
  if (accepted.link.kind === 'squash') return { first: 0, owners: [] };
  const measured = await measureRecompressed(walk, image, parent);
  const difference = compareToParent(image, parent, measured, (layer) => {
    draft.remarks.push(
      `${image.repository}@${shorten(image.digest)}: layer ${layer} was compressed anew; its content was measured and is the parent's`,
    );
    // who verifies elsewhere has to measure it as well
    draft.evidence.push({
      repository: parent.repository,
      digest: parent.layers[layer]!.digest,
      what: 'layer',
    });
  });
  const first = Math.min(parent.layers.length, image.layers.length);
  if (difference === undefined) return { first, owners: below.owners };
  const owner = below.owners[difference.layer]?.team;
  const whose = owner === undefined ? '' : ` (of team ${owner})`;
  say(difference.code, `layer ${difference.layer}${whose} ${difference.what}`, difference.layer);
  const common = commonLayers(image, parent);
  return { first, owners: below.owners.slice(0, common) };
}
