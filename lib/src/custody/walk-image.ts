import { matchesRepository } from '../oci/repository-pattern.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import { refusalReason } from '../signing/refusal.ts';
import { addIgnored, addProblem, startDraft, type Ancestry, type Draft, type Owner } from './ancestry.ts';
import type { StatementReport } from './chain-source.ts';
import { checkAdded, checkConfig, checkResult, type Say } from './check-link.ts';
import { chooseLink } from './choose-link.ts';
import { countApprovals } from './count-approvals.ts';
import type { CustodyImage } from './custody-image.ts';
import { firstAfter } from './judge-time.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import { custodyLimits } from './limits.ts';
import { joinReasons, layerRange, shorten } from './problem.ts';
import { fetchImage, type Place } from './read-image.ts';
import { refusedOf } from './refused-of.ts';
import type { StageReport } from './report.ts';
import { custodyStatements } from './statement-order.ts';
import { reportUnlinked } from './unlinked.ts';
import { walkParent, type ParentFinding } from './walk-parent.ts';
import { imageKey, type Linked, type Walk } from './walk.ts';

/**
 * Finds out how an image of a stage came about: its own link, approvals and intake, then those of everything below.
 * @param above the images that led to it
 * @throws whatever the source throws where a look-up fails
 */
export function walkImage(
  walk: Walk,
  place: Place,
  stage: CustodyStage,
  above: readonly string[],
): Promise<Ancestry> {
  const key = imageKey(place, stage);
  // links name their parents as they like: one that leads back would be waited for for ever
  if (above.includes(key)) return Promise.resolve(circular(walk, place, stage));
  const known = walk.done.get(key);
  if (known !== undefined) return known;
  const found = recallOrWalk(walk, key, place, stage, above);
  walk.done.set(key, found);
  return found;
}

async function recallOrWalk(
  walk: Walk,
  key: string,
  place: Place,
  stage: CustodyStage,
  above: readonly string[],
): Promise<Ancestry> {
  const kept = await recall(walk, key, above.length);
  if (kept !== undefined) return kept;
  const found = await look(walk, place, stage, [...above, key]);
  const { memo, layoutDigest } = walk;
  // what failed because of what led to it need not fail in another walk
  if (above.length > 0 && !found.problems.some(({ code }) => code === 'too-deep' || code === 'circular')) {
    memo?.set(`${layoutDigest} ${memo.generation} ${key}`, found);
  }
  return found;
}

function circular(walk: Walk, place: Place, stage: CustodyStage): Ancestry {
  const draft = startDraft(place);
  const message = `${place.repository}@${shorten(place.digest)}: its links lead back to itself`;
  addProblem(draft, 'circular', message, { stage: stage.name });
  return finish(walk, draft, {});
}

/**
 * Only ancestors are remembered: how deep the walk may still go is checked against their own length, and what was measured since
 * against what they claim.
 */
async function recall(
  { memo, layoutDigest, now, layout, measured }: Walk,
  key: string,
  depth: number,
): Promise<Ancestry | undefined> {
  if (depth === 0 || memo === undefined) return undefined;
  const kept = await memo.get(`${layoutDigest} ${memo.generation} ${key}`);
  if (kept === undefined) return undefined;
  const time = now.getTime();
  const over = kept.validUntil !== undefined && time >= Date.parse(kept.validUntil);
  const fits = depth + kept.stages.length <= depthLimit(layout);
  const belied = kept.claims.some(({ digest, diffId }) => (measured.get(digest) ?? diffId) !== diffId);
  return over || time < Date.parse(kept.walkedAt) || !fits || belied ? undefined : kept;
}

function depthLimit({ maxDepth = custodyLimits.depth }: CustodyLayout): number {
  return Math.min(maxDepth, custodyLimits.depth);
}

async function look(
  walk: Walk,
  place: Place,
  stage: CustodyStage,
  path: readonly string[],
): Promise<Ancestry> {
  const draft = startDraft(place);
  const name = `${place.repository}@${shorten(place.digest)}`;
  const fail: Say = (code, what) => addProblem(draft, code, `${name}: ${what}`, { stage: stage.name });
  if (path.length > depthLimit(walk.layout)) {
    fail('too-deep', `the chain is longer than ${depthLimit(walk.layout)} images`);
    return finish(walk, draft, {});
  }
  if (!stage.repositories.some((pattern) => matchesRepository(pattern, place.repository))) {
    fail('repository-not-of-stage', `images of stage ${stage.name} do not lie in ${place.repository}`);
  }
  const image = await imageOr(walk, place, fail);
  if (image === undefined) {
    // once it is there, the chain is another
    draft.evidence.push({ ...place, what: 'absent' });
    return finish(walk, draft, {});
  }
  draft.remarks.push(...image.remarks.map((remark) => `${name}: ${remark}`));
  draft.evidence.push(
    { ...place, what: 'manifest' },
    { repository: place.repository, digest: image.configDigest, what: 'config' },
  );
  draft.claims.push(...image.layers.map(({ digest, diffId }) => ({ digest, diffId })));
  checkMeasured(walk, image, (code, what, layer) =>
    addProblem(draft, code, `${name}: ${what}`, { stage: stage.name, layer }),
  );
  const report = await walk.source.statements(place.repository, place.digest);
  draft.times.push(report.validUntil);
  const statements = custodyStatements(report.statements, walk.layout);
  if (statements.length > custodyLimits.statements) {
    fail(
      'statements-too-many',
      `${statements.length} statements are made about it, more than ${custodyLimits.statements}`,
    );
    return finish(walk, draft, { image });
  }
  const choice = chooseLink(image, stage, walk.layout, statements, walk.now);
  draft.times.push(...choice.times);
  addIgnored(draft, place, choice.refusals);
  if (choice.accepted === undefined) {
    const owners = await reportUnlinked(walk, draft, image, stage, choice, report, path);
    return finish(walk, draft, { image, owners });
  }
  return walkLinked(walk, draft, { image, stage, accepted: choice.accepted, report, path });
}

