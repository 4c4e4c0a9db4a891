import type { Judged } from '@wharfinger/lib/assess/judge-content';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { shortDigest, type Style } from './display.ts';
import { exitCodeOf, worstExitCode, type ExitCode } from './exit-codes.ts';
import type { JudgedHere } from './local-assessment.ts';
import { verdictText } from './verdict-text.ts';

/** The verdict on an index, and those on what lies in it. */
interface Outcomes {
  readonly verdict: Verdict;
  readonly images: ReadonlyArray<{ readonly verdict: Verdict }>;
}

/** The worst of an index and of all images in it that are meant. */
export function exitCodeOfAll({ verdict, images }: Outcomes): ExitCode {
  return worstExitCode([verdict, ...images.map((one) => one.verdict)].map(exitCodeOf));
}

/** What was judged here for people: the image, or the index and then each image in it, each with its reasons and what follows them. */
export function judgedText(judged: JudgedHere, style: Style, after?: (one: Judged) => string): string {
  const named: Array<readonly [string, Judged]> = [
    [judged.image, judged],
    ...judged.images.map((one) => [`${one.platform}  ${shortDigest(one.digest)}`, one] as const),
  ];
  return named
    .flatMap(([name, one]) => [verdictText(name, one.verdict, style), ...(after ? [after(one)] : [])])
    .join('\n\n');
}
