import type { Digest } from '../oci/digest.ts';
import type { RefusedSignature } from './evidence.ts';
import { refusalReason } from './refusal.ts';

/** Reports tell of so many each; what goes beyond is counted. */
const mostTold = 100;

type Listed = Pick<RefusedSignature, 'format' | 'evidence'>;
type Purport = 'signature' | 'statement';

/** What looked like evidence and does not count. */
export interface Refusals {
  /**
   * Runs a step; where it refuses, that is noted under `purport`, else passes its errors on.
   * @param purport what it looks like, asked once it has failed where it is a function
   */
  gather(listed: Listed, purport: Purport | (() => Purport), step: () => Promise<void>): Promise<void>;
  /** Notes that so many were not looked at at all. */
  leaveOut(count: number, what: string): void;
  /** What was noted of signatures, or of statements, in an order that depends on the content alone. */
  list(purport: Purport): readonly RefusedSignature[];
}

/** @param image what is left out is noted as evidence of it */
export function collectRefusals(image: Digest): Refusals {
  const noted = { signature: [] as RefusedSignature[], statement: [] as RefusedSignature[] };
  const left: RefusedSignature[] = [];
  return {
    async gather(listed, purport, step) {
      try {
        await step();
      } catch (error) {
        const reason = refusalReason(error);
        if (reason === undefined) throw error;
        noted[typeof purport === 'function' ? purport() : purport].push({ ...listed, reason });
      }
    },
    leaveOut(count, what) {
      left.push({ format: 'unknown', evidence: image, reason: `${count} ${what}: there are too many` });
    },
    list(purport) {
      const all = noted[purport].sort(
        (a, b) => order(a.format, b.format) || order(a.evidence, b.evidence) || order(a.reason, b.reason),
      );
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
