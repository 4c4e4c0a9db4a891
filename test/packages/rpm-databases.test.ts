import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { affects } from '@wharfinger/lib/advisories/match';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { imageOf, tarOf, type FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksTools, output } from '../requirements.ts';

const folderOf = 'var/lib/rpm';
const alma = { name: 'etc/os-release', body: 'ID="almalinux"\nVERSION_ID="9.2"\n' };

/** Packages that rpmbuild makes: one with an epoch, one of a module, one with many files. */
const specs: Readonly<Record<string, { readonly head: string; readonly files: number }>> = {
  'almalinux-release': { head: 'Version: 9.2\nRelease: 1.el9', files: 1 },
  plain: { head: 'Version: 1.0~rc1\nRelease: 3.el9', files: 2 },
  old: { head: 'Epoch: 7\nVersion: 1.0\nRelease: 1.el9', files: 2 },
  streamed: {
    head: 'Version: 12.1\nRelease: 1.module_el9.2.0+1\nModularityLabel: streamed:12:9020:abc',
    files: 1,
  },
  many: { head: 'Version: 1\nRelease: 1', files: 3000 },
};

const specOf = (name: string, { head, files }: { readonly head: string; readonly files: number }): string =>
  `Name: ${name}\n${head}\nSummary: a package\nLicense: MIT\nVendor: AlmaLinux\nBuildArch: noarch\n%description\nx\n%install\n` +
  `mkdir -p %{buildroot}/etc/${name} %{buildroot}/usr/share/${name}\necho a > %{buildroot}/etc/${name}/conf\n` +
  `for i in $(seq 1 ${files}); do echo $i > %{buildroot}/usr/share/${name}/file-$i; done\n` +
  `ln -s file-1 %{buildroot}/usr/share/${name}/link\n%files\n%config /etc/${name}/conf\n/usr/share/${name}\n`;

let place: string;
let packages: string[];

const rpm = (root: string, ...args: readonly string[]): string =>
  output('rpm', ['--root', root, '--define', `_dbpath /${folderOf}`, ...args]);

/** What rpm itself finds, as `name epoch:version-release architecture`. */
const truth = (root: string, ...args: readonly string[]): string[] =>
  rpm(root, ...args, '-qa', '--qf', '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH}\\n')
    .trim()
    .split('\n')
    .sort();

const found = ({ packages: all }: ImageInventory): string[] =>
  all.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort();

const image = (...layers: ReadonlyArray<readonly FixtureEntry[]>): Promise<ImageInventory> =>
  imageOf(...layers.map((entries) => tarOf(...entries)));

const hiding = ({ problems }: ImageInventory): string[] =>
  problems.filter(({ hides }) => hides).map(({ code }) => code);

