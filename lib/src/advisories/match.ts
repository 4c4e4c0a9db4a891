import { isWharfingerError } from '../errors.ts';
import type { Advisory, Affected, AffectedRange, Match, Severity } from './advisory.ts';
import { packageKey, sameRelease } from './ecosystem.ts';
import { isFixedBuild, sameModule } from './modules.ts';
import type { Scored } from './osv-severity.ts';
import {
  namesBranch,
  publishedFix,
  readableBound,
  versionOrder,
  type VersionOrder,
} from './versions/order.ts';

/** What advisories are matched by: for dpkg the source package and its version, for apk the origin, else name and version. */
export interface PackageVersion {
  /** OSV's, with its suffix, such as Debian:12 */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
}

/** What of an advisory decides a match. */
export type MatchableAdvisory = Pick<Advisory, 'id' | 'affected' | 'withdrawn'>;

type Answer = { readonly affected: boolean } | { readonly undecided: string };

/** A version that has a place in each order. */
const everywhere = '1.0.0';

const no: Answer = { affected: false };
const yes: Answer = { affected: true };

/**
 * Does the advisory affect this version of the package? Evaluated as the OSV schema says ("Evaluation"): listed among
 * `versions`, or inside one of the `ranges`. Undefined: it does not. What cannot be told is a match with `undecided`.
 */
export function affects(advisory: MatchableAdvisory, subject: PackageVersion): Match | undefined {
  if (advisory.withdrawn !== undefined) return undefined;
  const entries = entriesAbout(advisory.affected, subject);
  if (entries.length === 0 || isFixedBuild(entries, subject)) return undefined;
  const answer = evaluate(entries, subject.ecosystem, subject.version);
  if ('undecided' in answer) return { advisory: advisory.id, undecided: answer.undecided };
  if (!answer.affected) return undefined;
  const fix = smallestFix(entries, subject);
  return {
    advisory: advisory.id,
    ...(fix === undefined ? {} : { fixedIn: publishedFix(subject.ecosystem, fix) }),
  };
}

/** Nearly always all of them: then no other list is made. */
function entriesAbout(affected: readonly Affected[], subject: PackageVersion): readonly Affected[] {
  const [only] = affected;
  if (affected.length === 1 && only !== undefined && isAbout(only, subject)) return affected;
  return affected.filter((item) => isAbout(item, subject));
}

function isAbout(item: Affected, { ecosystem, name }: PackageVersion): boolean {
  if (item.name === name && item.ecosystem === ecosystem) return true;
  return (
    packageKey(item.ecosystem, item.name) === packageKey(ecosystem, name) &&
    sameRelease(item.ecosystem, ecosystem) &&
    sameModule(item.ecosystem, ecosystem)
  );
}

/**
 * How bad an advisory is for this package: what it says of the package, where it does so, else what it says of itself.
 * The score belongs to the latter alone.
 */
export function severityFor(
  advisory: Scored & { readonly affected: readonly Affected[] },
  subject: PackageVersion,
): Scored {
  const own = ownSeverity(advisory.affected, subject, advisory.severity);
  if (own !== undefined) return { severity: own };
  const { severity, score } = advisory;
  return score === undefined ? { severity } : { severity, score };
}

/** What an advisory says of this package, where that is something else than what it says of itself. */
export function ownSeverity(
  affected: readonly Affected[],
  subject: PackageVersion,
  general: Severity,
): Severity | undefined {
  const own = affected.find(
    (item) => item.name === subject.name && sameRelease(item.ecosystem, subject.ecosystem),
  )?.severity;
  return own === general ? undefined : own;
}

/** One entry that is met is enough; what is undecided gives way to that, and to nothing else. */
function evaluate(entries: readonly Affected[], ecosystem: string, version: string): Answer {
  let answer: Answer = no;
  for (const entry of entries) {
    const one = evaluateEntry(entry, ecosystem, version);
    if ('affected' in one && one.affected) return yes;
    if ('undecided' in one) answer = one;
  }
  return answer;
}

function evaluateEntry(entry: Affected, ecosystem: string, version: string): Answer {
  if (entry.ranges.length === 0 && entry.versions.length === 0) {
    return { undecided: 'the advisory names no versions' };
  }
  if (entry.versions.includes(version)) return yes;
  let answer: Answer = no;
  const listed = evaluateList(entry.versions, ecosystem, version);
  if ('undecided' in listed) answer = listed;
  else if (listed.affected) return yes;
  for (const range of entry.ranges) {
    const one = evaluateRange(range, ecosystem, version);
    if ('affected' in one && one.affected) return yes;
    if ('undecided' in one) answer = one;
  }
  return answer;
}

/** Listed under another spelling (v1.0.0 and 1.0.0)? */
function evaluateList(versions: readonly string[], ecosystem: string, version: string): Answer {
  if (versions.length === 0) return no;
  const order = versionOrder(ecosystem);
  if (order === undefined) return withoutOrder(ecosystem);
  try {
    order(version, everywhere);
  } catch (error) {
    // It may be any of those that are listed, spelled as nobody reads it.
    if (isWharfingerError(error, 'VERSION_INVALID')) return { undecided: error.message };
    throw error;
  }
  return versions.some((item) => isSame(order, item, version)) ? yes : no;
}

/** A text without a place in the order is the same only as itself. */
function isSame(order: VersionOrder, a: string, b: string): boolean {
  try {
    return order(a, b) === 0;
  } catch (error) {
    if (isWharfingerError(error, 'VERSION_INVALID')) return a === b;
    throw error;
  }
}

function withoutOrder(ecosystem: string): Answer {
  return { undecided: `versions of ${ecosystem} cannot be ordered` };
}

