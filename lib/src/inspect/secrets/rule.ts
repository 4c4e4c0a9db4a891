import type { SecretSeverity } from './secret-facts.ts';

/** Characters before an anchor that a pattern may look at, and those behind its beginning unless the rule says more. */
export const reachBefore = 512;
export const usualReach = 320;
/** The farthest that any rule looks behind the beginning of its anchor. */
export const longestReach = 1400;

/** Where a candidate stands. */
export interface SecretPlace {
  /** relative to the root; of configurations a made-up name without a slash */
  readonly path: string;
  /** it lies among tests, or in the files of a library that anybody can fetch */
  readonly isPublic: boolean;
}

/** One kind of secret. */
export interface SecretRule {
  readonly id: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  /** texts, one of which stands in every such secret or right before it */
  readonly anchors: readonly string[];
  /** true: anchors stand in upper and lower case */
  readonly anyCase?: boolean;
  /**
   * Sticky; matched where an anchor begins, looks back with a lookbehind. The group `secret` is what must not be told, `name` what it is
   * assigned to. Its time must be linear: no repetition in a repetition.
   */
  readonly pattern: RegExp;
  /** characters behind the beginning of the anchor that the pattern is given */
  readonly reach?: number;
  /** Looks at bytes from the anchor on before they become text; false: the pattern cannot match. For anchors that often stand alone. */
  readonly mayBegin?: (bytes: Uint8Array, anchor: number) => boolean;
  /** true: it is so peculiar that files which are no text are searched for it too */
  readonly inBinary?: boolean;
  /** only files of these paths */
  readonly paths?: RegExp;
  /** true: people choose such secrets, so that neither a part nor a digest of one is told */
  readonly chosen?: boolean;
  /** Looks closer; undefined: it is none. Absent: a severity as the row says, unless the value is a placeholder. */
  readonly judge?: (found: FoundValue, place: SecretPlace) => SecretSeverity | undefined;
}

/** What a pattern matched. */
export interface FoundValue {
  readonly secret: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
  /** the text around the anchor */
  readonly window: string;
}

/** A token that nothing comes before that could be a part of it. */
export function token(source: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9_-])(?<secret>${source})`, 'y');
}

/** What may stand between a name and its value: quotes, blanks and the signs of assignment. */
export const assigned = String.raw`[\w.-]{0,24}["'\x60\]]{0,2}[ \t]{0,8}(?:=>|:=|==?|:|,)[ \t]{0,8}(?:\\?["'\x60])?`;
