import { isDeepStrictEqual } from 'node:util';
import type { Facts } from '../routines/facts.ts';
import type { FindingFact } from '../routines/facts/findings.ts';
import type { Reason, Verdict } from '../routines/verdict.ts';

/** A verdict with what it was made of. */
export interface MadeVerdict {
  readonly verdict: Verdict;
  readonly facts: Facts;
  /** what stands for the rules: the digest of the policy, or of the judgement */
  readonly policy: string;
}

/** A finding that is the cause of a change. */
export interface FindingCause {
  /** the CVE where there is one, else the id of the database */
  readonly advisory: string;
  readonly purl: string;
  /** `came` it was not there, `went` it is not any more, `changed` it weighs otherwise */
  readonly what: 'came' | 'went' | 'changed';
  /** of what changed, which fields; empty for the others */
  readonly fields: readonly string[];
}

/** Why a verdict is another one than before. */
export interface ChangeCause {
  /** in order of packages and advisories, the first `mostFindings` of them; `more` counts the rest */
  readonly findings: readonly FindingCause[];
  readonly more: number;
  /** other facts that changed, by their names: `signatures`, `custody`, `held`, … */
  readonly facts: readonly string[];
  /** rules, keys, waivers or other records are others */
  readonly policy: boolean;
  /** nothing else changed: a date has passed */
  readonly time: boolean;
}

/** Findings that one cause names. */
const mostFindings = 200;

/**
 * Tells whether a verdict says something else than the one before, and why. Mere prose does not count: where only a summary or
 * another text that people read was edited, nothing has changed, whatever the messages quote of it.
 *
 * @param before undefined: it is the first
 * @returns undefined: it says the same
 */
export function verdictChange(before: MadeVerdict | undefined, after: MadeVerdict): ChangeCause | undefined {
  if (before === undefined) return { findings: [], more: 0, facts: ['image'], policy: false, time: false };
  const isSame = hasSameSubstance(before.verdict, after.verdict);
  if (isSame && hasSameWords(before.verdict, after.verdict)) return undefined;
  const findings = findingCauses(before.facts.findings ?? [], after.facts.findings ?? []);
  const facts = otherFacts(before.facts, after.facts);
  const policy = before.policy !== after.policy;
  const isCaused = findings.length > 0 || facts.length > 0 || policy;
  if (isSame && !isCaused) return undefined;
  return {
    findings: findings.slice(0, mostFindings),
    more: Math.max(0, findings.length - mostFindings),
    facts,
    policy,
    time: !isCaused,
  };
}

/** Asks for the order of what is said only where it is another one. */
function hasSameSubstance(before: Verdict, after: Verdict): boolean {
  const isAlike =
    before.outcome === after.outcome &&
    before.decided === after.decided &&
    areAlike(before.passed, after.passed, (a, b) => a === b) &&
    areAlike(before.reasons, after.reasons, isSameReason) &&
    !before.waived &&
    !after.waived &&
    !before.grants &&
    !after.grants;
  return isAlike || isDeepStrictEqual(substance(before), substance(after));
}

function isSameReason(a: Reason, b: Reason): boolean {
  return (
    a.binding === b.binding &&
    a.routine === b.routine &&
    a.effect === b.effect &&
    a.state === b.state &&
    a.eased?.by === b.eased?.by
  );
}

function areAlike<T>(before: readonly T[], after: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return before.length === after.length && before.every((one, at) => isSame(one, after[at]!));
}

/** What a verdict decides, without its words and times. */
function substance({ outcome, decided, reasons, passed, waived = [], grants = [] }: Verdict): unknown {
  const part = ({ routine, binding, effect, state, eased }: Reason): unknown => [
    routine,
    binding,
    effect,
    state,
    eased?.by ?? null,
  ];
  return [
    outcome,
    decided,
    reasons.map((reason) => JSON.stringify(part(reason))).sort(),
    passed,
    waived
      .map((reason) => JSON.stringify([part(reason), reason.waiver.id, reason.advisories ?? null]))
      .sort(),
    grants.map(({ id }) => id).sort(),
  ];
}

/** True if both say the same of their reasons. */
function hasSameWords(before: Verdict, after: Verdict): boolean {
  const isSame = (a: Reason, b: Reason): boolean =>
    a.message === b.message &&
    a.more === b.more &&
    areAlike(a.details, b.details, (one, other) => one === other);
  return (
    areAlike(before.reasons, after.reasons, isSame) &&
    areAlike(before.waived ?? [], after.waived ?? [], isSame)
  );
}

/** Fields that are only read by people: an edit of them is no cause. */
const prose: ReadonlySet<string> = new Set(['summary', 'aliases']);

function findingCauses(before: readonly FindingFact[], after: readonly FindingFact[]): FindingCause[] {
  const old = new Map(before.map((finding) => [keyOf(finding), finding]));
  const present = new Map(after.map((finding) => [keyOf(finding), finding]));
  const causes: Array<readonly [key: string, cause: FindingCause]> = [];
  for (const [key, finding] of present) {
    const known = old.get(key);
    old.delete(key);
    const found = known === undefined ? cause(finding, 'came') : changeOf(known, finding);
    if (found) causes.push([key, found]);
  }
  for (const [key, finding] of old) causes.push([key, cause(finding, 'went')]);
  return causes.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const changes = new WeakMap<FindingFact, { readonly from: FindingFact; readonly cause?: FindingCause }>();

/** What changed of a finding; undefined: nothing that counts. Images have findings in common: of each it is looked for once. */
function changeOf(from: FindingFact, to: FindingFact): FindingCause | undefined {
  let change = changes.get(to);
  if (change?.from !== from) {
    const fields = changedFields(from, to).filter((field) => !prose.has(field));
    change = { from, ...(fields.length > 0 && { cause: { ...cause(to, 'changed'), fields } }) };
    changes.set(to, change);
  }
  return change.cause;
}

function cause({ advisory, purl }: FindingFact, what: FindingCause['what']): FindingCause {
  return { advisory, purl, what, fields: [] };
}

function keyOf({ purl, advisory }: FindingFact): string {
  return `${purl}\n${advisory}`;
}

/** Names of the facts besides findings that differ; what a finding changes is told of there. */
function otherFacts(before: Facts, after: Facts): string[] {
  const { findings: _, ...old } = before;
  const { findings: __, ...present } = after;
  const changed = changedFields(old, present);
  const isMatched = (before.findings === undefined) !== (after.findings === undefined);
  return isMatched ? [...changed, 'findings'].sort() : changed;
}

function changedFields(before: object, after: object): string[] {
  const old = before as Readonly<Record<string, unknown>>;
  const present = after as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(old), ...Object.keys(present)]);
  return [...names]
    .filter((name) => old[name] !== present[name] && !isDeepStrictEqual(old[name], present[name]))
    .sort();
}
