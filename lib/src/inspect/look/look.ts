import type { LayerInventory } from '../inventory.ts';
import type { PlacedLayer } from '../merge-layers.ts';
import { compareFiles, type FileChanges } from './compare-files.ts';
import type { FilePage } from './file-entry.ts';
import { findFile, type FilePlace } from './find-file.ts';
import { listFiles } from './list-files.ts';
import type { LookedImage, LookQuestion } from './look-question.ts';

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
