import type { LayerInventory } from '../inventory.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { compareFiles, type FileChanges } from './compare-files.ts';
import type { FilePage, FileQuery } from './file-entry.ts';
import { findFile, type ContentQuery, type FilePlace } from './find-file.ts';
import { listFiles } from './list-files.ts';

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

/**
 * Answers a question about the files of images from the inventories of their layers. A layer without one makes the answer
 * incomplete.
 * @throws WharfingerError FILE_UNKNOWN, INPUT_INVALID
 */
export function look(
  question: LookQuestion,
  layers: ReadonlyMap<string, LayerInventory>,
): FilePage | FilePlace | FileChanges {
  const place = ({ layers: all }: LookedImage): { placed: PlacedLayer[]; whole: boolean } => {
    const placed = all.flatMap(({ digest }, layer) => {
      const inventory = layers.get(digest);
      return inventory === undefined ? [] : [{ inventory, layer }];
    });
    return { placed, whole: placed.length === all.length };
  };
  if (question.kind === 'list') {
    const { placed, whole } = place(question.image);
    const page = listFiles(placed, question.query);
    return { ...page, complete: page.complete && whole };
  }
  if (question.kind === 'find') {
    const { placed, whole } = place(question.image);
    const found = findFile(placed, question.query);
    return { ...found, complete: found.complete && whole };
  }
  const [before, after] = [place(question.before), place(question.after)];
  const changes = compareFiles(before.placed, after.placed, question.listed);
  return { ...changes, complete: changes.complete && before.whole && after.whole };
}
