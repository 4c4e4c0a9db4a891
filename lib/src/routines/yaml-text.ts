import { isMap, isPair, LineCounter, parseDocument, type Document } from 'yaml';
import type { Path } from './plain-check.ts';

/** A YAML text as plain data, with the places that its parts came from. */
export interface YamlText {
  readonly value: unknown;
  /** Line, from 1, of what stands at a path, or of the nearest thing around it. */
  readonly line: (path: Path) => number;
}

const longest = 1024 * 1024;

/**
 * Reads one YAML 1.2 document strictly: no duplicate keys, no keys that are no texts, no aliases (a few of them can
 * unfold to gigabytes), no tags of other types.
 *
 * @param refuse called with what is wrong; must throw
 */
export function readYaml(text: string, refuse: (what: string) => never): YamlText {
  if (text.length > longest) return refuse(`the file is longer than ${longest} characters`);
  const lines = new LineCounter();
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: true,
      stringKeys: true,
      strict: true,
      version: '1.2',
    });
    const problems = [...document.errors, ...document.warnings];
    if (problems.some((problem) => problem.code === 'RESOURCE_EXHAUSTION'))
      return refuse('the file is nested too deeply');
    if (problems.length > 0)
      return refuse(
        problems
          .slice(0, 20)
          .map((problem) => problem.message.split('\n')[0] ?? problem.code)
          .join('\n'),
      );
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof RangeError) return refuse('the file is nested too deeply');
    if (error instanceof ReferenceError) return refuse('the file has aliases (*name), which are not allowed');
    throw error;
  }
  const line = (path: Path): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const start = startOf(document, path.slice(0, length));
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  };
  return { value, line };
}

/** Offset of the key where the path ends in a mapping, else of the value. */
function startOf(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const name = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && String(item.key) === name);
    return rangeStart(pair?.key);
  }
  return rangeStart(document.getIn(path, true));
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) ? (node.range[0] as number) : undefined;
}
