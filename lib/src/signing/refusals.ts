import type { Digest } from '../oci/digest.ts';
import type { RefusedSignature } from './evidence.ts';
import { isRevokedRefusal, refusalReason } from './refusal.ts';

/** Reports tell of so many each; what goes beyond is counted. */
const mostTold = 100;

type Listed = Pick<RefusedSignature, 'format' | 'evidence'>;

/** What is known of a document when it is refused. */
export interface Known {
  /** what it is, or looks like */
  readonly purport: 'signature' | 'statement';
  /** true: somebody whom the policy names did sign it */
  readonly genuine: boolean;
  /** of a genuine statement */
  readonly predicateType?: string;
}

/** What looked like evidence and does not count. */
export interface Refusals {
  /**
   * Runs a step; where it refuses, that is noted, else passes its errors on.
   * @param known asked once it has failed
   */
  gather(listed: Listed, known: () => Known, step: () => Promise<void>): Promise<void>;
  /** Notes that so many were not looked at at all. */
  leaveOut(count: number, what: string): void;
  /**
   * What was noted of signatures, or of statements, in an order that depends on the content alone. What is genuine comes first: no
   * flood of others hides why it does not count.
   */
  list(purport: Known['purport']): readonly RefusedSignature[];
}

/** @param image what is left out is noted as evidence of it */
export function collectRefusals(image: Digest): Refusals {
  const noted: Array<RefusedSignature & Known> = [];
  const left: RefusedSignature[] = [];
  return {
    async gather({ format, evidence }, known, step) {
      try {
        await step();
      } catch (error) {
        const reason = refusalReason(error);
        if (reason === undefined) throw error;
        const code = isRevokedRefusal(error) ? { code: 'revoked' as const } : {};
        noted.push({ format, evidence, reason, ...code, ...known() });
      }
    },
    leaveOut(count, what) {
      left.push({ format: 'unknown', evidence: image, reason: `${count} ${what}: there are too many` });
    },
    list(purport) {
      const all = noted
        .filter((one) => one.purport === purport)
        .sort(
          (a, b) =>
            Number(b.genuine) - Number(a.genuine) ||
            order(a.format, b.format) ||
            order(a.evidence, b.evidence) ||
            order(a.reason, b.reason),
        )
        .map(({ purport: _purport, genuine: _genuine, ...refused }): RefusedSignature => refused);
      const untold = all.length - mostTold;
      const more = {
        format: 'unknown',
        evidence: image,
        reason: `${untold} more do not count`,
      } as const;
      return [
        ...all.slice(0, mostTold),
        ...(untold > 0 ? [more] : []),
        ...(purport === 'signature' ? left : []),
      ];
    },
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
