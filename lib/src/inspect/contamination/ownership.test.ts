import { describe, expect, test } from 'vitest';
import type { ImageInventory } from '../inventory.ts';
import { dpkgStatus, imageOf } from '../layer-fixture.ts';
import { debianSystem, layer, type Installed } from './contamination.fixtures.ts';

const path = 'usr/lib/node_modules/ini/package.json';
const record = '{"name":"ini","version":"1.3.5"}';
const nodeIni: Installed = { version: '1.3.5-1', files: { [path]: record, 'usr/bin/ini': 'ini' } };

/** A system whose package of npm came from this maintainer. */
function system(maintainer: string) {
  const status = dpkgStatus({ 'base-files': '12.4+deb12u5' });
  const stanza = `\nPackage: node-ini\nStatus: install ok installed\nMaintainer: ${maintainer}\nVersion: 1.3.5-1\n`;
  return debianSystem({ 'node-ini': nodeIni }, [{ name: 'var/lib/dpkg/status', body: `${status}${stanza}` }]);
}

const debian = layer(
  ...system('Debian Javascript Maintainers <pkg-javascript-devel@alioth-lists.debian.net>'),
);

const ini = ({ packages }: ImageInventory) =>
  packages.filter(({ type }) => type === 'npm').toSorted((a, b) => (a.path < b.path ? -1 : 1));

describe('a package of a language', () => {
  test('that the distribution brought is the distribution\u2019s to mend', async () => {
    const [found] = ini(await imageOf(debian));
    expect(found).toMatchObject({
      owner: { type: 'deb', name: 'node-ini' },
      match: { name: 'ini', version: '1.3.5' },
    });
    expect(found!.match.ecosystem).toBeUndefined();
  });

  test('whose record was changed, or that lies elsewhere, is asked for in the advisories of its language', async () => {
    const changed = await imageOf(debian, layer({ name: path, body: '{"name":"ini","version":"1.0.0"}' }));
    expect(ini(changed)).toMatchObject([{ version: '1.0.0', match: { ecosystem: 'npm' } }]);
    expect(ini(changed)[0]!.owner).toBeUndefined();
    const beside = await imageOf(debian, layer({ name: 'app/node_modules/ini/package.json', body: record }));
    expect(ini(beside).map(({ owner, match }) => [owner?.name, match.ecosystem])).toEqual([
      [undefined, 'npm'],
      ['node-ini', undefined],
    ]);
  });

  test('is asked for where a later layer claims it for a package', async () => {
    const files = { 'usr/lib/node_modules/other/package.json': '{"name":"other","version":"1"}' };
    const added = await imageOf(
      debian,
      layer(...Object.entries(files).map(([name, body]) => ({ name, body })), {
        name: 'var/lib/dpkg/info/node-ini.list',
        body: `/.\n${Object.keys({ ...nodeIni.files, ...files })
          .map((one) => `/${one}\n`)
          .join('')}`,
      }),
    );
    expect(ini(added).map(({ name, owner }) => [name, owner?.name])).toEqual([
      ['ini', 'node-ini'],
      ['other', undefined],
    ]);
  });

  test('in a package that is not the distribution\u2019s own is asked for', async () => {
    const [found] = ini(await imageOf(layer(...system('Somebody <somebody@example.com>'))));
    expect(found).toMatchObject({ match: { ecosystem: 'npm' } });
    expect(found!.owner).toBeUndefined();
  });
});
