import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readDep5 } from '@wharfinger/lib/inspect/licences/dep5';
import { written, type Licence } from '@wharfinger/lib/inspect/licences/expression';
import { readFreeForm } from '@wharfinger/lib/inspect/licences/free-form';
import { parseExpression } from '@wharfinger/lib/inspect/licences/licences.fixtures';
import { normaliseLicence, type LicenceStyle } from '@wharfinger/lib/inspect/licences/normalise';
import { recogniseText } from '@wharfinger/lib/inspect/licences/recognise-text';
import { debianTar } from '../harness/debian-image.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';

/** The expression where all is known; else what is not known. Whatever it is, it must be an expression. */
function told(licence: Licence | undefined): { readonly spdx?: string; readonly unknown: readonly string[] } {
  if (licence === undefined) return { unknown: ['nothing'] };
  const said = written(licence);
  parseExpression('spdx' in said ? said.spdx : said.partly.spdx);
  return 'spdx' in said ? { spdx: said.spdx, unknown: [] } : { unknown: said.partly.unknown };
}

function unknownOf(texts: Iterable<string>, style: LicenceStyle): string[] {
  return [...texts].filter((text) => told(normaliseLicence(text, style)).spdx === undefined).toSorted();
}

/** Every text below a field that is called after licences. */
function licencesIn(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (!/licen[sc]e/i.test(name)) licencesIn(inner, found);
    else for (const text of [inner].flat()) if (typeof text === 'string') found.add(text);
  }
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))('licences of real packages', () => {
  const data = process.env['WHARFINGER_TEST_DATA'] ?? '';

  test('are known, but for names that stand for no licence or for several', () => {
    const texts = new Set<string>();
    const folder = join(data, 'packages');
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.json.gz')))
      licencesIn(JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString()), texts);
    expect(texts.size).toBeGreaterThan(100);
    // names that a copyright file explains by a text, names of families, and words that name nothing
    expect(unknownOf(texts, 'deb')).toEqual([
      'Apache License',
      'Autoconf',
      'BSD',
      'BSD and LGPLv2 and Sleepycat',
      'Custom',
      'Domain',
      'FreeSoftware',
      'GAP',
      'GPL-2+ with distribution exception',
      'ISC+IBM',
      'Public',
      'RFC-Reference',
      'SUSE-GPL-2.0-with-OSI-exception',
      'TinySCHEME',
      'Unicode',
      'as-is',
      'config-h',
      'custom',
      'g10-permissive',
      'noderivs',
      'none',
      'other',
      'permissive',
      'permissive-fsf',
      'permissive-like-automake-output',
      'permissive-nowarranty',
      'probably-PD',
      'pubkey',
      'same-as-rest-of-p11kit',
    ]);
  });

  test.each(['310', '311'])('of Alpine %s are known but for BSD, which is several', (release) => {
    const image = join(data, `images/alpine-${release}.tar.gz`);
    const layer = execFileSync('sh', [
      '-c',
      `tar -xOzf "$1" --wildcards '*layer.tar' '*.tar.gz' 2>/dev/null | tar -xOz lib/apk/db/installed 2>/dev/null || tar -xOzf "$1" --wildcards '*layer.tar' | tar -xO lib/apk/db/installed`,
      'sh',
      image,
    ]);
    const texts = new Set([...layer.toString().matchAll(/^L:(.+)$/gm)].map(([, text]) => text!));
    expect(texts.size).toBeGreaterThan(3);
    expect(unknownOf(texts, 'apk').filter((text) => !/\bBSD\b/.test(text))).toEqual([]);
  });
});

test('licences of the packages that this is built of are known, and their texts are those that they name', () => {
  const root = new URL('../../node_modules/', import.meta.url).pathname;
  const named = readdirSync(root).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(root, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  const unknown: string[] = [];
  const contradicted: string[] = [];
  let texts = 0;
  for (const name of named.filter((one) => existsSync(join(root, one, 'package.json')))) {
    const { license } = JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')) as {
      license?: unknown;
    };
    if (typeof license !== 'string') continue;
    const { spdx } = told(normaliseLicence(license));
    if (spdx === undefined) unknown.push(`${name}: ${license}`);
    const file = readdirSync(join(root, name)).find((one) => /^licen[sc]e(\.(md|txt))?$/i.test(one));
    if (file === undefined) continue;
    texts += 1;
    const text = told(recogniseText(readFileSync(join(root, name, file), 'utf8')));
    if (text.spdx !== undefined && text.spdx !== spdx) contradicted.push(`${name}: ${spdx}, ${text.spdx}`);
  }
  expect(unknown).toEqual([]);
  expect(texts).toBeGreaterThan(100);
  // the first bundles others; the second's text has the sentence about views
  expect(contradicted.filter((one) => !/^(?:vitest|uri-js): /.test(one))).toEqual([]);
});

describe.skipIf(lacksRoot() || lacksTools(['debootstrap', 'tar']))('copyright files of Debian', () => {
  test('are read all; of a half all is known, and of those that are machine-readable no licence is missed', async () => {
    const list = execFileSync('tar', ['-tf', await debianTar()], { maxBuffer: 2 ** 28 })
      .toString()
      .split('\n');
    const names = list.filter((name) => /usr\/share\/doc\/[^/]+\/copyright$/.test(name));
    expect(names.length).toBeGreaterThan(80);
    let whole = 0;
    let machineReadable = 0;
    const missed: string[] = [];
    for (const name of names) {
      const text = execFileSync('tar', ['-xOf', await debianTar(), name], { maxBuffer: 2 ** 24 }).toString();
      const dep5 = readDep5(text);
      const found = told(dep5 ?? readFreeForm(text));
      expect([name, found.unknown]).not.toEqual([name, ['nothing']]);
      if (found.spdx !== undefined) whole += 1;
      if (dep5 === undefined) continue;
      machineReadable += 1;
      const said = JSON.stringify(written(dep5));
      if (/^License: GPL-3\+$/m.test(text) && !said.includes('GPL-3.0-or-later')) missed.push(name);
    }
    expect(missed).toEqual([]);
    expect(machineReadable).toBeGreaterThan(70);
    expect(whole).toBeGreaterThanOrEqual(35);
  });
});
