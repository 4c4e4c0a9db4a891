import type { MergedTree } from './merged-tree.ts';

/**
 * Those records of Python's packages (`RECORD`, which only what installs packages writes) beside which the metadata are missing, by which tools
 * know what is installed: pip passes such a package over with a warning, and its code is there.
 */
export function withoutMetadata(tree: MergedTree, records: Iterable<string>): string[] {
  return [...records].filter((path) => {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const { node } = tree.walk(folder);
    const names = node?.kind === 'folder' ? [...node.children.keys()] : [];
    return !names.some(
      (name) => name.toLowerCase() === 'metadata' && tree.walk(`${folder}/${name}`).node?.kind === 'file',
    );
  });
}
