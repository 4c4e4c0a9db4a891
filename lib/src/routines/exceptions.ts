import type { Facts } from './facts.ts';
import type { FindingFact } from './facts/findings.ts';
import { printable } from './printable.ts';
import { unwaivable, type Exceptions, type Grant, type Waiver } from './records.ts';
import type { Binding } from './routine.ts';
import { matchesScope } from './scope.ts';
import { compareFindings, compareTexts } from './severity-order.ts';
import { parseTime } from './time.ts';
import type { GrantNote, Purpose, WaivedReason, WaiverNote } from './verdict.ts';

/** What excuses one image now. */
export interface ExceptionsInForce {
  /** in an order of their own, whatever order they came in */
  readonly waivers: readonly ActiveWaiver[];
  readonly grants: readonly GrantNote[];
  /** milliseconds since 1970: when one of those about this image begins or ends */
  readonly changes: readonly number[];
}

interface ActiveWaiver {
  readonly routine: string;
  readonly advisories?: readonly string[];
  readonly note: WaiverNote;
}

/** Details that are shown of what a waiver excuses. */
const mostDetails = 20;

/** Those exceptions that are about this image and in force. One with a time that is none is never in force. */
export function exceptionsInForce(
  { waivers, grants }: Exceptions,
  facts: Facts,
  purpose: Purpose,
  now: Date,
): ExceptionsInForce {
  const repository = facts.repository ?? { name: facts.image.repository };
  const isAbout = ({ scope, digest }: Pick<Waiver | Grant, 'scope' | 'digest'>): boolean =>
    (digest === undefined || digest === facts.image.digest) && matchesScope(scope, repository);
  const changes: number[] = [];
  const isNow = (from: string, until: string): boolean => {
    const [start, end] = [parseTime(from), parseTime(until)];
    if (start === undefined || end === undefined) return false;
    changes.push(start, end);
    return start <= now.getTime() && now.getTime() < end;
  };
  return {
    waivers: waivers
      .filter((waiver) => !unwaivable.has(waiver.routine) && isAbout(waiver))
      .filter(({ from, expires }) => isNow(from, expires))
      .map(({ routine, advisories, id, owner, reason, expires }) => ({
        routine,
        ...(advisories && { advisories }),
        note: { id, owner: harmless(owner), reason: harmless(reason), expires },
      }))
      .sort((a, b) => compareTexts(orderOf(a.note), orderOf(b.note))),
    grants: grants
      .filter((grant) => grant.purposes.includes(purpose) && isAbout(grant))
      .filter(({ from, until }) => isNow(from, until))
      .map(({ id, reason, requestedBy, approvedBy, until }) => ({
        id,
        reason: harmless(reason),
        requestedBy: harmless(requestedBy),
        approvedBy: approvedBy.map(harmless),
        until,
      }))
      .sort((a, b) => compareTexts(orderOf(a), orderOf(b))),
    changes,
  };
}

/** What people wrote is shown on terminals. */
function harmless(text: string): string {
  return printable(text, 1000);
}

function orderOf(note: WaiverNote | GrantNote): string {
  return JSON.stringify([note.id, note]);
}

/** The facts as a routine sees them, and what was excused in them. */
interface Excused {
  readonly seen: Facts;
  readonly waived: readonly WaivedReason[];
}

/**
 * Marks the findings that waivers excuse from one routine. Malicious packages are never excused. Whether a marked finding counts is for
 * the routine to say: those that ask nothing of `waiver` excuse nothing.
 */
export function excuseAdvisories(
  facts: Facts,
  { id, routine, effect }: Binding,
  waivers: readonly ActiveWaiver[],
): Excused {
  const wanted = waivers.filter((waiver) => waiver.routine === routine.name && waiver.advisories);
  if (wanted.length === 0 || facts.findings === undefined) return { seen: facts, waived: [] };
  // several may excuse one advisory: the first in their order does
  const byName = new Map<string, ActiveWaiver>();
  for (const waiver of wanted.toReversed())
    for (const name of waiver.advisories ?? []) byName.set(name, waiver);
  const marked = new Map<ActiveWaiver, FindingFact[]>();
  const findings = facts.findings.map((finding): FindingFact => {
    const by = waiverOf(finding, byName);
    if (by === undefined) return finding;
    const some = marked.get(by) ?? [];
    some.push(finding);
    marked.set(by, some);
    return { ...finding, waiver: by.note };
  });
  const waived = [...marked].map(([{ note, advisories = [] }, some]): WaivedReason => {
    const lines = some.sort(compareFindings).map((one) => `${one.package} ${one.version}: ${one.advisory}`);
    return {
      routine: routine.name,
      effect,
      state: 'failed',
      message: `${some.length === 1 ? 'a finding is' : `${some.length} findings are`} excused`,
      details: lines.slice(0, mostDetails).map((line) => printable(line, 300)),
      more: Math.max(0, lines.length - mostDetails),
      remedy: 'update the packages before the waiver expires',
      binding: id,
      waiver: note,
      advisories,
    };
  });
  return { seen: { ...facts, findings }, waived };
}

function waiverOf(finding: FindingFact, byName: ReadonlyMap<string, ActiveWaiver>): ActiveWaiver | undefined {
  if (finding.malicious) return undefined;
  const name = [finding.advisory, ...finding.aliases].find((one) => byName.has(one));
  return name === undefined ? undefined : byName.get(name);
}
