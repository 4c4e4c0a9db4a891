import { createHash } from 'node:crypto';
import { encodeName } from '../../oci/tar/name.ts';
import { digestLengths, type FileAlgorithm } from '../hashing/chunk-hasher.ts';
import type { TreeColumns } from '../layer-tree.ts';
import type { MergedTree, NotedFile } from '../merged-tree.ts';
import { digestText, type LedgerFile } from './ledger.ts';

/**
 * What became of a file that a package recorded: `same` the content that was recorded; `modified` another; `undigested` it is
 * there, but the package recorded no digest; `unchecked` its digest is needed and not known; `gone` nothing is there, or what is
 * there has no content to be compared, such as a link or a folder that was recorded as one.
 */
export type State = 'same' | 'modified' | 'undigested' | 'unchecked' | 'gone';

export interface Comparison {
  readonly state: State;
  /** the file that is there, if one is */
  readonly file?: NotedFile;
  /** index of the layer that what is there comes from, if anything is */
  readonly layer?: number;
  /** what is there instead, for people */
  readonly found?: string;
}

/** Compares what lies at a path with what was recorded first. */
export function compareFile(
  tree: MergedTree,
  columns: readonly (TreeColumns | undefined)[],
  path: string,
  recorded: LedgerFile,
): Comparison {
  const own = tree.at(path);
  if (own === undefined) return { state: 'gone' };
  if (own.kind === 'folder')
    return recorded.digest === '' ? { state: 'gone' } : { state: 'modified', found: 'a folder' };
  if (own.kind === 'link') {
    if (recorded.digest === '') return { state: 'gone' };
    const { node } = tree.walk(path);
    // A link to the same content says the same; of links themselves apk records the target.
    const isSame = node?.kind === 'file' && compareContent(columns, node, recorded).state === 'same';
    if (isSame || isTarget(own.target, recorded)) return { state: 'same', layer: own.layer };
    return { state: 'modified', layer: own.layer, found: 'a link' };
  }
  return { ...compareContent(columns, own, recorded), file: own, layer: own.layer };
}

function compareContent(
  columns: readonly (TreeColumns | undefined)[],
  file: NotedFile,
  recorded: LedgerFile,
): Pick<Comparison, 'state' | 'found'> {
  const { algorithm, digest } = recorded;
  if (digest === '') return { state: 'undigested' };
  if (algorithm === undefined || !isMeasured(algorithm)) return { state: 'unchecked' };
  const found = contentDigest(columns, file, algorithm)?.toString('base64').replace(/=+$/, '');
  if (found === undefined) return { state: 'unchecked' };
  if (found === digest) return { state: 'same' };
  return { state: 'modified', found: digestText({ algorithm, digest: found }) };
}

function isTarget(target: string, { algorithm, digest }: LedgerFile): boolean {
  if (algorithm === undefined) return false;
  const found = createHash(algorithm).update(encodeName(target)).digest('base64');
  return found.replace(/=+$/, '') === digest;
}

function isMeasured(algorithm: string): algorithm is FileAlgorithm {
  return algorithm in digestLengths;
}

/** Digest of what a file contains; undefined where it was not made. */
export function contentDigest(
  columns: readonly (TreeColumns | undefined)[],
  { layer, entry }: NotedFile,
  algorithm: FileAlgorithm,
): Buffer | undefined {
  const of = columns[layer];
  if (entry === undefined || of === undefined) return undefined;
  return of.digest(entry, algorithm) ?? (of.size(entry) === 0 ? createHash(algorithm).digest() : undefined);
}
