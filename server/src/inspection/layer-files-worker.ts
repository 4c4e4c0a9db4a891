import { parentPort } from 'node:worker_threads';
import { digestLengths } from '@wharfinger/lib/inspect/hashing/chunk-hasher';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { eachEntry, TreeColumns } from '@wharfinger/lib/inspect/layer-tree';
import { unpackInventory } from '@wharfinger/lib/inspect/packed-json';
import { displayPath } from '@wharfinger/lib/inspect/paths';
import { fileKey } from '../stores/file-index/pieces.ts';

/** What is asked of the thread about the packed inventory of a layer: the keys of its files, or where one file is. */
export interface LayerQuestion {
  readonly packed: Uint8Array;
  /** SHA-256 of a file, and how many paths are wanted */
  readonly find?: { readonly sha256: Uint8Array; readonly most: number };
}

export type LayerAnswer =
  | { readonly keys: Float64Array; readonly complete: boolean }
  | { readonly paths: readonly string[]; readonly more: number }
  | { readonly failure: string };

/** Bytes of the longest inventory as JSON: no more than is read of what the process gives that makes them. */
const longest = 256 * 1024 ** 2;

const { sha256: length } = digestLengths;

function answer({ packed, find }: LayerQuestion): LayerAnswer {
  const { tree } = unpackInventory(packed, longest) as LayerInventory;
  return find ? pathsOf(tree, find) : keysOf(tree);
}

/** Empty files have no digest, and are not looked for. */
function keysOf({ sizes, digests }: LayerInventory['tree']): LayerAnswer {
  const column = Buffer.from(digests.sha256, 'base64');
  const keys = new Float64Array(sizes.length);
  let [count, complete] = [0, true];
  for (const [file, size] of sizes.entries()) {
    const at = file * length;
    if (at + length <= column.length && column.subarray(at, at + length).some((byte) => byte !== 0)) {
      keys[count] = fileKey(column, at);
      count += 1;
    } else if (size > 0) complete = false;
  }
  const sorted = keys.subarray(0, count).sort();
  return { keys: sorted.filter((key, index) => key !== sorted[index - 1]), complete };
}

function pathsOf(tree: LayerInventory['tree'], { sha256, most }: NonNullable<LayerQuestion['find']>) {
  const columns = new TreeColumns(tree);
  const paths: string[] = [];
  let more = 0;
  eachEntry(tree, (index, path, type) => {
    if (type !== 'f' || !columns.digest(index, 'sha256')?.equals(sha256)) return;
    if (paths.length < most) paths.push(displayPath(path));
    else more += 1;
  });
  return { paths, more };
}

parentPort?.on('message', (question: LayerQuestion) => {
  let given: LayerAnswer;
  try {
    given = answer(question);
  } catch (error) {
    given = { failure: String(error) };
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
  parentPort!.postMessage(given);
});
