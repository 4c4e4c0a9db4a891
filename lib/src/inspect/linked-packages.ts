import type { ActiveFile } from './active-files.ts';
import type { Folder, Link, MergedNode, MergedTree, NotedFile } from './merged-tree.ts';
import { countsAt } from './packages/formats.ts';
import { isPackageRoot } from './packages/node.ts';

/** Links to folders in folders that links lead to. */
const deepest = 8;

/**
 * Packages that are reached by links alone: a file where it counts, or a folder with such files by the name that the link has, as a
 * folder of modules or one of what pip installed.
 * @param links their paths
 * @param counted files that count where they lie; those that are found are added
 */
export function linkedPackages(
  tree: MergedTree,
  links: readonly string[],
  counted: Set<MergedNode>,
): ActiveFile[] {
  const found: ActiveFile[] = [];
  const entered = new Map<Folder, Set<string>>();

  const take = (path: string, file: NotedFile, link: string): void => {
    if (counted.has(file)) return;
    for (const record of file.records) {
      if (record.kind !== 'packages' || !countsAt(record.format, path)) continue;
      // Of what lies deeper in a package of npm only its own modules count, not what it was developed with.
      const isOwn = path === link || path === `${link}/package.json`;
      if (record.format === 'node' && !isOwn && !isPackageRoot(path)) continue;
      counted.add(file);
      found.push({ path, record });
    }
  };

  const follow = (link: string, depth: number): void => {
    const { node } = tree.walk(link);
    if (node?.kind === 'file') take(link, node, link);
    if (node?.kind !== 'folder' || depth > deepest) return;
    // Whether a file counts is told by the last names of its path: one way to a folder is enough for each of them.
    const last = link.split('/').slice(-3).join('/');
    const names = entered.get(node) ?? new Set();
    if (names.has(last)) return;
    entered.set(node, names.add(last));
    const visit = (path: string, child: Link | NotedFile): void => {
      if (child.kind === 'link') follow(path, depth + 1);
      else take(path, child, link);
    };
    tree.each(visit, node, link);
  };

  for (const link of links) follow(link, 0);
  return found;
}
