import { isScalar } from 'yaml';
import { imageUse, type ImageUse } from './image-use.ts';
import { scalarRange, scalarText, type FoundNode, type YamlSource } from './yaml-source.ts';

const unwritable = 'the reference is written with escapes or over several lines; write it as plain text';

/**
 * The use of an image that one scalar names in full.
 * @returns undefined where the node is no text
 */
export function useOfScalar(
  source: YamlSource,
  found: FoundNode | undefined,
  where: string,
  skip?: string,
): ImageUse | undefined {
  const reference = scalarText(found);
  if (reference === undefined || !isScalar(found?.node)) return undefined;
  const range = scalarRange(source, found.node);
  const [start, end] = found.node.range ?? [0, 0];
  return imageUse(
    {
      reference,
      where,
      line: source.lineOf(start),
      range: range ?? { start, end },
      source: source.text.slice(range?.start ?? start, range?.end ?? end),
      form: 'suffix',
    },
    skip ?? (range === undefined ? unwritable : undefined),
  );
}
