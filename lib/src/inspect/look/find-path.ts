import { WharfingerError } from '../../errors.ts';
import type { MergedNode, MergedTree } from '../merged-tree.ts';
import { displayPath, placePath } from '../paths.ts';

/**
 * What a path leads to, links followed where they lead to folders.
 * @param asked as paths are displayed, or as it is
 * @returns the path of the node, free of links
 * @throws WharfingerError FILE_UNKNOWN
 */
export function findPath(tree: MergedTree, asked: string): { path: string; node: MergedNode } {
  const names = placePath(asked).path.split('/').filter(Boolean).reverse();
  let path: string[] = [];
  let node: MergedNode = tree.root;
  let links = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name === '..') {
      path = path.slice(0, -1);
      node = tree.walk(path.join('/'), false).node ?? tree.root;
      continue;
    }
    if (name === '' || name === '.') continue;
    if (node.kind !== 'folder') throw unknown(asked);
    const own: string = childNamed(node.children, name) ?? unknownName(asked);
    const child: MergedNode = node.children.get(own)!;
    const isLast = names.length === 0;
    if (child.kind === 'link') {
      const leads = tree.walk([...path, own].join('/')).node?.kind === 'folder';
      links += 1;
      if (leads && links <= 40) {
        if (child.target.startsWith('/')) {
          path = [];
          node = tree.root;
        }
        names.push(...child.target.split('/').reverse());
        continue;
      }
      if (!isLast) throw unknown(asked);
    }
    path.push(own);
    node = child;
  }
  return { path: path.join('/'), node };
}

/** The name that a child has, which may be given as it is displayed. */
function childNamed(children: ReadonlyMap<string, MergedNode>, name: string): string | undefined {
  if (children.has(name)) return name;
  if (!name.includes('\\')) return undefined;
  return [...children.keys()].find((own) => displayPath(own) === name);
}

function unknownName(asked: string): never {
  throw unknown(asked);
}

/** The failure that a path is not there. */
export function unknown(asked: string): WharfingerError {
  return new WharfingerError('FILE_UNKNOWN', { what: JSON.stringify(asked) });
}
