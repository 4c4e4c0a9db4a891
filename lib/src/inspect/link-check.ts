import type { Problem } from './inventory.ts';
import type { MergedTree } from './merged-tree.ts';
import { displayPath } from './paths.ts';

/** Links one after the other; other scanners give up there, so that more of them may be meant to hide. */
const maxChain = 6;
const maxListed = 20;

/**
 * Follows every link of an image. Loops and long chains are how files are hidden from scanners. A link that climbs
 * above the root is cut there, as the kernel does, and hides nothing; only where the image has no file of its own, what
 * it shows can but lie elsewhere.
 *
 * @param hasFiles true: a layer has at least one regular file
 */
export function checkLinks(tree: MergedTree, hasFiles: boolean): Problem[] {
  const problems: Problem[] = tree.lost.map((path) => ({
    code: 'link-loop',
    path: displayPath(path),
    message: 'its folder lies behind a loop of links',
    hides: true,
  }));
  const listed = new Map<Problem['code'], number>();
  const add = (code: Problem['code'], path: string, message: string, hides: boolean): void => {
    const count = (listed.get(code) ?? 0) + 1;
    listed.set(code, count);
    if (count <= maxListed) problems.push({ code, path: displayPath(path), message, hides });
  };
  tree.each((path, node) => {
    if (node.kind !== 'link') return;
    const { looped, chain, escaped } = tree.walk(path);
    if (looped) add('link-loop', path, 'the link leads back to itself', true);
    else if (chain > maxChain) add('too-deep', path, `more than ${maxChain} links follow each other`, true);
    if (escaped) add('link-escapes', path, 'the link climbs above the root', !hasFiles);
  });
  return problems;
}
