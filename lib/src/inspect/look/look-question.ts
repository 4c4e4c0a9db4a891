import type { FileQuery } from './file-entry.ts';
import type { ContentQuery } from './find-file.ts';

/** An image by its layers, lowest first. */
export interface LookedImage {
  readonly layers: ReadonlyArray<{ readonly digest: string }>;
}

/** What is asked about the files of one image, or of two. */
export type LookQuestion =
  | { readonly kind: 'list'; readonly image: LookedImage; readonly query: FileQuery }
  | { readonly kind: 'find'; readonly image: LookedImage; readonly query: ContentQuery }
  | {
      readonly kind: 'compare';
      readonly before: LookedImage;
      readonly after: LookedImage;
      /** differences of each kind that are told */
      readonly listed: number;
    };

/** The layers that a question is about. */
export function layersOf(question: LookQuestion): readonly string[] {
  const images = question.kind === 'compare' ? [question.before, question.after] : [question.image];
  return [...new Set(images.flatMap(({ layers }) => layers.map(({ digest }) => digest)))];
}