describe.skipIf(lacksTools(['rpm', 'rpmbuild', 'db5.3_load']))('databases that rpm wrote', () => {
  let database: Buffer;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'wharfinger-rpm-'));
    for (const [name, spec] of Object.entries(specs)) {
      await writeFile(join(place, `${name}.spec`), specOf(name, spec));
      output('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${place}/top`, join(place, `${name}.spec`)]);
    }
    packages = output('find', [`${place}/top/RPMS`, '-name', '*.rpm'])
      .trim()
      .split('\n');
    rpm(join(place, 'root'), '-i', '--justdb', '--nodeps', '--nosignature', ...packages);
    database = await readFile(join(place, 'root', folderOf, 'rpmdb.sqlite'));
  });
  afterAll(() => rm(place, { recursive: true }));

  /** As rpm keeps it. */
  const headerOf = (name: string): Uint8Array => {
    const sqlite = new DatabaseSync(join(place, 'root', folderOf, 'rpmdb.sqlite'), { readOnly: true });
    const sql = "SELECT blob FROM 'Packages' JOIN 'Name' USING (hnum) WHERE key = ?";
    const { blob } = sqlite.prepare(sql).get(name) as { blob: Uint8Array };
    sqlite.close();
    return blob;
  };

  test('are read whole in SQLite, as rpm reads them', async () => {
    const inventory = await image([alma, { name: `${folderOf}/rpmdb.sqlite`, body: database }]);
    expect(inventory).toMatchObject({ complete: true, distribution: { ecosystem: 'AlmaLinux:9' } });
    expect(found(inventory)).toEqual(truth(join(place, 'root')));
    const of = (name: string) => inventory.packages.find((one) => one.name === name)!;
    expect(of('old').purl).toBe('pkg:rpm/almalinux/old@1.0-1.el9?arch=noarch&distro=almalinux-9.2&epoch=7');
    expect(of('streamed').match.ecosystem).toBe('AlmaLinux:9 (streamed:12)');
    expect(of('plain').match).toEqual({ ecosystem: 'AlmaLinux:9', name: 'plain', version: '1.0~rc1-3.el9' });
  });

  test('are read whole after packages were erased', async () => {
    const root = join(place, 'erased');
    rpm(root, '-i', '--justdb', '--nodeps', '--nosignature', ...packages);
    rpm(root, '-e', '--justdb', '--nodeps', 'many', 'old');
    const body = await readFile(join(root, folderOf, 'rpmdb.sqlite'));
    const inventory = await image([alma, { name: `${folderOf}/rpmdb.sqlite`, body }]);
    expect(found(inventory)).toEqual(truth(root));
    expect(inventory.complete).toBe(true);
  });

  test('are read whole in Berkeley DB, as rpm reads them', async () => {
    const root = join(place, 'berkeley');
    const path = join(root, folderOf, 'Packages');
    await mkdir(join(root, folderOf), { recursive: true });
    const sqlite = new DatabaseSync(join(place, 'root', folderOf, 'rpmdb.sqlite'), { readOnly: true });
    const rows = sqlite.prepare("SELECT hnum, blob FROM 'Packages'").all() as Array<{
      hnum: number;
      blob: Uint8Array;
    }>;
    sqlite.close();
    const number = (value: number): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes.toString('hex');
    };
    const lines = rows.flatMap(({ hnum, blob }) => [number(hnum), Buffer.from(blob).toString('hex')]);
    const input = `VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n ${[number(0), number(rows.length), ...lines].join('\n ')}\nDATA=END\n`;
    execFileSync('db5.3_load', [path], { input });
    const inventory = await image([alma, { name: `${folderOf}/Packages`, body: await readFile(path) }]);
    expect(found(inventory)).toEqual(truth(root, '--define', '_db_backend bdb_ro'));
    expect(inventory.complete).toBe(true);
  });

  test.each<readonly [string, (body: Buffer) => FixtureEntry[][]]>([
    [
      'a link',
      (body) => [
        [alma, { name: 'opt/x', body }],
        [{ name: `${folderOf}/rpmdb.sqlite`, flag: '2', link: '/opt/x' }],
      ],
    ],
    [
      'a hard link',
      (body) => [[alma, { name: 'x', body }, { name: `${folderOf}/rpmdb.sqlite`, flag: '1', link: 'x' }]],
    ],
    [
      'a link to the folder',
      (body) => [
        [alma, { name: folderOf, flag: '2', link: '../../usr/lib/sysimage/rpm' }],
        [{ name: 'usr/lib/sysimage/rpm/rpmdb.sqlite', body }],
      ],
    ],
  ])('are found behind %s', async (_, layers) => {
    const inventory = await image(...layers(database));
    expect(inventory.complete).toBe(true);
    expect(found(inventory)).toEqual(truth(join(place, 'root')));
  });

  test('have what their journal holds besides, and do not pass with it', async () => {
    const root = join(place, 'journal');
    rpm(root, '-i', '--justdb', '--nodeps', '--nosignature', ...packages.filter((one) => /plain/.test(one)));
    const path = join(root, folderOf, 'rpmdb.sqlite');
    const before = await readFile(path);
    // as rpm leaves it where it is killed before it has moved the journal into the database
    const writer = new DatabaseSync(path);
    writer.exec('PRAGMA wal_autocheckpoint = 0');
    writer.prepare("INSERT INTO 'Packages' (blob) VALUES (?)").run(headerOf('old'));
    const journal = await readFile(`${path}-wal`);
    writer.close();
    const expected = truth(root);
    const entries = [alma, { name: `${folderOf}/rpmdb.sqlite`, body: before }];
    const log = { name: `${folderOf}/rpmdb.sqlite-wal`, body: journal };
    for (const layers of [[[...entries, log]], [entries, [log]]]) {
      const inventory = await image(...layers);
      expect(found(inventory)).toEqual(expected);
      expect(hiding(inventory)).toEqual(['unreadable-file']);
    }
    const emptied = await image([...entries, log], [{ name: log.name, body: '' }]);
    expect(hiding(emptied)).toEqual([]);
  });

  test('do not pass when they are taken away, replaced or cut off', async () => {
    const entry = { name: `${folderOf}/rpmdb.sqlite`, body: database };
    for (const change of [
      { name: `${folderOf}/.wh.rpmdb.sqlite` },
      { name: 'var/lib/.wh.rpm' },
      { name: `${folderOf}/.wh..wh..opq` },
      { name: entry.name, body: '' },
      { name: entry.name, body: 'x' },
      { name: entry.name, body: database.subarray(0, database.length / 2) },
      { name: entry.name, flag: '2', link: '/gone' },
    ]) {
      expect((await image([alma, entry], [change])).complete).toBe(false);
    }
  });

  test('are matched by the names and versions of binary packages', async () => {
    const inventory = await image([alma, { name: `${folderOf}/rpmdb.sqlite`, body: database }]);
    const advisory = (name: string, fixed: string, ecosystem = 'AlmaLinux:9') =>
      parseOsv({
        id: `ALSA-2026:${name}`,
        modified: '2026-01-01T00:00:00Z',
        summary: 'Important: streamed:12 security update',
        affected: [
          {
            package: { ecosystem, name },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
          },
        ],
      });
    const hits = (one: ReturnType<typeof advisory>): string[] =>
      inventory.packages.flatMap(({ name, match: { ecosystem, ...rest } }) =>
        affects(one, { ecosystem: ecosystem!, ...rest }) === undefined ? [] : [name],
      );
    expect(hits(advisory('plain', '1.0-1.el9'))).toEqual(['plain']);
    expect(hits(advisory('plain', '1.0~rc1-3.el9'))).toEqual([]);
    expect(hits(advisory('old', '8:0.1-1.el9'))).toEqual(['old']);
    expect(hits(advisory('old', '9.0-1.el9'))).toEqual([]);
    expect(hits(advisory('old', '8:0.1-1.el9', 'AlmaLinux:8'))).toEqual([]);
    expect(hits(advisory('streamed', '13.0-1.module_el9.2.0+9'))).toEqual(['streamed']);
    expect(hits(advisory('streamed', '13.0-1.el9'))).toEqual([]);
  });
});
