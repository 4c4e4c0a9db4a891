import type { Digest } from '../oci/digest.ts';
import type { ParameterValues } from './routine.ts';
import type { Effect, Purpose } from './verdict.ts';

export const repositoryClasses = ['private', 'internal', 'public'] as const;
export const repositoryStages = ['development', 'test', 'production'] as const;

/** Which images something is about: all that is given must hold. */
export interface Scope {
  /** patterns of repository names (oci/repository-pattern.ts); absent: all */
  readonly repositories?: readonly string[];
  readonly exceptRepositories?: readonly string[];
  readonly classes?: ReadonlyArray<(typeof repositoryClasses)[number]>;
  readonly departments?: readonly string[];
  readonly stages?: ReadonlyArray<(typeof repositoryStages)[number]>;
  readonly externalFacing?: boolean;
}

/** When something is in force: inside of the dates, and inside of the hours of a week, and in none of the pauses. */
export interface Window {
  /** RFC 3339; absent: since ever */
  readonly from?: string;
  /** RFC 3339, exclusive; absent: for ever */
  readonly until?: string;
  /** absent: all week */
  readonly weekly?: readonly WeeklyHours[];
  /** IANA zone of the weekly hours; absent: UTC */
  readonly zone?: string;
  /** RFC 3339, such as a freeze in which something else is in force */
  readonly pauses?: ReadonlyArray<{ readonly from: string; readonly until: string }>;
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** Hours of some days; where `until` is not after `from` they end on the next day. */
export interface WeeklyHours {
  readonly days: readonly Weekday[];
  /** HH:MM of the wall clock of the zone */
  readonly from: string;
  readonly until: string;
}

/** Puts a routine to work. */
export interface BindingRecord {
  /** kebab-case; unique */
  readonly id: string;
  /** name of the collection that has the routine */
  readonly collection: string;
  readonly routine: string;
  /** those not given have their default */
  readonly parameters: ParameterValues;
  readonly scope: Scope;
  readonly purposes: readonly Purpose[];
  readonly effect: Effect;
  /** effect where the routine cannot be decided; absent: the same effect */
  readonly undecided?: Effect;
  /** absent: always */
  readonly window?: Window;
  /** RFC 3339: until then it only warns */
  readonly graceUntil?: string;
  /**
   * id of the binding that this one overlays, of a record or `default/<routine>`: where and while it is in force it takes the place of that one. It may only tighten (an
   * effect as strong, grace no longer, parameters that move as `tightens` of the routine allows) unless that one is delegable.
   */
  readonly overlays?: string;
  /** true: overlays may loosen it too */
  readonly delegable?: boolean;
  readonly owner?: string;
  readonly reason?: string;
}

/** Routines that nobody can be excused from: what they say is no matter of opinion. */
export const unwaivable: ReadonlySet<string> = new Set([
  'not-malicious',
  'not-held-by-hand',
  'parts-present',
]);

/** Excuses images from a routine for a time. What it excuses stays visible in the verdict. */
export interface Waiver {
  readonly id: string;
  readonly routine: string;
  readonly scope: Scope;
  /** this image alone; absent: all of the scope */
  readonly digest?: Digest;
  /** excuses these advisories (ids or aliases) and no other finding; absent: the routine as a whole */
  readonly advisories?: readonly string[];
  /** who answers for it */
  readonly owner: string;
  readonly reason: string;
  /** RFC 3339 */
  readonly from: string;
  /** RFC 3339 */
  readonly expires: string;
}

/** A break-glass permission whose signatures were checked: what is held or denied is served with a warning, for hours. */
export interface Grant {
  readonly id: string;
  readonly scope: Scope;
  /** this image alone; absent: all of the scope */
  readonly digest?: Digest;
  readonly purposes: readonly Purpose[];
  readonly reason: string;
  readonly requestedBy: string;
  /** principals who signed it, as many as the rule demands */
  readonly approvedBy: readonly string[];
  /** RFC 3339 */
  readonly from: string;
  /** RFC 3339 */
  readonly until: string;
}

/** What may excuse an image. */
export interface Exceptions {
  readonly waivers: readonly Waiver[];
  readonly grants: readonly Grant[];
}
