import { describe, expect, it } from 'vitest';
import type { ImageInventory } from './inventory.ts';
import { debianRelease, dpkgStatus, imageOf, layerOf, type FixtureEntry } from './layer-fixture.ts';

type Files = Readonly<Record<string, string>>;
type Layer = readonly [files: Files, ...more: readonly FixtureEntry[]];

const status = 'var/lib/dpkg/status';
const base = { 'base-files': '12.4+deb12u5' };
const os = { 'etc/os-release': debianRelease };
const hidden = dpkgStatus({ ...base, openssl: '3.0.1-1' });
/** A faultless database beside the one that is meant to be missed. */
const decoy = { ...os, 'var/lib/dpkg/status.d/base': dpkgStatus(base) };
const debian = { ...os, [status]: dpkgStatus(base) };

const alpine = {
  'etc/os-release': 'ID=alpine\nVERSION_ID=3.18.0\n',
  'usr/lib/apk/db/installed': 'P:musl\nV:1.2-r0\n',
};
const apk = 'P:openssl\nV:3.0.1-r0\n';

const metadata = 'Metadata-Version: 2.1\nName: openssl\nVersion: 1.0\n';
const packageJson = '{"name":"openssl","version":"1.0.0"}';
const site = 'usr/lib/python3/site-packages';
const link = (name: string, target: string): FixtureEntry => ({ name, flag: '2', link: target });

const imageFrom = (layers: readonly Layer[]): Promise<ImageInventory> =>
  imageOf(...layers.map(([files, ...more]) => layerOf(files, ...more)));

describe('what may be missed beside other packages', () => {
  it.each<[string, readonly Layer[]]>([
    [
      'a status file that begins with blank lines',
      [[{ ...decoy, [status]: `${'\n'.repeat(600)}${hidden}` }]],
    ],
    [
      'one whose first field is long',
      [[{ ...decoy, [status]: `Description: ${'x'.repeat(600)}\n\n${hidden}` }]],
    ],
    ['one in small letters', [[{ ...decoy, [status]: hidden.toLowerCase() }]]],
    [
      'one with a state that is none',
      [[{ ...decoy, [status]: hidden.replaceAll('ok installed', 'ok installed config-files') }]],
    ],
    [
      'a record of status.d that is long',
      [
        [
          {
            ...decoy,
            'var/lib/dpkg/status.d/o': `Package: openssl\nVersion: 1\nDescription: ${'x'.repeat(70_000)}\n`,
          },
        ],
      ],
    ],
    [
      'a database of apk that begins with a blank line',
      [[{ ...alpine, 'lib/apk/db/installed': `\n${apk}` }]],
    ],
    [
      'one whose first field is long',
      [[{ ...alpine, 'lib/apk/db/installed': `T:${'x'.repeat(600)}\n${apk}` }]],
    ],
    [
      'one whose blocks are parted by blanks',
      [[{ ...alpine, 'usr/lib/apk/db/installed': `P:musl\nV:1.2-r0\n \n${apk}` }]],
    ],
    ['a wheel in capitals', [[{ ...debian, [`${site}/openssl-1.0.DIST-INFO/METADATA`]: metadata }]]],
    [
      'a wheel that is a link',
      [[{ ...debian, 'opt/x/METADATA': metadata }, link(`${site}/openssl-1.0.dist-info`, '/opt/x')]],
    ],
    [
      'a wheel that is a link, with a link in it',
      [
        [
          { ...debian, 'opt/y': metadata },
          link('opt/x/METADATA', '../y'),
          link(`${site}/openssl-1.0.dist-info`, '/opt/x'),
        ],
      ],
    ],
    [
      'a folder of composer that is a link',
      [
        [
          { ...debian, 'opt/c/installed.json': '[{"name":"openssl","version":"1"}]' },
          link('srv/vendor/composer', '/opt/c'),
        ],
      ],
    ],
    [
      'modules behind two links',
      [
        [
          { ...debian, 'opt/c/package.json': packageJson },
          link('opt/m/openssl', '../c'),
          link('srv/node_modules', '/opt/m'),
        ],
      ],
    ],
    [
      'a scope of modules that is a link',
      [[{ ...debian, 'opt/c/x/package.json': packageJson }, link('srv/node_modules/@s', '/opt/c')]],
    ],
    [
      'a database that a link of a later layer keeps',
      [
        [{ ...os, [status]: hidden }],
        [
          {},
          { name: 'opt/st', flag: '1', link: status },
          { name: 'var/lib/dpkg/.wh.status' },
          link(status, '/opt/st'),
        ],
      ],
    ],
  ])('finds it: %s', async (_, layers) => {
    const { packages } = await imageFrom(layers);
    expect(packages.map(({ name }) => name)).toContain('openssl');
  });

  it.each<[string, readonly Layer[]]>([
    ['a status file in another encoding', [[decoy, { name: status, body: Buffer.from(hidden, 'utf16le') }]]],
    [
      'a record that lacks its first field',
      [[{ ...os, [status]: `${dpkgStatus(base)}\nPackag: openssl\nVersion: 1\n` }]],
    ],
    ['lines ended as on old machines', [[{ ...decoy, [status]: hidden.replaceAll('\n', '\r') }]]],
    ['a database that is not text', [[{ ...alpine, 'lib/apk/db/installed': '\u007fELF' }]]],
    [
      'a link to one that cannot be read',
      [[{ ...decoy, 'opt/status': '1: 2' }, link(status, '/opt/status')]],
    ],
    ['the database of a root file system within', [[{ ...debian, 'opt/root/var/lib/dpkg/status': hidden }]]],
    ['a database of another kind within', [[{ ...debian, 'opt/root/lib/apk/db/installed': apk }]]],
    ['a database in a folder that dpkg is told of', [[{ ...debian, 'opt/dpkg/status': hidden }]]],
    ['a record by the name of a list', [[{ ...debian, 'var/lib/dpkg/status.d/openssl.md5sums': hidden }]]],
    ['a record in a folder of status.d', [[{ ...decoy, 'var/lib/dpkg/status.d/folder/openssl': hidden }]]],
    [
      'a database that a later layer takes away',
      [[{ ...os, [status]: hidden }], [{ ...decoy, 'var/lib/dpkg/.wh.status': '' }]],
    ],
    [
      'one in a folder that a later layer empties',
      [[{ ...os, [status]: hidden }], [{ ...decoy, 'var/lib/dpkg/.wh..wh..opq': '' }]],
    ],
    ['one that a later layer empties', [[{ ...os, [status]: hidden }], [{ ...decoy, [status]: '' }]]],
    [
      'one that a later layer puts a pipe in place of',
      [[{ ...os, [status]: hidden }], [decoy, { name: status, flag: '6' }]],
    ],
    ['one that leads nowhere', [[decoy, link(status, '/nowhere')]]],
    [
      'a package of npm without a version',
      [[{ ...debian, 'srv/node_modules/a/package.json': '{"name":"a"}' }]],
    ],
    [
      'one with a version that is none',
      [[{ ...debian, 'srv/node_modules/a/package.json': '{"name":"a","version":"1\\u0001"}' }]],
    ],
    ['one that is a list', [[{ ...debian, 'srv/node_modules/a/package.json': '[]' }]]],
    ['a wheel without a name', [[{ ...debian, [`${site}/a-1.0.dist-info/METADATA`]: '' }]]],
    [
      'another release of Alpine than the packages are of',
      [[{ ...alpine, 'etc/alpine-release': '3.10.4\n' }]],
    ],
    [
      'another release of Debian',
      [[{ ...debian, [status]: dpkgStatus({ a: '1' }), 'etc/debian_version': '11.3\n' }]],
    ],
  ])('does not pass: %s', async (_, layers) => {
    expect((await imageFrom(layers)).complete).toBe(false);
  });

  it.each<[string, readonly Layer[]]>([
    [
      'what dpkg keeps of an earlier state',
      [[{ ...debian, 'var/lib/dpkg/status-old': hidden, 'var/backups/dpkg.status.0': hidden }]],
    ],
    ['copies that say the same', [[{ ...debian, 'opt/status': dpkgStatus(base) }]]],
    [
      'a database that was moved',
      [
        [{ ...os, [status]: dpkgStatus(base) }],
        [
          { 'opt/d/status': dpkgStatus(base) },
          { name: 'var/lib/dpkg/.wh.status' },
          link(status, '/opt/d/status'),
        ],
      ],
    ],
    ['an empty database beside records', [[{ ...decoy, [status]: '' }]]],
    ['an unusual name of the same release', [[{ ...debian, 'etc/debian_version': 'bookworm/sid\n' }]]],
  ])('passes %s', async (_, layers) => {
    const { complete, problems } = await imageFrom(layers);
    expect({ complete, hiding: problems.filter(({ hides }) => hides) }).toEqual({
      complete: true,
      hiding: [],
    });
  });
});