async function walkLinked(walk: Walk, draft: Draft, linked: Linked): Promise<Ancestry> {
  const { image, stage, accepted, report } = linked;
  const { link, statement } = accepted;
  const { place } = draft;
  const name = `${place.repository}@${shorten(place.digest)}, stage ${stage.name}, team ${link.team}`;
  const say: Say = (code, what, layer) =>
    addProblem(draft, code, `${name}: ${what}`, { stage: stage.name, team: link.team, layer });
  if (!stage.kinds.includes(link.kind)) {
    say(
      'kind-not-allowed',
      `links of kind ${link.kind} are not allowed there, only ${stage.kinds.join(', ')}`,
    );
  }
  // also the links that it renews: others cite them
  for (const digest of accepted.carriers) {
    draft.evidence.push({ repository: place.repository, digest, what: 'link' });
  }
  draft.keyIds.push(...accepted.signers.map(({ keyId }) => keyId));
  checkResult(link, image, say);
  const parent = await walkParent(walk, draft, linked, say);
  // a link that tells other layers than there are attributes none of them
  const sofar = draft.problems.length;
  checkAdded(link, image, parent.first, stage, say);
  const owns = draft.problems.slice(sofar).every(({ code }) => code !== 'added-layers');
  const { config: before } = parent;
  const changed = before === undefined ? [] : checkConfig(link, image, before, stage, say);
  const approvals = countApprovals(
    image,
    stage,
    walk.layout,
    accepted,
    custodyStatements(report.statements, walk.layout),
    walk.now,
  );
  draft.times.push(...approvals.times);
  addIgnored(draft, place, approvals.refusals);
  for (const { evidence, keyId } of approvals.counted) {
    draft.keyIds.push(keyId);
    draft.evidence.push({ repository: place.repository, digest: evidence, what: 'approval' });
  }
  if (approvals.problem !== undefined) sayShort(approvals, report, say, image, parent);
  const owner: Owner = { team: link.team, stage: stage.name, link: statement.payloadDigest };
  const { signer } = statement;
  const own: StageReport = {
    stage: stage.name,
    team: link.team,
    key: signer.key,
    keyId: signer.keyId,
    principal: signer.principal,
    repository: place.repository,
    manifest: place.digest,
    link: statement.payloadDigest,
    evidence: statement.evidence,
    kind: link.kind,
    seq: link.seq,
    firstLayer: parent.first,
    layers: image.layers.length - parent.first,
    changed,
    approvals: approvals.counted,
    ...(parent.intake === undefined ? {} : { intake: parent.intake }),
    notAfter: earliest([link.notAfter, ...approvals.counted.map(({ notAfter }) => notAfter)]),
  };
  return finish(walk, draft, {
    image,
    accepted,
    stages: [...parent.stages, own],
    owners: image.layers.map((_, index) => {
      if (index < parent.first) return parent.owners[index];
      return owns ? owner : undefined;
    }),
  });
}

function sayShort(
  { problem, refusals }: ReturnType<typeof countApprovals>,
  report: StatementReport,
  say: Say,
  image: CustodyImage,
  parent: ParentFinding,
): void {
  if (problem === undefined) return;
  const unread = refusedOf(report, predicateTypes.approval);
  const reasons = [...refusals.map(({ reason }) => reason), ...(unread?.reasons ?? [])];
  const because = reasons.length === 0 ? '' : `; others do not count: ${joinReasons(reasons)}`;
  const refused = unread?.revoked === true ? 'approvals-revoked' : 'approvals-refused';
  const code = problem.code === 'approvals-short' && unread !== undefined ? refused : problem.code;
  const end = image.layers.length;
  const what = parent.first < end ? `${layerRange(parent.first, end)} not approved` : 'not approved';
  say(code, `${what}: ${problem.what}${because}`);
}

async function imageOr(walk: Walk, place: Place, fail: Say): Promise<CustodyImage | undefined> {
  try {
    const image = await fetchImage(walk.source, place);
    if (image === undefined) fail('image-missing', 'it is not there');
    return image;
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    fail('image-unreadable', reason);
    return undefined;
  }
}

function checkMeasured({ measured }: Walk, image: CustodyImage, say: Say): void {
  for (const [index, { digest, diffId }] of image.layers.entries()) {
    const real = measured.get(digest);
    if (real !== undefined && real !== diffId) {
      say(
        'diff-id-lie',
        `layer ${index} (${shorten(digest)}) holds ${shorten(real)}, its config claims ${shorten(diffId)}`,
        index,
      );
    }
  }
}

function earliest(times: readonly string[]): string {
  return times.reduce((first, time) => (Date.parse(time) < Date.parse(first) ? time : first));
}

function finish(
  walk: Walk,
  draft: Draft,
  found: Partial<Pick<Ancestry, 'image' | 'accepted' | 'stages' | 'owners'>>,
): Ancestry {
  const validUntil = firstAfter(draft.times, walk.now);
  const { problems, ignored, remarks, evidence, keyIds, claims } = draft;
  return {
    stages: [],
    owners: found.image?.layers.map(() => undefined) ?? [],
    ...found,
    problems,
    ignored,
    remarks,
    evidence,
    keyIds,
    claims,
    walkedAt: walk.now.toISOString(),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}
