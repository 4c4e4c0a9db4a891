import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { splitLines, splitObjects } from './json-values.ts';
import type { SourceItem } from './source-stream.ts';
import { parseRecords, readPath, readUrl } from './sources.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'advisory-sources-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A zip archive; `size` overrides what it says of the uncompressed size of an entry. */
function zip(files: ReadonlyArray<{ name: string; content: string; size?: number }>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, size } of files) {
    const data = deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(size ?? Buffer.byteLength(content), 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), shared, rest, Buffer.from(name)]),
    );
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** What a source gives: ids of records, messages of failures. */
async function read(items: AsyncIterable<SourceItem>): Promise<{ ids: string[]; failures: string[] }> {
  const ids: string[] = [];
  const failures: string[] = [];
  for await (const item of parseRecords(items)) {
    if ('failure' in item) failures.push(item.failure.message);
    else ids.push(item.advisory.id);
  }
  return { ids, failures };
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const one = (id: string): string => JSON.stringify({ id, summary: 'a "quoted" } text \\', affected: [] });
const pretty = (id: string): string => JSON.stringify({ id, affected: [] }, null, 2);

describe('readPath: forms of files', () => {
  it.each([
    ['one.json', pretty('A')],
    ['several.json', `${pretty('A')}\n${pretty('B')}`],
    ['array.json', `\ufeff[${pretty('A')},\n${one('B')}]\n`],
    ['empty-array-around.json', ` [ ${one('A')} ] `],
    ['lines.jsonl', `${one('A')}\r\n\n${one('B')}`],
    ['lines.ndjson', `${one('A')}\n${one('B')}\n`],
    ['packed.jsonl.gz', gzipSync(`${one('A')}\n${one('B')}\n`)],
    ['members.jsonl.gz', Buffer.concat([gzipSync(`${one('A')}\n`), gzipSync(`${one('B')}\n`)])],
    ['packed-without-ending', gzipSync(`[${one('A')},${one('B')}]`)],
    [
      'all.zip',
      zip([
        { name: 'A.json', content: one('A') },
        { name: 'README', content: '?' },
        { name: 'x/B.json', content: pretty('B') },
      ]),
    ],
    ['zip-without-ending', zip([{ name: 'A.json', content: one('A') }])],
  ])('%s', async (name, content) => {
    const { ids, failures } = await read(readPath(await file(name, content)));
    expect(failures).toEqual([]);
    expect(['A', 'A,B']).toContain(ids.join());
  });
});

describe('readPath: what is broken is reported and the rest goes on', () => {
  it.each([
    ['line.jsonl', `${one('A')}\n{"id": broken\n${one('B')}\n`, ['A', 'B'], ['line.jsonl:2']],
    ['field.jsonl', `${one('A')}\n{"id":"F","affected":1}\n${one('B')}\n`, ['A', 'B'], ['F: affected']],
    [
      'long.jsonl',
      `${one('A')}\n"${'x'.repeat(33 * 1024 * 1024)}"\n${one('B')}\n`,
      ['A', 'B'],
      ['long.jsonl:2'],
    ],
    ['object.json', `[${one('A')},{"id":},${one('B')}]`, ['A', 'B'], ['object.json, record 2']],
    ['cut.json', `[${one('A')},{"id":"B"`, ['A'], ['after 1 records']],
    ['words.json', 'hello', [], ['where a JSON object should begin']],
    ['numbers.json', `[${one('A')}, 7]`, ['A'], ['where a JSON object should begin']],
    ['empty.json', '', [], ['holds no records']],
    ['cut.jsonl.gz', gzipSync(`${one('A')}\n`.repeat(5000)).subarray(0, 60), [], ['unexpected end']],
    [
      'entry.zip',
      zip([
        { name: 'A.json', content: '{' },
        { name: 'B.json', content: one('B') },
      ]),
      ['B'],
      ['entry.zip!A.json'],
    ],
    [
      'lies.zip',
      zip([
        { name: 'A.json', content: one('A'), size: 3 },
        { name: 'B.json', content: one('B') },
      ]),
      ['B'],
      ['lies.zip!A.json'],
    ],
    [
      'large.zip',
      zip([
        { name: 'A.json', content: one('A'), size: 2 ** 31 },
        { name: 'B.json', content: one('B') },
      ]),
      ['B'],
      ['large.zip!A.json'],
    ],
    ['cut.zip', zip([{ name: 'A.json', content: one('A') }]).subarray(0, 60), [], ['cut.zip']],
    ['empty.zip', zip([{ name: 'README', content: '?' }]), [], ['no .json entries']],
  ])('%s', async (name, content, expected, messages) => {
    const { ids, failures } = await read(readPath(await file(name, content)));
    expect(ids.slice(0, expected.length)).toEqual(expected);
    expect(ids.length === expected.length || name.endsWith('.gz')).toBe(true);
    expect(failures).toEqual(messages.map((message) => expect.stringContaining(message)));
  });
});

describe('readPath: folders', () => {
  it('reads all files in order of names, and follows no links', async () => {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'sub/deep'), { recursive: true });
    await writeFile(join(tree, 'b.json'), one('B'));
    await writeFile(join(tree, 'sub/deep/c.jsonl.gz'), gzipSync(one('C')));
    await writeFile(join(tree, 'a.zip'), zip([{ name: 'A.json', content: one('A') }]));
    await writeFile(join(tree, 'README.md'), 'no records');
    await symlink('..', join(tree, 'sub/loop'));
    expect(await read(readPath(tree))).toEqual({ ids: ['A', 'B', 'C'], failures: [] });
  });

  it.each(['nothing-here', 'no-files'])('refuses %s', async (name) => {
    await mkdir(join(folder, 'no-files'), { recursive: true });
    await expect(read(readPath(join(folder, name)))).rejects.toSatisfy((error) =>
      isWharfingerError(error, 'ADVISORIES_UNREADABLE'),
    );
  });
});