function evaluateRange(range: AffectedRange, ecosystem: string, version: string): Answer {
  const simple = onlyFix(range);
  // "introduced 0" alone, of which there are many, needs no order.
  if (
    simple === undefined &&
    range.events.every((event) => 'introduced' in event && event.introduced === '0')
  )
    return yes;
  // Alpine's security database writes "fixed in 0" for a flaw that never reached the package.
  const isFixedAtOnce = simple === undefined ? range.events.some(fixesNothing) : simple === '0';
  if (isFixedAtOnce) return no;
  const order = versionOrder(ecosystem, range.type);
  if (order === undefined) return withoutOrder(ecosystem);
  if (namesBranch(ecosystem, version)) return { undecided: `${version} names a branch, not a version` };
  try {
    if (simple !== undefined) {
      return order(version, readableBound(ecosystem, simple, version)) < 0 ? yes : no;
    }
    const events = range.events.map((event) => readable(event, ecosystem, version));
    return isInside({ ...range, events }, order, version) ? yes : no;
  } catch (error) {
    if (isWharfingerError(error, 'VERSION_INVALID')) return { undecided: error.message };
    throw error;
  }
}

function fixesNothing(event: AffectedRange['events'][number]): boolean {
  return 'fixed' in event && event.fixed === '0';
}

/** Where a range is from the first version on to one that is fixed, as nearly all are: that one. */
function onlyFix({ events }: AffectedRange): string | undefined {
  const [first, second] = events;
  if (events.length !== 2 || first === undefined || second === undefined) return undefined;
  return 'introduced' in first && first.introduced === '0' && 'fixed' in second ? second.fixed : undefined;
}

/** An event at a position that can be told. */
function readable(event: AffectedRange['events'][number], ecosystem: string, version: string): typeof event {
  const at = (bound: string): string => readableBound(ecosystem, bound, version);
  if ('introduced' in event) return { introduced: at(event.introduced) };
  if ('fixed' in event) return { fixed: at(event.fixed) };
  return 'lastAffected' in event ? { lastAffected: at(event.lastAffected) } : event;
}

/** The position of an event. */
function eventVersion(event: AffectedRange['events'][number]): string {
  if ('introduced' in event) return event.introduced;
  if ('fixed' in event) return event.fixed;
  return 'lastAffected' in event ? event.lastAffected : event.limit;
}

function isInside(range: AffectedRange, order: VersionOrder, version: string): boolean {
  // The event "0" is before every version, also one that calls itself 0.
  const placeOf = (event: string): number => (event === '0' ? 1 : order(version, event));
  const place: VersionOrder = (a, b) => {
    if (a === b) return 0;
    if (a === '0') return -1;
    return b === '0' ? 1 : order(a, b);
  };
  const limits = range.events.filter((event) => 'limit' in event);
  if (limits.length > 0 && !limits.some(({ limit }) => limit === '*' || placeOf(limit) < 0)) return false;
  const events = range.events.filter((event) => !('limit' in event));
  // Events may come in any order. At one version the record's own order holds, but that a last affected version ends after itself.
  const sorted = events.toSorted(
    (a, b) =>
      place(eventVersion(a), eventVersion(b)) || Number('lastAffected' in a) - Number('lastAffected' in b),
  );
  // Of several last affected versions in a row each is said to be affected: the highest one ends the range.
  const effective = sorted.filter(
    (event, at) => !('lastAffected' in event && isLastAffected(sorted[at + 1])),
  );
  let inside = false;
  for (const event of effective) {
    const difference = placeOf(eventVersion(event));
    if ('introduced' in event && difference >= 0) inside = true;
    else if ('fixed' in event && difference >= 0) inside = false;
    else if ('lastAffected' in event && difference > 0) inside = false;
  }
  return inside;
}

function isLastAffected(event: AffectedRange['events'][number] | undefined): boolean {
  return event !== undefined && 'lastAffected' in event;
}

/** The smallest version above this one that an event calls fixed and that is not itself affected by another range. */
function smallestFix(entries: readonly Affected[], subject: PackageVersion): string | undefined {
  const simple = onlyRange(entries);
  // Nothing else could say that what is fixed there is affected.
  const fix = simple === undefined ? undefined : onlyFix(simple);
  if (simple !== undefined && fix !== undefined && fix !== '0') {
    const order = versionOrder(subject.ecosystem, simple.type);
    return order !== undefined && isAfter(order, fix, subject.version) ? fix : undefined;
  }
  let best: string | undefined;
  for (const range of entries.flatMap((entry) => entry.ranges)) {
    const order = versionOrder(subject.ecosystem, range.type);
    for (const event of range.events) {
      if (order === undefined || !('fixed' in event) || event.fixed === '0') continue;
      if (!isAfter(order, event.fixed, subject.version)) continue;
      if (best !== undefined && !isAfter(order, best, event.fixed)) continue;
      const answer = evaluate(entries, subject.ecosystem, event.fixed);
      if ('affected' in answer && !answer.affected) best = event.fixed;
    }
  }
  return best;
}

/** All that an advisory says of versions, where that is one range. */
function onlyRange(entries: readonly Affected[]): AffectedRange | undefined {
  const [only] = entries;
  if (only === undefined || entries.length > 1 || only.versions.length > 0) return undefined;
  return only.ranges.length === 1 ? only.ranges[0] : undefined;
}

function isAfter(order: VersionOrder, a: string, b: string): boolean {
  try {
    return order(a, b) > 0;
  } catch (error) {
    if (isWharfingerError(error, 'VERSION_INVALID')) return false;
    throw error;
  }
}
