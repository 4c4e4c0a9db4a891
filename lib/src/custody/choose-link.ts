import type { Digest } from '../oci/digest.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { Signer, VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason } from '../signing/refusal.ts';
import type { CustodyImage } from './custody-image.ts';
import { stateAt } from './judge-time.ts';
import { canonicalText, type JsonObject } from './json-value.ts';
import type { CustodyLayout, CustodyStage } from './layout.ts';
import type { CustodyProblemCode } from './problem.ts';
import { readLayerLink, type LayerLink } from './statements/layer-link.ts';
import { scopeMismatch, type StatementScope } from './statements/scope.ts';

/** The link that says how an image came about. */
export interface AcceptedLink {
  readonly link: LayerLink;
  readonly statement: VerifiedStatement;
  /** who signed it, or a renewal of it */
  readonly signers: readonly Signer[];
  /** payload digests that the next team may cite it by: its own, and those of the links that it renews */
  readonly payloads: readonly Digest[];
  /** digests of the manifests that carry all of these */
  readonly carriers: readonly Digest[];
}

/** Why a statement does not count. */
export interface Refusal {
  readonly code: CustodyProblemCode;
  readonly reason: string;
  readonly evidence: Digest;
}

export interface LinkChoice {
  /** absent: none counts, or several contradict each other */
  readonly accepted?: AcceptedLink;
  /** links that contradict each other, where no one was accepted for that */
  readonly contradicting: readonly VerifiedStatement[];
  readonly refusals: readonly Refusal[];
  /** RFC 3339: when time may change the choice */
  readonly times: readonly string[];
}

interface Candidate {
  readonly statement: VerifiedStatement;
  readonly link: LayerLink;
  readonly inForce: boolean;
}

/**
 * Chooses the link of an image for a stage among the statements about it. Links that differ in nothing but how long they are in force
 * are one link that was renewed; of any other two, both in force, nobody can tell which is meant.
 */
export function chooseLink(
  image: CustodyImage,
  stage: CustodyStage,
  layout: CustodyLayout,
  statements: readonly VerifiedStatement[],
  now: Date,
): LinkChoice {
  const refusals: Refusal[] = [];
  const times: string[] = [];
  const candidates: Candidate[] = [];
  const scope = { registry: layout.registry, repository: image.repository, platform: image.platform };
  for (const statement of statements) {
    if (statement.predicateType !== predicateTypes.layerLink || statement.subject !== image.digest) continue;
    const refuse = (code: CustodyProblemCode, reason: string) =>
      refusals.push({ code, reason, evidence: statement.evidence });
    const link = readOr(statement, (reason) => refuse('link-invalid', reason));
    if (link === undefined) continue;
    const against = objection(link, statement.signer, scope, stage, layout);
    if (against !== undefined) {
      refuse(against.code, against.reason);
      continue;
    }
    times.push(link.notBefore, link.notAfter);
    const state = stateAt(link, now);
    if (state === 'not-yet')
      refuse('link-not-yet', `the link of team ${link.team} is valid from ${link.notBefore} on`);
    else candidates.push({ statement, link, inForce: state === 'in-force' });
    if (state === 'expired') {
      refuse('link-expired', `the link of team ${link.team} has expired at ${link.notAfter}`);
    }
  }
  const groups = [...Map.groupBy(candidates, ({ link }) => contentOf(link)).values()].filter((group) =>
    group.some(({ inForce }) => inForce),
  );
  const [group] = groups;
  if (group === undefined || groups.length > 1) {
    const contradicting = groups.flat().filter(({ inForce }) => inForce);
    return { contradicting: contradicting.map(({ statement }) => statement), refusals, times };
  }
  return { accepted: acceptedOf(group), contradicting: [], refusals, times };
}

function readOr(statement: VerifiedStatement, refuse: (reason: string) => void): LayerLink | undefined {
  try {
    return readLayerLink(statement.predicate);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    refuse(reason);
    return undefined;
  }
}

function objection(
  link: LayerLink,
  signer: Signer,
  scope: StatementScope,
  stage: CustodyStage,
  layout: CustodyLayout,
): { code: CustodyProblemCode; reason: string } | undefined {
  const elsewhere = scopeMismatch(link.scope, scope);
  if (elsewhere !== undefined)
    return { code: 'link-scope', reason: `the link of team ${link.team} does not count here: ${elsewhere}` };
  const team = stage.teams.find(({ signers }) => signers.includes(signer.key));
  const named = stage.teams.find((one) => one.team === link.team);
  if (team === undefined) return notOfThisStage(link, signer, stage, layout);
  if (named?.signers.includes(signer.key) !== true) {
    return {
      code: 'link-team',
      reason: `${signer.key} of team ${team.team} signed a link in the name of team ${link.team}`,
    };
  }
  if (!signer.purposes.includes('stamp')) {
    return { code: 'link-purpose', reason: `${signer.key} signed a link, but is not trusted for stamps` };
  }
  return undefined;
}

function notOfThisStage(link: LayerLink, signer: Signer, stage: CustodyStage, layout: CustodyLayout) {
  const other = layout.stages.find(({ teams }) => teams.some(({ signers }) => signers.includes(signer.key)));
  if (other === undefined) {
    return {
      code: 'link-signer' as const,
      reason: `${signer.key} signed a link in the name of team ${link.team}, but belongs to no team of stage ${stage.name}`,
    };
  }
  return {
    code: 'stage-skipped' as const,
    reason: `${signer.key} of stage ${other.name} linked it, nobody of stage ${stage.name} did: that stage was skipped`,
  };
}

function contentOf({ notBefore: _from, notAfter: _to, ...content }: LayerLink): string {
  // it was read from JSON, whose numbers a double holds, so that it has a canonical text
  return canonicalText(content as unknown as JsonObject)!;
}

function acceptedOf(group: readonly Candidate[]): AcceptedLink {
  const newest = group
    .filter(({ inForce }) => inForce)
    .reduce((best, one) => (Date.parse(one.link.notAfter) > Date.parse(best.link.notAfter) ? one : best));
  return {
    link: newest.link,
    statement: newest.statement,
    signers: group.map(({ statement }) => statement.signer),
    payloads: group.map(({ statement }) => statement.payloadDigest),
    carriers: group.map(({ statement }) => statement.evidence),
  };
}
