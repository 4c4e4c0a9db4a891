import type { Digest } from '../oci/digest.ts';
import { applyPins } from './apply-pins.ts';
import { findImages, type FileHint } from './find-images.ts';
import type { FileKind, ImageUse } from './image-use.ts';

/** The digest that a reference stands for and that may be used, or why not. */
export type Resolution = { readonly digest: Digest } | { readonly refused: string };

/** What became of one use. */
export interface PinnedUse {
  readonly use: ImageUse;
  /**
   * `kept` it names this digest already; `written`; `refused` it stays as it was: it cannot be pinned here, or the
   * resolver says no
   */
  readonly outcome: 'kept' | 'written' | 'refused';
  readonly digest?: Digest;
  readonly reason?: string;
}

/** A text with its images pinned. */
export interface PinnedText {
  readonly kind: FileKind;
  /** equal to the input where nothing was written */
  readonly text: string;
  readonly uses: readonly PinnedUse[];
}

/**
 * Pins all images of a file that can be pinned and that the resolver allows. Each reference is asked for once; those that
 * have a digest are asked for too, so that a newer one can take its place (or the same one be confirmed).
 *
 * @param resolve what a reference stands for now
 * @throws WharfingerError PIN_REFUSED as `findImages` and `applyPins`; whatever `resolve` throws
 */
export async function pinText(
  text: string,
  hint: FileHint,
  resolve: (reference: string) => Promise<Resolution>,
): Promise<PinnedText> {
  const { kind, uses } = findImages(text, hint);
  const answers = new Map<string, Resolution>();
  const done: PinnedUse[] = [];
  for (const use of uses) {
    if (use.skip !== undefined) {
      done.push({ use, outcome: 'refused', reason: use.skip });
      continue;
    }
    const answer = answers.get(use.reference) ?? (await resolve(use.reference));
    answers.set(use.reference, answer);
    if ('refused' in answer) done.push({ use, outcome: 'refused', reason: answer.refused });
    else {
      const kept = use.reference.endsWith(`@${answer.digest}`);
      done.push({ use, outcome: kept ? 'kept' : 'written', digest: answer.digest });
    }
  }
  const pins = done.flatMap(({ use, outcome, digest }) =>
    outcome === 'written' && digest !== undefined ? [{ use, digest }] : [],
  );
  return { kind, text: applyPins(text, pins), uses: done };
}
