import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { written } from './expression.ts';
import { parseExpression } from './licences.fixtures.ts';
import { normaliseLicence, type LicenceStyle } from './normalise.ts';

function spdx(text: string, style?: LicenceStyle): string | undefined {
  const found = normaliseLicence(text, style);
  if (found === undefined) return undefined;
  const said = written(found);
  return 'spdx' in said ? said.spdx : `${said.partly.spdx} ? ${said.partly.unknown.join(' | ')}`;
}

test.each([
  ['MIT', 'MIT'],
  ['mit', 'MIT'],
  ['The MIT License', 'MIT'],
  ['Expat', 'MIT'],
  ['(MIT OR Apache-2.0)', 'MIT OR Apache-2.0'],
  ['Apache 2', 'Apache-2.0'],
  ['Apache License, Version 2.0', 'Apache-2.0'],
  ['ASL 2.0', 'Apache-2.0'],
  ['GPL-2.0', 'GPL-2.0-only'],
  ['GPL-2.0+', 'GPL-2.0-or-later'],
  ['GPL-2+', 'GPL-2.0-or-later'],
  ['GPLv2+', 'GPL-2.0-or-later'],
  ['GPL2', 'GPL-2.0-only'],
  ['GPL-2.0 or later', 'GPL-2.0-or-later'],
  ['GNU General Public License v3 or later (GPLv3+)', 'GPL-3.0-or-later'],
  ['GNU Lesser General Public License v2 or later (LGPLv2+)', 'LGPL-2.0-or-later'],
  ['GNU Affero General Public License v3', 'AGPL-3.0-only'],
  ['GPL', 'GPL-1.0-or-later'],
  ['LGPLv2+ and GPLv2+', 'LGPL-2.0-or-later AND GPL-2.0-or-later'],
  ['MIT and (BSD-3-Clause or GPLv3)', 'MIT AND (BSD-3-Clause OR GPL-3.0-only)'],
  ['MIT or ISC and Zlib', 'MIT OR (ISC AND Zlib)'],
  ['GPL-1+ or Artistic, and Expat', '(GPL-1.0-or-later OR Artistic-1.0) AND MIT'],
  ['LGPLv3+_or_GPLv2+', 'LGPL-3.0-or-later OR GPL-2.0-or-later'],
  ['GPL-3+ with Bison exception', 'GPL-3.0-or-later WITH Bison-exception-2.2'],
  ['GPL-2.0-with-classpath-exception', 'GPL-2.0-only WITH Classpath-exception-2.0'],
  ['GPL-2.0-with-autoconf-exception+', 'GPL-2.0-or-later WITH Autoconf-exception-2.0'],
  ['Apache-2.0 WITH LLVM-exception', 'Apache-2.0 WITH LLVM-exception'],
  ['Apache-2.0+', 'Apache-2.0+'],
  ['MPLv2.0', 'MPL-2.0'],
  ['Mozilla Public License 2.0 (MPL 2.0)', 'MPL-2.0'],
  ['public-domain', 'LicenseRef-public-domain'],
  ['UNLICENSED', 'LicenseRef-proprietary'],
  ['LicenseRef-acme', 'LicenseRef-acme'],
  ['GFDL-NIV-1.3+', 'GFDL-1.3-no-invariants-or-later'],
  ['BSD-3-clause and/or GPL-3+', 'BSD-3-Clause AND GPL-3.0-or-later'],
])('%s is %s', (text, expected) => {
  expect(spdx(text)).toBe(expected);
  expect(() => parseExpression(expected)).not.toThrow();
});

test.each([
  ['apk', 'MIT BSD-2-Clause GPL2+', 'MIT AND BSD-2-Clause AND GPL-2.0-or-later'],
  ['apk', 'MIT BSD GPL2+', 'MIT AND LicenseRef-unknown-0 AND GPL-2.0-or-later ? BSD'],
  ['apk', 'MPL-2.0 GPL-2.0-or-later', 'MPL-2.0 AND GPL-2.0-or-later'],
  ['plain', 'MIT ISC', 'LicenseRef-unknown-0 ? MIT ISC'],
  ['cargo', 'MIT/Apache-2.0', 'MIT OR Apache-2.0'],
  ['plain', 'MIT/Apache-2.0', 'LicenseRef-unknown-0 ? MIT/Apache-2.0'],
  ['rpm', 'LGPLv2.1,GPLv2', 'LGPL-2.1-only AND GPL-2.0-only'],
  ['plain', 'MIT, ISC', 'LicenseRef-unknown-0 ? MIT, ISC'],
  ['deb', 'public-domain-md5', 'LicenseRef-public-domain'],
] as const)('of %s records %s is %s', (style, text, expected) => {
  expect(spdx(text, style)).toBe(expected);
});

test.each([
  'BSD',
  'Apache',
  'SEE LICENSE IN LICENSE.txt',
  'custom',
  'MIT AND',
  '(MIT',
  'OR',
  'LicenseRef-unknown-0',
  'GPL-9+',
  'AGPL',
  'permissive',
])('%s is unknown, and said as it is', (text) => {
  expect(spdx(text)).toBe(`LicenseRef-unknown-0 ? ${text}`);
});

test.each(['', '  ', 'NOASSERTION', 'NONE', 'UNKNOWN', 'none'])('%j says nothing', (text) => {
  expect(spdx(text)).toBeUndefined();
});

test('an exception that is not known stands beside its licence', () => {
  expect(spdx('GPL-2+ with OpenSSL exception')).toBe(
    'GPL-2.0-or-later AND LicenseRef-unknown-0 ? GPL-2.0-or-later with OpenSSL exception',
  );
});

test('whatever it reads, it gives an expression of SPDX, and gives it again for that', () => {
  const words = [
    'MIT',
    'GPL-2+',
    'and',
    'or',
    'with',
    '(',
    ')',
    ',',
    'BSD',
    'Bison exception',
    'GPLv3 or later',
  ];
  const text = oneof(
    string(),
    array(constantFrom(...words)).map((all) => all.join(' ')),
  );
  const check = property(
    text,
    constantFrom<LicenceStyle>('plain', 'apk', 'rpm', 'deb', 'cargo'),
    (one, style) => {
      const found = normaliseLicence(one, style);
      if (found === undefined) return true;
      const said = written(found);
      parseExpression('spdx' in said ? said.spdx : said.partly.spdx);
      return !('spdx' in said) || spdx(said.spdx) === said.spdx;
    },
  );
  expect(() => assert(check, { numRuns: 2000 })).not.toThrow();
});
