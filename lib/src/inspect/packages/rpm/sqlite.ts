import type { Faults } from './faults.ts';
import { pageTypes, readTreePage, readVarint, type Cell, type TreePage } from './sqlite-pages.ts';

const magic = 'SQLite format 3\0';
/** rpm's own schema has about sixty rows. */
const mostSchemaRows = 2000;

/** True for a file that begins as databases of SQLite do. */
export function isSqlite(head: Buffer): boolean {
  return head.length >= 100 && head.toString('latin1', 0, 16) === magic;
}

/** Room of a page without the bytes reserved at its end; undefined where the numbers make no sense. */
export function pageRoom(size: number, reserved: number): number | undefined {
  const isPowerOfTwo = size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
  return isPowerOfTwo && size - reserved >= 480 ? size - reserved : undefined;
}

/**
 * Reads one table of an SQLite database ("Database File Format") by our own code, since the bytes may be hostile.
 *
 * Every page of the file must belong to exactly one thing: a tree that the schema names, a chain of overflow pages, the list of
 * free pages. So a pointer that was bent to hide rows leaves pages over, which is a fault. Work and memory are bounded by the
 * length of the file, since no page is read twice.
 *
 * @param name of the table, in lower case
 * @param use given the second column of each row, where it is a text or a blob
 * @returns true where the database has such a table
 */
export function readSqliteTable(
  bytes: Buffer,
  name: string,
  use: (blob: Buffer) => void,
  faults: Faults,
): boolean {
  const size = bytes.length < 100 ? 0 : bytes.readUInt16BE(16) === 1 ? 65536 : bytes.readUInt16BE(16);
  const room = isSqlite(bytes) ? pageRoom(size, bytes[20]!) : undefined;
  if (room === undefined) {
    faults.add('it has no header of SQLite');
    return false;
  }
  const database = new Pages(bytes, size, room, faults);
  const schema: SchemaRow[] = [];
  for (const cell of database.cells(1)) {
    const row = readSchemaRow(database.content(cell));
    if (row === undefined || schema.length >= mostSchemaRows) faults.add('its schema cannot be read');
    else if (row.root > 0) schema.push(row);
  }
  let found = false;
  for (const row of schema) {
    const isWanted = row.type === 'table' && row.name.toLowerCase() === name;
    found ||= isWanted;
    for (const cell of database.cells(row.root)) {
      const content = database.content(cell);
      if (!isWanted) continue;
      const blob = secondColumn(content);
      if (blob === undefined) faults.add('a row cannot be read');
      else use(blob);
    }
  }
  database.takeFree();
  database.checkUsed();
  if (bytes.readUInt32BE(56) > 1) faults.add('its texts are not in UTF-8');
  return found;
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  /** 0: views and triggers have no pages */
  readonly root: number;
}

function readSchemaRow(content: Buffer | undefined): SchemaRow | undefined {
  const columns = content === undefined ? undefined : readRecord(content);
  if (columns === undefined || columns.length < 4) return undefined;
  const [type, name, , root] = columns;
  if (!Buffer.isBuffer(type) || !Buffer.isBuffer(name) || Buffer.isBuffer(root)) return undefined;
  return { type: type.toString('utf8'), name: name.toString('utf8'), root: root ?? 0 };
}

/** The bytes of the second column, behind the number of the row. */
function secondColumn(content: Buffer | undefined): Buffer | undefined {
  const columns = content === undefined ? undefined : readRecord(content);
  const blob = columns?.length === 2 ? columns[1] : undefined;
  return Buffer.isBuffer(blob) ? blob : undefined;
}

/** Columns of a record ("Record Format"): bytes for texts and blobs, numbers, undefined for NULL; of floats nothing is needed. */
function readRecord(content: Buffer): ReadonlyArray<Buffer | number | undefined> | undefined {
  const header = readVarint(content, 0);
  if (header === undefined || header[0] > content.length) return undefined;
  const columns: Array<Buffer | number | undefined> = [];
  let at = header[1];
  let data = header[0];
  while (at < header[0]) {
    const serial = readVarint(content, at);
    if (serial === undefined || serial[1] > header[0] || columns.length > 100) return undefined;
    const [type] = serial;
    const length = type >= 12 ? Math.floor((type - 12) / 2) : [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type];
    if (length === undefined || data + length > content.length) return undefined;
    if (type >= 12) columns.push(content.subarray(data, data + length));
    else if (type === 0 || type > 5) columns.push(type >= 8 ? type - 8 : undefined);
    else columns.push(content.readIntBE(data, length));
    at = serial[1];
    data += length;
  }
  return columns;
}

/** Pages of a database, each of which is given out once. */
class Pages {
  readonly #bytes: Buffer;
  readonly #size: number;
  readonly #room: number;
  readonly #faults: Faults;
  readonly #count: number;
  readonly #used: Uint8Array;

