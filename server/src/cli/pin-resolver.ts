import type { ErrorCode } from '@wharfinger/lib/errors';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import type { Resolution } from '@wharfinger/lib/pinning/pin-text';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { ofPlatform } from '@wharfinger/lib/oci/platform';
import { verdictAnswer } from './api-shapes.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';
import { describeFailure } from './failure.ts';
import type { ImageOptions } from './image-options.ts';
import { serverFor } from './image-question.ts';
import { judgeHere } from './local-assessment.ts';
import type { Session } from './session.ts';

/** Says what may be pinned, and how the asking went. */
export interface Resolver {
  resolve(reference: string): Promise<Resolution>;
  /** exit codes of what was refused */
  codes(): readonly ExitCode[];
}

/** Failures that say something of one image alone; the others would come back with the next one. */
const ofOneImage: ReadonlySet<string> = new Set<ErrorCode>([
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
  'NAME_UNKNOWN',
  'BLOB_UNKNOWN',
  'BLOB_DIGEST_MISMATCH',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'HELD',
  'REMOTE_FAILED',
]);

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
  async function ask(reference: string): Promise<Resolution> {
    const there = await serverFor(reference, options, session);
    if (there === undefined) {
      const { digest, verdict, images } = await judgeHere(reference, options, session);
      return answer(digest, [
        ['', verdict],
        ...images.map((one) => [`${one.platform}: `, one.verdict] as const),
      ]);
    }
    const { verdict, children = [] } = await there.server.get('/api/v1/verdict', there.query, verdictAnswer);
    const counted = ofPlatform(children, options.platform);
    return answer(verdict.digest, [
      ['', verdict],
      ...counted.map((child) => [`${child.platform ?? child.digest}: `, child.verdict] as const),
    ]);
  }
  return {
    codes: () => codes,
    async resolve(reference) {
      try {
        return await ask(reference);
      } catch (error) {
        const { code, message } = describeFailure(error);
        if (!ofOneImage.has(code)) throw error;
        codes.push(exitCodes.failed);
        return { refused: message };
      }
    },
  };
}
