/** A bucket of a bbolt database: values and further buckets by their keys. */
export type Bucket = ReadonlyMap<string, Buffer | Bucket>;

const pageSize = 4096;
const headerSize = 16;
const elementSize = 16;
const flagOf = { branch: 1, leaf: 2, meta: 4, freelist: 0x10 } as const;
/** elements of one page; more make another level of pages */
const mostElements = 512;
/** A bucket that fits is kept in the page of its parent. */
const largestInline = 1024;

/** One element of a leaf: a value, or where the bucket of this name is. */
interface Leaf {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
}

/**
 * The bytes of a database file of bbolt, format version 2 (go.etcd.io/bbolt): a copy-on-write B+ tree of pages, of which the first
 * two say where the root is. Written in one go, so that no page is free.
 */
export function boltFile(root: Bucket): Buffer {
  const pages: Array<readonly [number: number, bytes: Buffer]> = [];
  // Pages 0 and 1 are about the file, 2 is the list of free pages.
  let next = 3;

  const place = (bytes: Buffer): number => {
    const number = next;
    next += Math.ceil(bytes.length / pageSize);
    bytes.writeBigUInt64LE(BigInt(number), 0);
    bytes.writeUInt32LE(next - number - 1, 12);
    pages.push([number, bytes]);
    return number;
  };
  const placeTree = (leaves: readonly Leaf[]): number => {
    let level = inParts(leaves).map((part) => ({
      key: part[0]?.key ?? Buffer.alloc(0),
      page: place(leafPage(part)),
    }));
    while (level.length > 1) {
      level = inParts(level).map((part) => ({ key: part[0]!.key, page: place(branchPage(part)) }));
    }
    return level[0]!.page;
  };
  const leavesOf = (bucket: Bucket): Leaf[] =>
    [...bucket]
      .map(([name, value]) => ({
        key: Buffer.from(name),
        value: Buffer.isBuffer(value) ? value : placeBucket(value),
        isBucket: !Buffer.isBuffer(value),
      }))
      .sort((a, b) => Buffer.compare(a.key, b.key));
  /** What the parent keeps of a bucket: the page of its root; or 0 and, right behind it, its only page. */
  const placeBucket = (bucket: Bucket): Buffer => {
    const leaves = leavesOf(bucket);
    const inline = leafPage(leaves);
    if (inline.length <= largestInline && leaves.every(({ isBucket }) => !isBucket)) {
      return Buffer.concat([bucketHead(0), inline]);
    }
    return bucketHead(placeTree(leaves));
  };

  const top = placeTree(leavesOf(root));
  const file = Buffer.alloc(next * pageSize);
  for (const [number, bytes] of pages) bytes.copy(file, number * pageSize);
  for (const number of [0, 1]) metaPage(number, top, next).copy(file, number * pageSize);
  const free = pageOf('freelist', 0, 0);
  free.writeBigUInt64LE(2n, 0);
  free.copy(file, 2 * pageSize);
  return file;
}

function inParts<Item>(items: readonly Item[]): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / mostElements));
  return Array.from({ length: count }, (_, at) => items.slice(at * mostElements, (at + 1) * mostElements));
}

function pageOf(kind: keyof typeof flagOf, count: number, size: number): Buffer {
  const page = Buffer.alloc(headerSize + size);
  page.writeUInt16LE(flagOf[kind], 8);
  page.writeUInt16LE(count, 10);
  return page;
}

function leafPage(leaves: readonly Leaf[]): Buffer {
  const content = leaves.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const page = pageOf('leaf', leaves.length, leaves.length * elementSize + content);
  let at = headerSize + leaves.length * elementSize;
  for (const [index, { key, value, isBucket }] of leaves.entries()) {
    const element = headerSize + index * elementSize;
    page.writeUInt32LE(isBucket ? 1 : 0, element);
    page.writeUInt32LE(at - element, element + 4);
    page.writeUInt32LE(key.length, element + 8);
    page.writeUInt32LE(value.length, element + 12);
    at += key.copy(page, at);
    at += value.copy(page, at);
  }
  return page;
}

function branchPage(children: ReadonlyArray<{ readonly key: Buffer; readonly page: number }>): Buffer {
  const content = children.reduce((sum, { key }) => sum + key.length, 0);
  const page = pageOf('branch', children.length, children.length * elementSize + content);
  let at = headerSize + children.length * elementSize;
  for (const [index, child] of children.entries()) {
    const element = headerSize + index * elementSize;
    page.writeUInt32LE(at - element, element);
    page.writeUInt32LE(child.key.length, element + 4);
    page.writeBigUInt64LE(BigInt(child.page), element + 8);
    at += child.key.copy(page, at);
  }
  return page;
}

function bucketHead(root: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(root), 0);
  return head;
}

function metaPage(number: number, root: number, pages: number): Buffer {
  const page = pageOf('meta', 0, 64);
  page.writeBigUInt64LE(BigInt(number), 0);
  const meta = page.subarray(headerSize);
  meta.writeUInt32LE(0xed0cdaed, 0);
  meta.writeUInt32LE(2, 4);
  meta.writeUInt32LE(pageSize, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(2n, 32);
  meta.writeBigUInt64LE(BigInt(pages), 40);
  // the number of the transaction: of the two pages the later one counts
  meta.writeBigUInt64LE(BigInt(number), 48);
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, 56)), 56);
  return page;
}

function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
