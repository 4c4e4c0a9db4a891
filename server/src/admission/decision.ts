import { explainBriefly } from '@wharfinger/lib/routines/explain';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Reference } from '@wharfinger/lib/oci/reference';
import type { Outcome, Verdict } from '@wharfinger/lib/routines/verdict';

/** What was decided of an image that is to run. */
export interface Decision {
  /** of the manifest or index that the reference names */
  readonly digest: Digest;
  readonly outcome: Outcome;
  /** why not, a sentence each, with routine, facts and remedy; empty unless held or denied */
  readonly reasons: readonly string[];
  /** what is not as it should be, but allowed */
  readonly warnings: readonly string[];
  /** names what it was judged by: `Judge.version` */
  readonly judgedBy: string;
  /** RFC 3339: it does not count afterwards; absent: the verdict does not change by time alone */
  readonly validUntil?: string;
}

/** Says what may be run, for the images of one registry. */
export interface Judge {
  /** Names what it judges by now: what was judged by something else does not count any more. */
  version(): Promise<string>;
  /**
   * Resolves the reference once, and judges what it names.
   * @throws WharfingerError, or the reason of the signal: then nothing is known
   */
  judge(reference: Reference, signal: AbortSignal): Promise<Decision>;
}

/** A verdict on the image itself, or on what an index has for a platform. */
export interface JudgedPart {
  readonly platform?: string;
  readonly verdict: Pick<Verdict, 'outcome' | 'reasons' | 'validUntil'>;
}

const severity: readonly Outcome[] = ['allow', 'warn', 'hold', 'deny'];

/**
 * One decision of the verdicts on an image, or on an index and its images for the platforms that count: the worst. Where the
 * index itself is refused, what lies in it is not asked.
 *
 * @param all that on the image or index itself first
 */
export function combineVerdicts(digest: Digest, all: readonly JudgedPart[]): Omit<Decision, 'judgedBy'> {
  const [own] = all;
  const parts = own === undefined || isAllowed(own.verdict) ? all : [own];
  const outcomes = parts.map(({ verdict }) => verdict.outcome);
  const ends = parts.flatMap(({ verdict }) => verdict.validUntil ?? []);
  const validUntil = ends.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0];
  const sentences = (wanted: 'block' | 'warn'): string[] =>
    unique(
      parts.flatMap(({ platform, verdict }) => {
        const prefix = platform === undefined ? '' : `${platform}: `;
        const reasons = verdict.reasons.filter(({ effect }) => (effect === 'warn') === (wanted === 'warn'));
        if (wanted === 'block') return explainBriefly({ reasons }).map((line) => prefix + line);
        return reasons.map(({ message, routine }) => `${prefix}${message} (${routine})`);
      }),
    );
  return {
    digest,
    outcome: outcomes.toSorted((a, b) => severity.indexOf(b) - severity.indexOf(a))[0] ?? 'deny',
    reasons: sentences('block'),
    warnings: sentences('warn'),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}

/** True where it may run; everything else is refused. */
export function isAllowed({ outcome }: Pick<Decision, 'outcome'>): boolean {
  return outcome === 'allow' || outcome === 'warn';
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
