import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianRelease, dpkgStatus, tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { debianTar } from '../harness/debian-image.ts';
import { startDockerDaemon } from '../harness/docker-daemon.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { openSetting } from '../interop/setting.ts';

let folder: string;
const tar = tarOf(
  { name: 'etc/', flag: '5' },
  { name: 'etc/os-release', body: debianRelease },
  { name: 'var/lib/dpkg/status', body: dpkgStatus({ tool: '1' }) },
  { name: 'bin/tool', body: 'tool', mode: 0o755 },
);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made(name: string, bytes: Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

function importTar(file: string, output: string, ...more: string[]): Promise<Ran> {
  const environment = { HOME: folder, SOURCE_DATE_EPOCH: '1700000000' };
  const given = ['import', file, '-o', join(folder, output), '--json', ...more];
  return wharf(given, { environment, folder });
}

describe('wharf import', () => {
  test('makes the same image of the same files, however they are compressed', async () => {
    const files = [
      made('a.tar', tar),
      made('a.tar.gz', gzipSync(tar)),
      made('a.tar.zst', zstdCompressSync(tar)),
    ];
    const digests = new Set<string>();
    for (const [index, file] of files.entries()) {
      const ran = await importTar(
        file,
        `same-${index}`,
        '--platform',
        'linux/amd64',
        '--label',
        'a=b=c',
        '--env',
        'X=',
      );
      expect(ran).toMatchObject({ code: 0 });
      digests.add((JSON.parse(ran.output) as { digest: string }).digest);
    }
    expect(digests.size).toBe(1);
    const inspected = await wharf(['inspect', join(folder, 'same-0'), '--json'], {
      environment: { HOME: folder },
    });
    const { facts } = JSON.parse(inspected.output) as { facts: Record<string, unknown> };
    expect(facts).toMatchObject({
      image: {
        kind: 'image',
        config: { labels: { a: 'b=c' }, env: ['X='], created: '2023-11-14T22:13:20Z' },
      },
      inventory: { complete: true, distribution: { id: 'debian' } },
    });
  });

  test.each([
    ['a text', Buffer.from('no tar at all'.repeat(100)), /no tar|cannot be read|not/i],
    ['nothing', Buffer.alloc(0), /it is empty/],
    [
      'an archive of docker save',
      tarOf({ name: 'manifest.json', body: '[]' }, { name: `${'0'.repeat(64)}/layer.tar`, body: 'x' }),
      /docker save/,
    ],
    [
      'an OCI archive',
      tarOf({ name: 'oci-layout', body: '{}' }, { name: 'index.json', body: '{}' }),
      /OCI layout/,
    ],
    ['a layer with whiteouts', tarOf({ name: 'etc/.wh.gone' }, { name: 'x', body: 'x' }), /whiteouts/],
    [
      'half an archive',
      tarOf({ name: 'x', body: 'x'.repeat(5000) }).subarray(0, 2000),
      /ends|break|truncated|end/i,
    ],
    ['half a gzip', gzipSync(tar).subarray(0, 100), /end too early/],
    ['bzip2', Buffer.from('BZh91AY&SY....................'), /compressed with bzip2/],
  ])('refuses %s and writes nothing', async (name, bytes, reason) => {
    const output = `refused-${name.replaceAll(' ', '-')}`;
    const ran = await importTar(made('refused', bytes), output, '--platform', 'linux/amd64');
    expect(ran).toMatchObject({ code: 1, output: '' });
    expect(ran.error).toContain('ROOTFS_INVALID');
    expect(ran.error).toMatch(reason);
    expect(() => readFileSync(join(folder, output, 'index.json'))).toThrow(/ENOENT/);
  });

  test('asks for what it cannot tell, and for one target', async () => {
    const file = made('b.tar', tar);
    expect(await importTar(file, 'asks')).toMatchObject({
      code: 2,
      error: expect.stringContaining('--platform'),
    });
    const both = await wharf(['import', file, 'localhost:1/a:1', '-o', folder], {
      environment: { HOME: folder },
    });
    expect(both).toMatchObject({ code: 2 });
  });

  const lacks = lacksTools(['dockerd', 'docker', 'debootstrap', 'skopeo']) || lacksRoot();
  test.skipIf(lacks)('makes an image of a Debian root that a Docker daemon pulls and runs', async () => {
    await using setting = await openSetting({});
    const { host, user, password } = setting.product;
    const environment = { HOME: folder };
    await wharf(['login', host, '-u', user, '--password-stdin'], { environment, input: password });
    const command = '["/bin/cat","/etc/os-release"]';
    const ran = await wharf(
      ['import', await debianTar(), `${host}/made/debian:1`, '--command', command, '--user', '1000'],
      { environment, folder },
    );
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('linux/amd64') });
    await using daemon = await startDockerDaemon(setting.folder);
    const docker = (...args: string[]) => run(daemon.command(...args), { env: setting.env });
    await run(daemon.command('login', '-u', user, '--password-stdin', host), {
      env: setting.env,
      input: password,
    });
    await docker('pull', `${host}/made/debian:1`);
    const said = await docker('run', '--rm', '--network', 'none', `${host}/made/debian:1`);
    expect(said).toContain('PRETTY_NAME="Debian GNU/Linux 12');
  });
});