describe('readUrl', () => {
  let server: Server;
  let base = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/a.jsonl') response.end(`${one('A')}\n${one('B')}\n`);
      else if (path === '/all.zip') response.end(zip([{ name: 'A.json', content: one('A') }]));
      else if (path === '/cut.zip') {
        response.setHeader('content-length', 1000);
        response.write('PK');
        response.socket?.end();
      } else {
        response.statusCode = 404;
        response.end('no');
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    base = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const download = () => ({ fetch, temporaryFolder: folder });
  const left = async () => (await readdir(folder)).filter((name) => name.startsWith('advisories-'));

  it('reads lines, and archives by way of a file that is removed', async () => {
    expect(await read(readUrl(`${base}/a.jsonl?key=secret`, download()))).toEqual({
      ids: ['A', 'B'],
      failures: [],
    });
    expect(await read(readUrl(`${base}/all.zip`, download()))).toEqual({ ids: ['A'], failures: [] });
    expect(await left()).toEqual([]);
  });

  it('keeps queries out of messages', async () => {
    await expect(read(readUrl(`${base}/none.json?key=secret`, download()))).rejects.toThrow(
      expect.toSatisfy(
        (error) =>
          isWharfingerError(error, 'REMOTE_FAILED') &&
          error.message.endsWith('404') &&
          !/secret/.test(error.message),
      ),
    );
  });

  it('refuses what breaks off and what is no address', async () => {
    await expect(read(readUrl(`${base}/cut.zip`, download()))).rejects.toSatisfy((error) =>
      isWharfingerError(error, 'REMOTE_FAILED'),
    );
    expect(await left()).toEqual([]);
    await expect(read(readUrl('file:///etc/passwd', download()))).rejects.toSatisfy((error) =>
      isWharfingerError(error, 'ADVISORIES_UNREADABLE'),
    );
  });
});

describe('splitting', () => {
  const inChunks = async function* (text: string, sizes: readonly number[]) {
    const bytes = Buffer.from(text);
    let at = 0;
    for (let turn = 0; at < bytes.length; turn += 1) {
      const end = at + (sizes[turn % sizes.length] ?? 1);
      yield bytes.subarray(at, end);
      at = end;
    }
  };
  const texts = async (slices: AsyncIterable<{ bytes: Buffer } | { tooLong: true }>) => {
    const found: unknown[] = [];
    for await (const slice of slices)
      found.push('bytes' in slice ? JSON.parse(slice.bytes.toString()) : slice);
    return found;
  };

  it('gives what went in, however the bytes are cut', async () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 5 });
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(objects, sizes, async (values, cuts) => {
        const plain: unknown = JSON.parse(JSON.stringify(values));
        const array = JSON.stringify(values, null, 1);
        const lines = values.map((value) => JSON.stringify(value)).join('\n');
        expect(await texts(splitObjects(inChunks(array, cuts), 1e6))).toEqual(plain);
        expect(await texts(splitObjects(inChunks(lines, cuts), 1e6))).toEqual(plain);
        expect(await texts(splitLines(inChunks(lines, cuts), 1e6))).toEqual(plain);
      }),
    );
  });

  it('does not keep what is too long', async () => {
    const text = `{"a":1}\n{"a":"${'x'.repeat(100)}"}\n{"a":2}`;
    const expected = [{ a: 1 }, { tooLong: true }, { a: 2 }];
    expect(await texts(splitObjects(inChunks(text, [7]), 50))).toEqual(expected);
    expect(await texts(splitLines(inChunks(text, [7]), 50))).toEqual(expected);
  });
});