  constructor(bytes: Buffer, size: number, room: number, faults: Faults) {
    this.#bytes = bytes;
    this.#size = size;
    this.#room = room;
    this.#faults = faults;
    const stated = bytes.readUInt32BE(28);
    const there = Math.floor(bytes.length / size);
    // Who wrote the count last must have been who changed the file last; else it does not count.
    const isCurrent = stated > 0 && bytes.readUInt32BE(24) === bytes.readUInt32BE(92);
    this.#count = isCurrent ? Math.min(stated, there) : there;
    this.#used = new Uint8Array(this.#count + 1);
    if (this.#count < stated || bytes.length % size !== 0) faults.add('it broke off');
    if (isCurrent && there > stated) faults.add('pages follow behind its end');
    // With a map of pointers (auto-vacuum), each page of the map describes as many as it has room for five bytes.
    if (bytes.readUInt32BE(52) === 0) return;
    for (let page = 2; page <= this.#count; page += Math.floor(room / 5) + 1) this.#used[page] = 1;
  }

  /** Marks a page as used; undefined where there is none, or it was used before. */
  #take(page: number): Buffer | undefined {
    if (page < 1 || page > this.#count || this.#used[page] === 1) {
      this.#faults.add(`page ${page} is missing, or used twice`);
      return undefined;
    }
    this.#used[page] = 1;
    const start = (page - 1) * this.#size;
    return this.#bytes.subarray(start, start + this.#room);
  }

  /** Cells of a tree: rows of a table, entries of an index; page by page, since there may be millions. */
  *cells(root: number): Generator<Cell> {
    const open = [root];
    for (let page = open.pop(); page !== undefined; page = open.pop()) {
      const tree = this.#tree(page);
      if (tree === undefined) continue;
      const start = (page - 1) * this.#size;
      for (const cell of tree.cells) yield { ...cell, at: cell.at + start };
      for (const child of tree.children.toReversed()) open.push(child);
      // Each of them is used once at most: no tree has more.
      if (open.length > this.#count) {
        this.#faults.add('a tree has more pages than the file');
        return;
      }
    }
  }

  #tree(page: number): TreePage | undefined {
    const bytes = this.#take(page);
    if (bytes === undefined) return undefined;
    const tree = readTreePage(bytes, page === 1 ? 100 : 0);
    if (typeof tree !== 'string') return tree;
    this.#faults.add(`page ${page} ${tree}`);
    return undefined;
  }

  /** The whole content of a cell, put together from its chain of pages. */
  content(cell: Cell): Buffer | undefined {
    const local = this.#bytes.subarray(cell.at, cell.at + cell.local);
    if (cell.local === cell.length) return local;
    if (cell.length > this.#bytes.length) {
      this.#faults.add('a row is longer than the file');
      return undefined;
    }
    const parts = [local];
    let left = cell.length - cell.local;
    let page = cell.overflow;
    for (; left > 0;) {
      const bytes = this.#take(page);
      if (bytes === undefined) return undefined;
      parts.push(bytes.subarray(4, 4 + Math.min(left, this.#room - 4)));
      left -= this.#room - 4;
      page = bytes.readUInt32BE(0);
    }
    if (page !== 0) this.#faults.add('a row goes on behind its end');
    return Buffer.concat(parts);
  }

  /** Pages that are free: trunks, which list others ("The Freelist"). */
  takeFree(): void {
    const most = this.#room / 4 - 2;
    for (let page = this.#bytes.readUInt32BE(32); page !== 0;) {
      const bytes = this.#take(page);
      if (bytes === undefined) return;
      const count = bytes.readUInt32BE(4);
      if (count > most) return this.#faults.add('its list of free pages cannot be read');
      for (let index = 0; index < count; index += 1) this.#take(bytes.readUInt32BE(8 + index * 4));
      page = bytes.readUInt32BE(0);
    }
  }

  /** What belongs to nothing may have been a row. */
  checkUsed(): void {
    const left = this.#used.subarray(1).filter((used) => used === 0).length;
    if (left > 0) this.#faults.add(`${left} of its pages belong to nothing`);
  }
}

/** Rows of a page of a table that stands alone, in a journal; those that go on elsewhere only as far as `find` has the pages. */
export function rowsOfPage(
  page: Buffer,
  room: number,
  isFirst: boolean,
  find: (page: number) => Buffer | undefined,
): readonly Buffer[] {
  const tree = readTreePage(page.subarray(0, room), isFirst ? 100 : 0);
  if (typeof tree === 'string' || tree.type !== pageTypes.tableLeaf) return [];
  return tree.cells.flatMap((cell) => {
    const parts = [page.subarray(cell.at, cell.at + cell.local)];
    let next = cell.overflow;
    for (let left = cell.length - cell.local; left > 0; left -= room - 4) {
      const bytes = find(next);
      if (bytes === undefined) return [];
      parts.push(bytes.subarray(4, 4 + Math.min(left, room - 4)));
      next = bytes.readUInt32BE(0);
    }
    const blob = secondColumn(Buffer.concat(parts));
    return blob === undefined ? [] : [blob];
  });
}
