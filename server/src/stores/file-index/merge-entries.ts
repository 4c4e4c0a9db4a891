import { PieceWriter, type Entries, type Piece } from './pieces.ts';

/** Entries in order, some at a time; undefined: there are no more. */
export type EntrySource = () => Promise<Entries | undefined>;

interface Cursor {
  readonly source: EntrySource;
  entries: Entries;
  at: number;
}

/** Whether the entry of one cursor comes before that of another. */
function isBefore(left: Cursor, right: Cursor): boolean {
  const [one, other] = [left.entries.keys[left.at]!, right.entries.keys[right.at]!];
  return one < other || (one === other && left.entries.layers[left.at]! < right.entries.layers[right.at]!);
}

/** Puts the first cursor of a heap into its place. */
function settle(heap: Cursor[]): void {
  const moved = heap[0]!;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, moved)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = moved;
}

/** Next entries of a source that has some left. */
async function refill(source: EntrySource): Promise<Cursor | undefined> {
  for (;;) {
    const entries = await source();
    if (!entries) return undefined;
    if (entries.keys.length > 0) return { source, entries, at: 0 };
  }
}

/**
 * Merges sorted lists into one, in pieces; each entry is kept once.
 * @param isThere whether a layer is there still: entries of those that are gone are left out
 */
export async function* mergeEntries(
  sources: readonly EntrySource[],
  isThere: (layer: number) => boolean,
): AsyncGenerator<Piece, undefined> {
  const heap: Cursor[] = [];
  for (const source of sources) {
    const cursor = await refill(source);
    if (cursor) heap.push(cursor);
  }
  heap.sort((left, right) => (isBefore(left, right) ? -1 : 1));
  const writer = new PieceWriter();
  while (heap.length > 0) {
    const first = heap[0]!;
    const layer = first.entries.layers[first.at]!;
    const piece = isThere(layer) ? writer.add(first.entries.keys[first.at]!, layer) : undefined;
    first.at += 1;
    if (first.at === first.entries.keys.length) {
      const cursor = await refill(first.source);
      const last = heap.pop()!;
      if (cursor) {
        if (last !== first) heap.push(last);
        heap[0] = cursor;
      } else if (last !== first) heap[0] = last;
    }
    if (heap.length > 1) settle(heap);
    if (piece) yield piece;
  }
  const last = writer.finish();
  if (last) yield last;
  return undefined;
}
