import { attestationLayer, isAttestationChild } from '../oci/attestation-child.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { formatPlatform } from '../oci/descriptor.ts';
import type { ImageIndex } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../signing/evidence.ts';
import { refusalReason } from '../signing/refusal.ts';
import { addIgnored, addProblem, startDraft, type Draft } from './ancestry.ts';
import type { Refusal } from './choose-link.ts';
import { firstAfter, stateAt } from './judge-time.ts';
import { canonicalText, type JsonObject } from './json-value.ts';
import type { CustodyStage } from './layout.ts';
import { custodyLimits } from './limits.ts';
import { refusedOf } from './refused-of.ts';
import { joinReasons, shorten, type CustodyProblemCode } from './problem.ts';
import { fetchManifest, type Place } from './read-image.ts';
import { uniqueEvidence, type CustodyReport } from './report.ts';
import { custodyStatements } from './statement-order.ts';
import { readAssembly, type Assembly } from './statements/assembly.ts';
import { scopeMismatch } from './statements/scope.ts';
import type { Walk } from './walk.ts';

/**
 * Walks an index: a team of the stage must state which images it consists of, that must be exactly its children, and each image
 * must have a chain of its own. Attestation manifests of builders must be named as such, and be nothing else.
 *
 * @param walkChild walks one image to its report
 */
export async function walkIndex(
  walk: Walk,
  place: Place,
  index: ImageIndex,
  stage: CustodyStage,
  walkChild: (child: Place) => Promise<CustodyReport>,
): Promise<CustodyReport> {
  const draft = startDraft(place);
  draft.evidence.push({ ...place, what: 'manifest' });
  const assembly = await chooseAssembly(walk, draft, stage);
  const children: CustodyReport[] = [];
  if (index.manifests.length > custodyLimits.children) {
    fail(
      draft,
      stage,
      'assembly-invalid',
      `it has ${index.manifests.length} children, more than ${custodyLimits.children}`,
    );
  }
  const listed = [...new Map(index.manifests.map((child) => [child.digest, child])).values()];
  for (const child of listed.slice(0, custodyLimits.children)) {
    const at = { repository: place.repository, digest: child.digest };
    if (isIndexType(child.mediaType)) {
      fail(draft, stage, 'index-nested', `its child ${shorten(child.digest)} is an index again`);
    } else if (assembly?.excluded.includes(child.digest) === true) {
      await checkAttestation(walk, draft, stage, child, at);
    } else {
      const report = await walkChild(at);
      children.push(report);
      if (assembly !== undefined) checkChild(draft, stage, assembly, child, report);
    }
  }
  const present = new Set(listed.map(({ digest }) => digest));
  const named = [...(assembly?.manifests.map(({ digest }) => digest) ?? []), ...(assembly?.excluded ?? [])];
  for (const digest of new Set(named)) {
    if (!present.has(digest))
      fail(
        draft,
        stage,
        'assembly-child-missing',
        `it was assembled of ${shorten(digest)}, which it does not list`,
      );
  }
  return indexReport(walk, draft, children);
}

function indexReport(
  { layout, layoutDigest, now }: Walk,
  draft: Draft,
  children: readonly CustodyReport[],
): CustodyReport {
  const validUntil = firstAfter([...draft.times, ...children.map((child) => child.validUntil)], now);
  return {
    kind: 'index',
    ...draft.place,
    layout: layout.name,
    layoutDigest,
    complete:
      draft.problems.length === 0 && children.length > 0 && children.every(({ complete }) => complete),
    stages: [],
    layers: [],
    problems: draft.problems,
    ignored: draft.ignored,
    remarks: draft.remarks,
    evidence: uniqueEvidence(draft.evidence),
    keyIds: [...new Set(draft.keyIds)].sort(),
    ...(validUntil === undefined ? {} : { validUntil }),
    children,
  };
}

function fail(draft: Draft, stage: CustodyStage, code: CustodyProblemCode, what: string): void {
  const { repository, digest } = draft.place;
  const teams = stage.teams.map(({ team }) => team).join(', ');
  addProblem(
    draft,
    code,
    `the index ${repository}@${shorten(digest)}, stage ${stage.name} (${teams}): ${what}`,
    {
      stage: stage.name,
    },
  );
}

