import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { openArchive } from './open-archive.ts';
import { openImage } from './open-image.ts';
import { RegistrySession } from './registry-session.ts';
import { collect } from './verified-stream.ts';

type Entry = Parameters<typeof packTar>[0] extends ReadonlyArray<infer E> ? E : never;

function file(name: string, body: string | Buffer): Entry {
  return { header: { name, size: Buffer.byteLength(body), type: 'file' }, body };
}

function link(name: string, linkname: string, type: 'symlink' | 'link' = 'symlink'): Entry {
  return { header: { name, size: 0, type, linkname } };
}

describe('an archive', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-archives-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(
    entries: readonly Entry[],
    change: (tar: Buffer) => Buffer = (tar) => tar,
  ): Promise<string> {
    const path = join(folder, 'archive.tar');
    await writeFile(path, change(Buffer.from(await packTar([...entries]))));
    return path;
  }

  async function read(path: string, name: string): Promise<string> {
    const files = await openArchive(path);
    try {
      return Buffer.from(await collect(files.open(name))).toString();
    } finally {
      await files.close();
    }
  }

  it('gives its files, long names and links inside it', async () => {
    const long = `${'a'.repeat(120)}/${'b'.repeat(150)}`;
    const path = await write([
      file('./x/layer.tar', 'X'),
      file(long, 'L'),
      link('y/layer.tar', '../x/layer.tar'),
      link('z', 'x/layer.tar', 'link'),
    ]);
    expect(await read(path, 'x/layer.tar')).toBe('X');
    expect(await read(path, long)).toBe('L');
    expect(await read(path, 'y/layer.tar')).toBe('X');
    expect(await read(path, 'z')).toBe('X');
    await expect(read(path, 'none')).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  it('is read as GNU tar writes it, in each of its formats', async () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
    execFileSync('mkdir', ['-p', join(folder, 'in', 'd'.repeat(90))]);
    await writeFile(join(folder, 'in', long), 'body');
    for (const format of ['gnu', 'pax', 'ustar']) {
      const path = join(folder, `${format}.tar`);
      execFileSync('tar', ['--format', format, '-C', join(folder, 'in'), '-cf', path, '.']);
      expect(await read(path, long)).toBe('body');
    }
  });

  it.each([
    ['a name that leads out', [file('../etc/passwd', 'x')], /leads out of it/],
    ['an absolute name', [file('/etc/passwd', 'x')], /leads out of it/],
    ['a link that leads out', [link('x', '../../etc/passwd')], /leads out of it/],
    ['an absolute link', [link('x', '/etc/passwd', 'link')], /leads out of it/],
    ['a file twice', [file('a', '1'), file('./a', '2')], /"a" twice/],
    ['links in a circle', [link('x', 'y'), link('y', 'x')], /leads in a circle/],
  ])('is refused with %s', async (_, entries, reason) => {
    await expect(read(await write(entries), 'x')).rejects.toThrow(reason);
  });

  it.each([
    ['is cut off in a file', (tar: Buffer) => tar.subarray(0, 700), /cut off in "a"/],
    ['has no end', (tar: Buffer) => tar.subarray(0, 1536), /it has no end/],
    ['is no archive', () => Buffer.alloc(2000, 'x'), /no tar header/],
    ['is empty', () => Buffer.alloc(0), /it has no end/],
    ['has broken compression', (tar: Buffer) => gzipSync(tar).subarray(0, 60), /compression is damaged/],
  ])('is refused where it %s', async (_, change, reason) => {
    const path = await write([file('a', 'x'.repeat(1000))], change);
    await expect(openArchive(path)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(reason),
    });
  });

  it('is not unpacked beyond the limit, and leaves nothing behind', async () => {
    const temporaryFolder = await mkdtemp(join(folder, 'unpacked-'));
    const path = await write([file('a', Buffer.alloc(10_000_000))], (tar) => gzipSync(tar));
    await expect(openArchive(path, { unpackLimit: 1_000_000, temporaryFolder })).rejects.toThrow(
      /unpacks to more than 1000000 bytes/,
    );
    expect(await readdir(temporaryFolder)).toEqual([]);
    const files = await openArchive(path, { temporaryFolder });
    expect(await files.size('a')).toBe(10_000_000);
    expect(await readdir(temporaryFolder)).toHaveLength(1);
    await files.close();
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  it('that is a pipe is refused, not waited for', async () => {
    const path = join(folder, 'pipe.tar');
    execFileSync('mkfifo', [path]);
    await expect(openArchive(path)).rejects.toThrow(/not a regular file/);
  });

  describe('of docker save', () => {
    const open = (path: string) =>
      openImage(path, { platform: 'linux/amd64', session: (host) => new RegistrySession(host) });
    const layer = Buffer.alloc(2048);
    const config = JSON.stringify({ os: 'linux', rootfs: { diff_ids: [digestOf(layer), digestOf(layer)] } });
    const list = (over: object = {}) =>
      JSON.stringify([
        { Config: 'c.json', RepoTags: ['a:1'], Layers: ['1/layer.tar', '2/layer.tar'], ...over },
      ]);
    const layers = [file('1/layer.tar', layer), link('2/layer.tar', '../1/layer.tar')];

    it('is an image, also where a layer repeats as a link', async () => {
      const source = await open(
        await write([file('manifest.json', list()), file('c.json', config), ...layers]),
      );
      expect(source.layers.map(({ descriptor }) => descriptor.digest)).toEqual([
        digestOf(layer),
        digestOf(layer),
      ]);
      expect(Buffer.from(await collect(source.layers[1]!.open()))).toEqual(layer);
      expect(source).toMatchObject({ digestOrigin: 'made', digest: digestOf(source.manifestBytes) });
      await source.close();
    });

    it('whose layer is not what the config says is not read to its end', async () => {
      const changed = [file('1/layer.tar', Buffer.alloc(2048, 'x')), layers[1]!];
      const source = await open(
        await write([file('manifest.json', list()), file('c.json', config), ...changed]),
      );
      await expect(collect(source.layers[0]!.open())).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH' });
      await source.close();
    });

    it.each([
      ['without manifest.json', [file('c.json', config)], /it has no manifest.json/],
      ['without a layer', [file('manifest.json', list()), file('c.json', config)], /it has no 1\/layer.tar/],
      [
        'with fewer layers',
        [file('manifest.json', list({ Layers: [] })), file('c.json', config)],
        /0 layers/,
      ],
      ['without config', [file('manifest.json', list())], /it has no c.json/],
      ['of another shape', [file('manifest.json', '{}')], /lists no image/],
      ['that is no JSON', [file('manifest.json', '{')], /not valid JSON/],
    ])('is refused %s', async (_, entries, reason) => {
      await expect(open(await write(entries))).rejects.toThrow(reason);
    });
  });
});
