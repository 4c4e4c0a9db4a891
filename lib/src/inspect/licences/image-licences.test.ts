import { expect, test } from 'vitest';
import type { Package } from '../inventory.ts';
import { imageOf, layerOf, type FixtureEntry } from '../layer-fixture.ts';
import { isc, mit } from './licences.fixtures.ts';

const dpkg = (...names: string[]): string =>
  names.map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 1\n\n`).join('');
const dep5 = (licence: string): string =>
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: ${licence}\n`;

async function licencesOf(
  files: Readonly<Record<string, string>>,
  ...more: FixtureEntry[]
): Promise<Array<Partial<Package>>> {
  const { packages } = await imageOf(layerOf(files, ...more));
  return packages.map(({ spdx, licenceFrom, partly }) => ({
    ...(spdx === undefined ? {} : { spdx }),
    ...(licenceFrom === undefined ? {} : { licenceFrom }),
    ...(partly === undefined ? {} : { partly }),
  }));
}

test('packages of Debian are under what their copyright files say, behind links too; without one it is not known', async () => {
  const files = {
    'var/lib/dpkg/status': dpkg('a', 'b', 'c'),
    'usr/share/doc/a/copyright': dep5('GPL-2+'),
  };
  const link = { name: 'usr/share/doc/b', flag: '2', link: 'a' };
  expect(await licencesOf(files, link)).toEqual([
    { spdx: 'GPL-2.0-or-later', licenceFrom: 'copyright' },
    { spdx: 'GPL-2.0-or-later', licenceFrom: 'copyright' },
    {},
  ]);
});

test('packages of apk whose record says nothing that is known are under the texts of their folder', async () => {
  const record = (name: string, licence: string): string => `P:${name}\nV:1-r0\nL:${licence}\n\n`;
  const files = {
    'lib/apk/db/installed': record('a', 'custom') + record('b', 'ISC') + record('c', 'custom'),
    'usr/share/licenses/a/COPYING': mit,
    'usr/share/licenses/a/NOTICE': 'by somebody',
    'usr/share/licenses/b/LICENSE': mit,
  };
  expect(await licencesOf(files)).toEqual([
    { spdx: 'MIT', licenceFrom: 'text' },
    { spdx: 'ISC', licenceFrom: 'record' },
    expect.objectContaining({ licenceFrom: 'record', partly: expect.anything() }),
  ]);
});

const node = (license?: string): string => JSON.stringify({ name: 'x', version: '1', license });

test.each([
  ['what its record says comes first', node('ISC'), { LICENSE: mit }, { spdx: 'ISC', licenceFrom: 'record' }],
  [
    'a text says which of several licences a name means',
    node('BSD'),
    { LICENSE: mit },
    { spdx: 'MIT', licenceFrom: 'text' },
  ],
  [
    'a text stands where the record says nothing',
    node(),
    { 'LICENSE.md': isc },
    { spdx: 'ISC', licenceFrom: 'text' },
  ],
  [
    'all texts count',
    node(),
    { 'LICENSE-A': mit, 'LICENSE-B': isc },
    { spdx: 'MIT AND ISC', licenceFrom: 'text' },
  ],
  [
    'a text does not say what else a record means',
    node('MIT AND odd'),
    { LICENSE: mit },
    { licenceFrom: 'record', partly: { spdx: 'MIT AND LicenseRef-unknown-0', unknown: ['odd'] } },
  ],
  [
    'a text that nobody knows is no licence',
    node('SEE LICENSE IN LICENSE'),
    { LICENSE: 'Pay me.' },
    { licenceFrom: 'record', partly: { spdx: 'LicenseRef-unknown-0', unknown: ['SEE LICENSE IN LICENSE'] } },
  ],
])('of a package of Node.js: %s', async (_, record, texts, expected) => {
  const beside = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [`a/node_modules/x/${name}`, text]),
  );
  expect(await licencesOf({ 'a/node_modules/x/package.json': record, ...beside })).toEqual([expected]);
});

test('licences of Python lie in the folder of its record, or below it', async () => {
  const record = 'Metadata-Version: 2.4\nName: x\nVersion: 1\n';
  expect(
    await licencesOf({ 'lib/x-1.dist-info/METADATA': record, 'lib/x-1.dist-info/licenses/COPYING.txt': mit }),
  ).toEqual([{ spdx: 'MIT', licenceFrom: 'text' }]);
});

test('a file that is too long to be read is unknown, and hides nothing else', async () => {
  const files = {
    'var/lib/dpkg/status': dpkg('a'),
    'usr/share/doc/a/copyright': dep5(`GPL-2+\n ${'x'.repeat(300_000)}`),
  };
  expect(await licencesOf(files)).toEqual([
    {
      licenceFrom: 'copyright',
      partly: { spdx: 'LicenseRef-unknown-0', unknown: [expect.stringMatching(/too long/)] },
    },
  ]);
});