async function chooseAssembly(walk: Walk, draft: Draft, stage: CustodyStage): Promise<Assembly | undefined> {
  const { place } = draft;
  const report = await walk.source.statements(place.repository, place.digest);
  draft.times.push(report.validUntil);
  const statements = custodyStatements(report.statements, walk.layout);
  if (statements.length > custodyLimits.statements) {
    fail(
      draft,
      stage,
      'statements-too-many',
      `${statements.length} statements are made about it, more than ${custodyLimits.statements}`,
    );
    return undefined;
  }
  const refusals: Refusal[] = [];
  const found: Array<{ assembly: Assembly; statement: VerifiedStatement }> = [];
  for (const statement of statements) {
    if (statement.predicateType !== predicateTypes.assembly || statement.subject !== place.digest) continue;
    const assembly = readOr(statement);
    const against =
      typeof assembly === 'string'
        ? { code: 'assembly-invalid' as const, reason: assembly }
        : objection(walk, place, stage, assembly, statement, draft);
    if (against !== undefined) refusals.push({ ...against, evidence: statement.evidence });
    else if (typeof assembly !== 'string') found.push({ assembly, statement });
  }
  addIgnored(draft, place, refusals);
  const contents = Map.groupBy(found, ({ assembly }) => contentOf(assembly));
  const [chosen] = found;
  if (contents.size > 1) {
    fail(draft, stage, 'assembly-equivocation', 'assemblies are in force that contradict each other');
    return undefined;
  }
  if (chosen === undefined) {
    const [last] = refusals.slice(-1);
    const unread = refusedOf(report, predicateTypes.assembly);
    const refused = unread?.revoked === true ? 'assembly-revoked' : 'assembly-refused';
    const code = last?.code ?? (unread === undefined ? 'assembly-missing' : refused);
    const reasons = joinReasons([...refusals.map(({ reason }) => reason), ...(unread?.reasons ?? [])]);
    fail(
      draft,
      stage,
      code,
      `nobody who may has stated what it was assembled of${reasons === '' ? '' : `: ${reasons}`}`,
    );
    return undefined;
  }
  for (const { statement } of found) {
    draft.evidence.push({ repository: place.repository, digest: statement.evidence, what: 'assembly' });
    draft.keyIds.push(statement.signer.keyId);
  }
  return chosen.assembly;
}

function readOr(statement: VerifiedStatement): Assembly | string {
  try {
    return readAssembly(statement.predicate);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

function contentOf({ notBefore: _from, notAfter: _to, ...content }: Assembly): string {
  return canonicalText(content as unknown as JsonObject)!;
}

function objection(
  walk: Walk,
  place: Place,
  stage: CustodyStage,
  assembly: Assembly,
  { signer }: VerifiedStatement,
  draft: Draft,
): { code: CustodyProblemCode; reason: string } | undefined {
  const who = `the assembly by ${signer.key}`;
  const elsewhere = scopeMismatch(assembly.scope, {
    registry: walk.layout.registry,
    repository: place.repository,
  });
  if (elsewhere !== undefined)
    return { code: 'assembly-scope', reason: `${who} does not count here: ${elsewhere}` };
  const team = stage.teams.find((one) => one.team === assembly.team);
  if (team?.signers.includes(signer.key) !== true) {
    return {
      code: 'assembly-signer',
      reason: `${who} is in the name of ${assembly.team}, for which it may not sign in stage ${stage.name}`,
    };
  }
  if (!signer.purposes.includes('stamp')) {
    return { code: 'assembly-purpose', reason: `${who} does not count: the key is not trusted for stamps` };
  }
  draft.times.push(assembly.notBefore, assembly.notAfter);
  const state = stateAt(assembly, walk.now);
  if (state === 'not-yet')
    return { code: 'assembly-not-yet', reason: `${who} is valid from ${assembly.notBefore} on` };
  if (state === 'expired')
    return { code: 'assembly-expired', reason: `${who} has expired at ${assembly.notAfter}` };
  return undefined;
}

function checkChild(
  draft: Draft,
  stage: CustodyStage,
  assembly: Assembly,
  child: Descriptor,
  report: CustodyReport,
): void {
  const listed = assembly.manifests.filter(({ digest }) => digest === child.digest);
  if (listed.length !== 1) {
    const what = listed.length === 0 ? 'was not assembled into it' : 'was assembled into it several times';
    return fail(draft, stage, 'assembly-child-unlisted', `its child ${shorten(child.digest)} ${what}`);
  }
  const told = listed[0]!.platform;
  const shown = child.platform === undefined ? undefined : formatPlatform(child.platform);
  for (const actual of [shown, report.platform]) {
    // an image that cannot be read is refused for that
    if (actual !== undefined && actual !== told) {
      return fail(
        draft,
        stage,
        'assembly-platform',
        `its child ${shorten(child.digest)} was assembled for ${told}, but is for ${actual}`,
      );
    }
  }
}

/** What no engine takes for an image: a manifest of attestations, for no platform, that holds nothing but in-toto statements. */
async function checkAttestation(
  walk: Walk,
  draft: Draft,
  stage: CustodyStage,
  child: Descriptor,
  at: Place,
): Promise<void> {
  const refused = (what: string) =>
    fail(
      draft,
      stage,
      'assembly-not-an-attestation',
      `its child ${shorten(at.digest)} was left out as an attestation, but ${what}`,
    );
  if (!isAttestationChild(child)) return refused('engines may take it for an image');
  try {
    const manifest = await fetchManifest(walk.source, at);
    if (manifest === undefined) return refused('it is not there');
    if (manifest.kind === 'index') return refused('it is an index');
    const others = manifest.layers.filter(({ mediaType }) => mediaType !== attestationLayer);
    if (others.length > 0) return refused(`it holds ${others[0]!.mediaType}`);
  } catch (error) {
    const reason = refusalReason(error);
    if (reason === undefined) throw error;
    return refused(reason);
  }
  draft.evidence.push({ ...at, what: 'manifest' });
}
