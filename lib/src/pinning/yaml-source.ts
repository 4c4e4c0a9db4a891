import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Alias,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { WharfingerError } from '../errors.ts';
import type { TextRange } from './image-use.ts';

const longestText = 4 * 1024 * 1024;

/** A YAML file as its text and the nodes that point into it. */
export interface YamlSource {
  readonly text: string;
  readonly documents: readonly Document.Parsed[];
  /** what each alias stands for */
  readonly targets: ReadonlyMap<Alias, Node>;
  /** line of an offset, from 1 */
  lineOf(offset: number): number;
}

/** A node, and whether it stands elsewhere too: behind an anchor, or in a map that is merged into others. */
export interface FoundNode {
  readonly node: Node;
  readonly shared: boolean;
}

/**
 * Parses all documents of a YAML text.
 * @throws WharfingerError PIN_REFUSED where it is no YAML, is a Helm template, or is too large or too deep
 */
export function parseYaml(text: string): YamlSource {
  if (text.length > longestText) {
    throw new WharfingerError('PIN_REFUSED', { what: `it has more than ${longestText} characters` });
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, logLevel: 'silent' });
  const documents = 'empty' in parsed ? [] : parsed;
  const problem = documents.flatMap((document) => document.errors).at(0);
  if (
    text.includes('{{') &&
    (problem !== undefined || documents.some(({ contents }) => hasAction(contents)))
  ) {
    refuseTemplate();
  }
  if (problem !== undefined) {
    if (problem.message.includes('call stack')) throw new RangeError(problem.message);
    throw new WharfingerError('PIN_REFUSED', {
      what: problem.message.split('\n', 1)[0] ?? problem.code,
      remedy: 'correct the YAML',
    });
  }
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  return { text, documents, targets: findTargets(documents, lineOf), lineOf };
}

/** Says that a Helm template is not what can be pinned. */
export function refuseTemplate(): never {
  throw new WharfingerError('PIN_REFUSED', {
    what: 'it is a Helm template',
    remedy: 'pin the values file of the chart: that is where its images are named',
  });
}

/** True if an unquoted {{ }} stands for a value: YAML reads it as a map whose key is a map. */
function hasAction(node: Node | null): boolean {
  if (isSeq(node)) return node.items.some((item) => hasAction(item as Node | null));
  if (!isMap(node)) return false;
  return node.items.some(({ key, value }) => isMap(key) || hasAction(value as Node | null));
}

/** All aliases in one walk: the library's own look-up walks the document for each of them, as its check of keys does. */
function findTargets(
  documents: readonly Document.Parsed[],
  lineOf: (offset: number) => number,
): ReadonlyMap<Alias, Node> {
  const targets = new Map<Alias, Node>();
  for (const document of documents) {
    const anchors = new Map<string, Node>();
    visit(document, {
      Node(_, node) {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          if (target !== undefined) targets.set(node, target);
          return;
        }
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        if (isMap(node)) refuseDoubleKeys(node, lineOf);
      },
    });
  }
  return targets;
}

/** Readers disagree about which of two equal keys counts. */
function refuseDoubleKeys(map: YAMLMap, lineOf: (offset: number) => number): void {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key) || isMergeKey(key)) continue;
    if (seen.has(key.value)) {
      throw new WharfingerError('PIN_REFUSED', {
        what: `line ${lineOf(key.range?.[0] ?? 0)}: the key ${JSON.stringify(key.value)} is there twice`,
        remedy: 'correct the YAML',
      });
    }
    seen.add(key.value);
  }
}

/** The node that an alias stands for, or the node itself. */
export function resolveNode(source: YamlSource, node: unknown, shared = false): FoundNode | undefined {
  if (isAlias(node)) {
    const target = source.targets.get(node);
    return target === undefined ? undefined : { node: target, shared: true };
  }
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return undefined;
  return { node, shared: shared || node.anchor !== undefined };
}

/** YAML 1.2 has << as a text, documents that declare YAML 1.1 as a symbol. */
function isMergeKey(key: unknown): boolean {
  if (!isScalar(key)) return false;
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<');
}

/** The value of a key, with aliases resolved, looked for in merged maps (<<) where the map itself does not have it. */
export function findField(source: YamlSource, map: YAMLMap, key: string): FoundNode | undefined {
  return lookUp(source, map, key, new Set());
}

/** @param seen maps that were searched: each is looked into once, whatever the number of merges */
function lookUp(source: YamlSource, map: YAMLMap, key: string, seen: Set<YAMLMap>): FoundNode | undefined {
  const isMerged = seen.size > 0;
  seen.add(map);
  const own = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
  if (own !== undefined) return resolveNode(source, own.value, isMerged);
  const merged = map.items.find((pair) => isMergeKey(pair.key))?.value;
  const target = resolveNode(source, merged)?.node;
  for (const item of isSeq(target) ? target.items : [target]) {
    const base = resolveNode(source, item)?.node;
    const found = isMap(base) && !seen.has(base) ? lookUp(source, base, key, seen) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The text of a scalar as it will be read; undefined for anything else and for null. */
export function scalarText(found: FoundNode | undefined): string | undefined {
  if (!isScalar(found?.node)) return undefined;
  const { value, source } = found.node;
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return undefined;
  // Booleans and numbers read as JSON writes them (1.10 is 1.1); what is neither, as it is written.
  return typeof value === 'boolean' || typeof value === 'number' ? JSON.stringify(value) : source;
}

/**
 * Where the text of a scalar stands, without its quotes; undefined where it is written otherwise than it reads (escapes,
 * several lines, block style, a number such as 1.10), so that nothing could be appended to it safely.
 */
export function scalarRange(source: YamlSource, scalar: Scalar): TextRange | undefined {
  const [start, end] = scalar.range ?? [0, 0];
  const quoted = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE';
  const inner = quoted ? { start: start + 1, end: end - 1 } : { start, end };
  const written = source.text.slice(inner.start, inner.end);
  const read = scalarText({ node: scalar, shared: false }) ?? written;
  return written === read ? inner : undefined;
}
