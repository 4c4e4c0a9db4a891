import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { imageOf, tarOf } from '../layer-fixture.ts';
import type { Package } from '../inventory.ts';
import { mit } from '../licences/licences.fixtures.ts';
import { zipOf, type ZipEntry } from '../zip/zip-fixture.ts';
import { bundleLicence, pomLicence } from './java-licences.ts';

const licence = (...fields: readonly string[]): string => `<license>${fields.join('\n')}</license>`;
const project = (...licences: readonly string[]): string =>
  `<?xml version="1.0"?><!-- <licenses> --><project xmlns="http://maven.apache.org/POM/4.0.0"><licenses>${licences.join('')}</licenses></project>`;

test.each([
  [project(licence('<name>MIT</name>')), 'MIT'],
  [
    project(licence('<name>The Apache Software License, Version 2.0</name>', '<url>x</url>')),
    'The Apache Software License, Version 2.0',
  ],
  [
    project(licence('<url>http://www.apache.org/licenses/LICENSE-2.0.txt</url>')),
    'http://www.apache.org/licenses/LICENSE-2.0.txt',
  ],
  [
    project(licence('<name>Ours</name>', '<url>https://www.apache.org/licenses/LICENSE-2.0</url>')),
    'https://www.apache.org/licenses/LICENSE-2.0',
  ],
  [project(licence('<name><![CDATA[MIT]]></name>')), 'MIT'],
  [project(licence('<name>A &amp; B</name>')), 'A & B'],
  [
    project(licence('<name>Apache License, Version 2.0</name>'), licence('<name>GPL v2</name>')),
    'Apache-2.0 OR GPL-2.0-only',
  ],
  [
    project(licence('<name>MIT</name>'), licence('<comments>what</comments>')),
    'MIT OR a licence without a name',
  ],
  ['<project><parent><licenses><license><name>MIT</name></license></licenses></parent></project>', undefined],
  ['<project><licenses/><name>MIT</name></project>', undefined],
  ['<project><licenses><license><name>MIT', undefined],
  ['not XML', undefined],
])('the licences of %j are %j', (xml, expected) => {
  expect(pomLicence(xml)).toBe(expected);
});

test.each([
  ['<!--'.repeat(200_000)],
  ['<'.repeat(500_000)],
  [`<project>${'<licenses>'.repeat(100_000)}`],
  [`<project><licenses>${licence('<name>MIT</name>').repeat(20_000)}`],
  [`<project><licenses><license><name>${'x'.repeat(1_000_000)}</name></license></licenses></project>`],
])('hostile XML ends soon, and says little', (xml) => {
  expect((pomLicence(xml) ?? '').length).toBeLessThan(2000);
});

test.each([
  ['Apache-2.0', 'Apache-2.0'],
  ['http://www.apache.org/licenses/LICENSE-2.0.txt', 'Apache-2.0'],
  ['Apache License, Version 2.0', 'Apache-2.0'],
  ['"EPL-2.0";link="https://www.eclipse.org/legal/epl-2.0"', 'EPL-2.0'],
  [
    'Ours;link="http://www.apache.org/licenses/LICENSE-2.0.txt";description="a, b; c"',
    'http://www.apache.org/licenses/LICENSE-2.0.txt',
  ],
  ['EPL-2.0, MIT', 'EPL-2.0 AND MIT'],
  ['Ours', 'Ours'],
  ['<<EXTERNAL>>', undefined],
  ['', undefined],
])('Bundle-License %j is %j', (header, expected) => {
  expect(bundleLicence(header)).toBe(expected);
});

const pom = (artifact: string): ZipEntry => ({
  name: `META-INF/maven/org.example/${artifact}/pom.properties`,
  body: `groupId=org.example\nartifactId=${artifact}\nversion=1.0\n`,
});
const pomXml = (artifact: string, name: string): ZipEntry => ({
  name: `META-INF/maven/org.example/${artifact}/pom.xml`,
  body: project(licence(`<name>${name}</name>`)),
});

async function inArchive(...entries: readonly ZipEntry[]): Promise<string[]> {
  const { packages, problems } = await imageOf(
    gzipSync(tarOf({ name: 'srv/a-1.0.jar', body: zipOf(entries) })),
  );
  expect(problems).toEqual([]);
  const shown = ({ name, spdx, partly, licenceFrom }: Package): string =>
    `${name} ${spdx ?? partly?.spdx ?? '?'} by ${licenceFrom ?? 'nothing'}`;
  return packages.map(shown);
}

test('licences of archives are told by their projects, their manifests, or texts in them', async () => {
  const text = { name: 'META-INF/LICENSE.txt', body: mit };
  const bundle = { name: 'META-INF/MANIFEST.MF', body: 'Bundle-License: EPL-2.0\n' };
  expect(await inArchive(pom('a'), pomXml('a', 'ISC'), bundle, text)).toEqual([
    'org.example:a ISC by record',
  ]);
  expect(await inArchive(pom('a'), bundle, text)).toEqual(['org.example:a EPL-2.0 by record']);
  expect(await inArchive(pom('a'), text)).toEqual(['org.example:a MIT by text']);
  expect(await inArchive(pom('a'))).toEqual(['org.example:a ? by nothing']);
});

test('what an archive took up has the licences of its own projects alone', async () => {
  const text = { name: 'LICENSE', body: mit };
  expect(await inArchive(pom('a'), pom('b'), pomXml('b', 'GPL-3.0'), text)).toEqual([
    'org.example:a MIT by text',
    'org.example:b GPL-3.0-only by record',
  ]);
});

test('of a text that nobody knows the licence is unknown, and two texts hold together', async () => {
  const other = { name: 'META-INF/LICENSE-other', body: 'You may do what you like with it on Sundays.' };
  expect(await inArchive(pom('a'), other)).toEqual(['org.example:a LicenseRef-unknown-0 by text']);
  expect(await inArchive(pom('a'), { name: 'LICENSE', body: mit }, other)).toEqual([
    'org.example:a MIT AND LicenseRef-unknown-0 by text',
  ]);
});