describe('code of Python whose metadata are gone', () => {
  const info = `${site}/foo_bar-1.0.dist-info`;
  const named = 'Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n';
  const record = {
    [`${info}/RECORD`]: 'foo.py,,\nfoo_bar-1.0.dist-info/METADATA,,\n',
    [`${site}/foo.py`]: 'x = 1\n',
  };
  const whole = { ...debian, ...record, [`${info}/METADATA`]: named };
  const ofRecord = (image: ImageInventory): readonly (string | undefined)[] =>
    image.problems.filter(({ hides }) => hides).map(({ path }) => path);

  it.each<[string, readonly Layer[]]>([
    ['never were there', [[{ ...debian, ...record }]]],
    ['were taken away by a layer', [[whole], [{}, { name: `${info}/.wh.METADATA` }]]],
    ['lie behind a link that leads nowhere', [[{ ...debian, ...record }, link(`${info}/METADATA`, '/gone')]]],
  ])('%s', async (_, layers) => {
    const image = await imageFrom(layers);
    expect(ofRecord(image)).toEqual([`${info}/RECORD`]);
    expect(image.complete).toBe(false);
  });

  it.each<[string, readonly Layer[]]>([
    ['are there', [[whole]]],
    ['have a name in capitals or not', [[{ ...debian, ...record, [`${info}/Metadata`]: named }]]],
    ['lie behind a link', [[{ ...debian, ...record, 'srv/0': named }, link(`${info}/METADATA`, '/srv/0')]]],
    ['are in another layer', [[{ ...debian, ...record }], [{ [`${info}/METADATA`]: named }]]],
    ['went with all of the package', [[whole], [{}, { name: `${site}/.wh.foo_bar-1.0.dist-info` }]]],
  ])('is missed only where they are: they %s', async (_, layers) => {
    expect(ofRecord(await imageFrom(layers))).toEqual([]);
  });
});
