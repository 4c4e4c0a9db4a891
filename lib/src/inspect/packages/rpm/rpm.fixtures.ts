import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a header says, for tests. */
export interface FixtureRpm {
  readonly name: string;
  readonly version: string;
  readonly release?: string;
  readonly epoch?: number;
  readonly vendor?: string;
  readonly module?: string;
  /** paths with SHA-256 in hexadecimal digits, '' for folders */
  readonly files?: Readonly<Record<string, string>>;
}

type Field = readonly [tag: number, type: number, count: number, data: Buffer];

const texts = (values: readonly string[]): Buffer => Buffer.from(values.map((one) => `${one}\0`).join(''));
const numbers = (values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
};
const shorts = (values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
};

/** A header of these fields, as a database has it. */
export function headerOf(fields: readonly Field[]): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [tag, type, count, bytes] of fields) {
    const gap = type === 4 ? (4 - (offset % 4)) % 4 : type === 3 ? offset % 2 : 0;
    data.push(Buffer.alloc(gap), bytes);
    offset += gap;
    index.push(numbers([tag, type, offset, count]));
    offset += bytes.length;
  }
  return Buffer.concat([numbers([fields.length, offset]), ...index, ...data]);
}

/** The header of a package. */
export function rpmHeader({
  name,
  version,
  release = '1.el9',
  epoch,
  vendor,
  module,
  files = {},
}: FixtureRpm): Buffer {
  const text = (tag: number, value: string): Field => [tag, 6, 1, texts([value])];
  const paths = Object.keys(files);
  const folders = [...new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/') + 1)))];
  const digests = Object.values(files);
  const lists: readonly Field[] = [
    [1030, 3, paths.length, shorts(digests.map((digest) => (digest === '' ? 0o040755 : 0o100644)))],
    [1035, 8, paths.length, texts(digests)],
    [1037, 4, paths.length, numbers(paths.map((path) => (path.startsWith('/etc/') ? 1 : 0)))],
    [
      1116,
      4,
      paths.length,
      numbers(paths.map((path) => folders.indexOf(path.slice(0, path.lastIndexOf('/') + 1)))),
    ],
    [1117, 8, paths.length, texts(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)))],
    [1118, 8, folders.length, texts(folders)],
    [5011, 4, 1, numbers([8])],
  ];
  return headerOf([
    text(1000, name),
    text(1001, version),
    text(1002, release),
    ...(epoch === undefined ? [] : [[1003, 4, 1, numbers([epoch])] as const]),
    ...(vendor === undefined ? [] : [text(1011, vendor)]),
    text(1014, 'MIT'),
    text(1022, 'x86_64'),
    text(1044, `${name}-${version}-${release}.src.rpm`),
    ...(module === undefined ? [] : [text(5096, module)]),
    ...(paths.length === 0 ? [] : lists),
  ]);
}

/** A database of rpm in SQLite, with tables beside that of packages as rpm has them; `log`: what was not written into it yet. */
export function sqliteOf(
  headers: readonly Buffer[],
  added: readonly Buffer[] = [],
): { readonly database: Buffer; readonly log: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-rpm-'));
  const path = join(folder, 'rpmdb.sqlite');
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
    database.exec(
      "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL); CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum)); CREATE INDEX 'Name_hnum_idx' ON 'Name'(hnum ASC)",
    );
    const insert = (blob: Buffer): void => {
      const { lastInsertRowid } = database.prepare("INSERT INTO 'Packages' (blob) VALUES (?)").run(blob);
      database.prepare("INSERT INTO 'Name' VALUES (?, ?, 0)").run(`key-${lastInsertRowid}`, lastInsertRowid);
    };
    for (const blob of headers) insert(blob);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    for (const blob of added) insert(blob);
    return { database: readFileSync(path), log: readFileSync(`${path}-wal`) };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

function littleEndian(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, at * 4);
  return bytes;
}

function adler(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** A database in rpm's own format. */
export function ndbOf(headers: readonly Buffer[]): Buffer {
  const magic = (name: string): number => Buffer.from(name, 'latin1').readUInt32LE(0);
  const slots: Buffer[] = [];
  const blobs: Buffer[] = [];
  let block = 4096 / 16;
  for (const [at, header] of headers.entries()) {
    const blocks = Math.ceil((16 + header.length + 12) / 16);
    const content = Buffer.alloc(blocks * 16 - 12);
    littleEndian([magic('BlbS'), at + 1, 1, header.length]).copy(content);
    header.copy(content, 16);
    blobs.push(content, littleEndian([adler(content), header.length, magic('BlbE')]));
    slots.push(littleEndian([magic('Slot'), at + 1, block, blocks]));
    block += blocks;
  }
  const free = Array.from({ length: 254 - slots.length }, () => littleEndian([magic('Slot'), 0, 0, 0]));
  const start = littleEndian([magic('RpmP'), 0, 1, 1, headers.length + 1, 0, 0, 0]);
  return Buffer.concat([start, ...slots, ...free, ...blobs]);
}

/** A hash database of Berkeley DB, each value in a chain of pages, as headers are mostly too long for one. */
export function bdbOf(headers: readonly Buffer[], bigEndian = false): Buffer {
  const size = 512;
  const long = (page: Buffer, value: number, at: number): void =>
    void (bigEndian ? page.writeUInt32BE(value, at) : page.writeUInt32LE(value, at));
  const short = (page: Buffer, value: number, at: number): void =>
    void (bigEndian ? page.writeUInt16BE(value, at) : page.writeUInt16LE(value, at));
  const pages: Buffer[] = [];
  const add = (type: number): Buffer => {
    const page = Buffer.alloc(size);
    long(page, pages.length, 8);
    page[25] = type;
    pages.push(page);
    return page;
  };
  const meta = add(8);
  const hash = add(13);
  const items: Buffer[] = [Buffer.from([1, 0, 0, 0, 0]), Buffer.from([1, headers.length, 0, 0, 0])];
  for (const [at, header] of headers.entries()) {
    const item = Buffer.alloc(12, 0);
    item[0] = 3;
    long(item, pages.length, 4);
    long(item, header.length, 8);
    items.push(Buffer.from([1, at + 1, 0, 0, 0]), item);
    for (let from = 0; from < header.length; from += size - 26) {
      const part = header.subarray(from, from + size - 26);
      const page = add(7);
      short(page, part.length, 22);
      long(page, from + size - 26 < header.length ? pages.length : 0, 16);
      part.copy(page, 26);
    }
  }
  let end = size;
  for (const [at, item] of items.entries()) {
    end -= item.length;
    item.copy(hash, end);
    short(hash, end, 26 + at * 2);
  }
  short(hash, items.length, 20);
  short(hash, end, 22);
  long(meta, 0x061561, 12);
  long(meta, 9, 16);
  long(meta, size, 20);
  long(meta, pages.length - 1, 32);
  long(meta, headers.length + 1, 88);
  return Buffer.concat(pages);
}
