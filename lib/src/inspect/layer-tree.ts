import type { LayerTree } from './inventory.ts';

/** What an entry is, as LayerTree.types has it. */
export type NodeType = 'f' | 'd' | 'l' | 'h' | 'c' | 'w' | 'o';

/** Collects the entries of a layer, as LayerTree has them. */
export class TreeWriter {
  readonly #paths: string[] = [];
  readonly #types: NodeType[] = [];
  readonly #links: Record<string, string> = {};
  #previous = '';
  #secondArchive: number | undefined;

  /** Adds an entry and returns its index. */
  add(path: string, type: NodeType, link?: string): number {
    const index = this.#paths.length;
    let shared = 0;
    const most = Math.min(path.length, this.#previous.length);
    while (shared < most && path.charCodeAt(shared) === this.#previous.charCodeAt(shared)) shared += 1;
    this.#paths.push(`${shared} ${path.slice(shared)}`);
    this.#types.push(type);
    if (link !== undefined) this.#links[index] = link;
    this.#previous = path;
    return index;
  }

  /** What is added from now on lies behind an end-of-archive marker. */
  beginSecondArchive(): void {
    this.#secondArchive ??= this.#paths.length;
  }

  finish(): LayerTree {
    return {
      paths: this.#paths,
      types: this.#types.join(''),
      links: this.#links,
      ...(this.#secondArchive === undefined ? {} : { secondArchive: this.#secondArchive }),
    };
  }
}

/** Calls back for each entry in order, up to `end`. */
export function eachEntry(
  tree: LayerTree,
  visit: (index: number, path: string, type: NodeType, link: string | undefined) => void,
  end = tree.paths.length,
): void {
  let path = '';
  for (let index = 0; index < end; index += 1) {
    const coded = tree.paths[index]!;
    const blank = coded.indexOf(' ');
    path = path.slice(0, Number(coded.slice(0, blank))) + coded.slice(blank + 1);
    const type = tree.types[index] as NodeType;
    visit(index, path, type, type === 'l' || type === 'h' ? tree.links[index] : undefined);
  }
}
