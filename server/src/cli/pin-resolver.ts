import { parseDigest } from '@wharfinger/lib/oci/digest';
import type { Resolution } from '@wharfinger/lib/pinning/pin-text';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { verdictAnswer } from './api-shapes.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';
import type { ImageOptions } from './image-options.ts';
import { serverFor } from './image-question.ts';
import { assessHere } from './local-assessment.ts';
import type { Session } from './session.ts';

/** Says what may be pinned, and how the asking went. */
export interface Resolver {
  resolve(reference: string): Promise<Resolution>;
  /** exit codes of what was refused */
  codes(): readonly ExitCode[];
}

/** Pins what a reference points to, if its verdict lets it pass; of an index, every image that counts must pass. */
export function createResolver(options: ImageOptions, session: Session): Resolver {
  const codes: ExitCode[] = [];
  const answer = (digest: string, verdicts: ReadonlyArray<readonly [name: string, Verdict]>): Resolution => {
    const refused = verdicts.find(([, verdict]) => exitCodeOf(verdict) !== exitCodes.done);
    if (refused === undefined) return { digest: parseDigest(digest) };
    const [name, verdict] = refused;
    codes.push(exitCodeOf(verdict));
    const reasons = verdict.reasons.filter(({ effect }) => effect !== 'warn').map(({ message }) => message);
    return { refused: `${name}${verdict.outcome}: ${reasons.join('; ')}` };
  };
  return {
    codes: () => codes,
    async resolve(reference) {
      const there = await serverFor(reference, options, session);
      if (there !== undefined) {
        const { verdict, children = [] } = await there.server.get(
          '/api/v1/verdict',
          there.query,
          verdictAnswer,
        );
        const counted = options.platform
          ? children.filter(({ platform }) => platform === options.platform)
          : children;
        return answer(verdict.digest, [
          ['', verdict],
          ...counted.map((child) => [`${child.platform ?? child.digest}: `, child.verdict] as const),
        ]);
      }
      const known = await assessHere(reference, options, session);
      return answer(known.index ?? known.digest, [['', known.verdict]]);
    },
  };
}
