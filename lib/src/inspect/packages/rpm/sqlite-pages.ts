/** Types of pages that hold a tree (SQLite, "Database File Format", 1.6). */
export const pageTypes = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 } as const;

/** Where a row's content begins: `local` bytes in the page, the rest in a chain of overflow pages. */
export interface Cell {
  /** bytes of the whole content */
  readonly length: number;
  /** offset of the content in the page */
  readonly at: number;
  readonly local: number;
  /** first overflow page; 0: none */
  readonly overflow: number;
  /** of tables: the row's number */
  readonly rowid: number;
}

/** One page of a tree. */
export interface TreePage {
  readonly type: number;
  /** of leaves, and of interior pages of indexes */
  readonly cells: readonly Cell[];
  /** pages below, in order; empty for leaves */
  readonly children: readonly number[];
}

/** A whole number of up to 9 bytes, and where the next byte lies; undefined behind the end, or above 2^53. */
export function readVarint(bytes: Buffer, at: number): readonly [value: number, next: number] | undefined {
  let value = 0;
  for (let count = 0; count < 8; count += 1) {
    const byte = bytes[at + count];
    if (byte === undefined) return undefined;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value > Number.MAX_SAFE_INTEGER ? undefined : [value, at + count + 1];
  }
  // A ninth byte belongs to numbers that are negative or beyond all that a database of packages has.
  return undefined;
}

/**
 * Takes a page of a tree apart.
 *
 * Every byte of it must be accounted for, as SQLite's own integrity check asks: cells, freed room and what is not used yet may not
 * overlap, and nothing may lie between them. A page whose count of cells was made smaller would else hide rows.
 *
 * @param page the page without the bytes reserved at its end
 * @param start where its header begins: 100 in the first page, 0 in others
 * @returns what is wrong with it, where something is
 */
export function readTreePage(page: Buffer, start: number): TreePage | string {
  const type = page[start]!;
  const isInterior = type === pageTypes.indexInterior || type === pageTypes.tableInterior;
  if (!isInterior && type !== pageTypes.indexLeaf && type !== pageTypes.tableLeaf)
    return 'is no page of a tree';
  const count = page.readUInt16BE(start + 3);
  const content = page.readUInt16BE(start + 5) || 65536;
  const pointers = start + (isInterior ? 12 : 8);
  if (pointers + count * 2 > content || content > page.length) return 'has more cells than room';
  const cells: Cell[] = [];
  const children: number[] = [];
  const parts: Array<readonly [from: number, to: number]> = [];
  for (let index = 0; index < count; index += 1) {
    const from = page.readUInt16BE(pointers + index * 2);
    const read = from < content ? undefined : readCell(page, from, type);
    if (read === undefined) return 'has a cell that does not lie in it';
    const { to, child, cell } = read;
    // The smallest room that is ever given out is of four bytes, so that it can be chained when it is freed.
    parts.push([from, Math.max(to, from + 4)]);
    if (child !== undefined) children.push(child);
    if (cell !== undefined) cells.push(cell);
  }
  if (isInterior) children.push(page.readUInt32BE(start + 8));
  const isWhole = addFreed(page, page.readUInt16BE(start + 1), parts) && fills(page, content, start, parts);
  return isWhole ? { type, cells, children } : 'has room that is not accounted for';
}

/** Freed room, chained in the order of the page; false where the chain is broken. */
function addFreed(page: Buffer, first: number, parts: Array<readonly [from: number, to: number]>): boolean {
  let last = 0;
  for (let at = first; at !== 0; at = page.readUInt16BE(at)) {
    if (at <= last || at + 4 > page.length) return false;
    parts.push([at, at + page.readUInt16BE(at + 2)]);
    last = at;
  }
  return true;
}

/** True where the parts lie side by side from `content` to the end, but for as many bytes as the page says are lost. */
function fills(
  page: Buffer,
  content: number,
  start: number,
  parts: ReadonlyArray<readonly [from: number, to: number]>,
): boolean {
  let end = content;
  let lost = 0;
  for (const [from, to] of parts.toSorted((a, b) => a[0] - b[0])) {
    if (from < end) return false;
    lost += from - end;
    end = to;
  }
  return end <= page.length && lost + page.length - end === page[start + 7];
}

interface ReadCell {
  readonly to: number;
  readonly child?: number;
  readonly cell?: Cell;
}

function readCell(page: Buffer, from: number, type: number): ReadCell | undefined {
  const isInterior = type === pageTypes.indexInterior || type === pageTypes.tableInterior;
  let at = from;
  let child: number | undefined;
  if (isInterior) {
    if (from + 4 > page.length) return undefined;
    child = page.readUInt32BE(from);
    at += 4;
  }
  if (type === pageTypes.tableInterior) {
    const key = readVarint(page, at);
    return key === undefined ? undefined : { to: key[1], child: child! };
  }
  const length = readVarint(page, at);
  if (length === undefined) return undefined;
  const row = type === pageTypes.tableLeaf ? readVarint(page, length[1]) : ([0, length[1]] as const);
  if (row === undefined) return undefined;
  const local = localOf(length[0], page.length, type === pageTypes.tableLeaf);
  const overflows = local < length[0];
  const to = row[1] + local + (overflows ? 4 : 0);
  if (to > page.length) return undefined;
  const overflow = overflows ? page.readUInt32BE(row[1] + local) : 0;
  const cell = { length: length[0], at: row[1], local, overflow, rowid: row[0] };
  return { to, cell, ...(child === undefined ? {} : { child }) };
}

/** How much of a content stays in the page ("B-tree Cell Format"); `usable` is the page without reserved bytes. */
function localOf(length: number, usable: number, isTable: boolean): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (length <= most) return length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usable - 4));
  return fitting <= most ? fitting : least;
}
