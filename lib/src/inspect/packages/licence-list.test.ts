import { expect, test } from 'vitest';
import { normaliseLicence } from '../licences/normalise.ts';
import { written } from '../licences/expression.ts';
import { listedLicences } from './licence-list.ts';
import { parseMetadata } from './python.ts';

const spdx = (text: string | undefined): unknown => {
  const licence = text === undefined ? undefined : normaliseLicence(text);
  return licence === undefined ? undefined : written(licence);
};

test.each([
  [[], undefined],
  [['', ' '], undefined],
  [['MIT'], { spdx: 'MIT' }],
  [['MIT', 'MIT'], { spdx: 'MIT' }],
  [['MIT', 'GPL-2.0 or later'], { spdx: 'MIT AND GPL-2.0-or-later' }],
  [['MIT OR Apache-2.0', 'ISC'], { spdx: '(MIT OR Apache-2.0) AND ISC' }],
])('licences that all hold are one expression: %j', (names, expected) => {
  expect(spdx(listedLicences(names, 'all'))).toEqual(expected);
});

test('a choice keeps together what holds together', () => {
  expect(spdx(listedLicences(['MIT AND ISC', 'Apache-2.0'], 'any'))).toEqual({
    spdx: '(MIT AND ISC) OR Apache-2.0',
  });
});

test('of a list that is too long nobody can tell what holds', () => {
  const many = Array.from({ length: 200 }, (_, at) => `LicenseRef-${at}`);
  expect(spdx(listedLicences(['MIT', ...many, 'GPL-3.0-only'], 'all'))).toHaveProperty('partly');
});

test('classifiers of Python hold together, whatever name they repeat in brackets', () => {
  const classifiers = [
    'License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)',
    'License :: OSI Approved :: MIT License',
  ];
  const lines = classifiers.map((one) => `Classifier: ${one}\n`).join('');
  const found = parseMetadata(`Metadata-Version: 2.1\nName: a\nVersion: 1\n${lines}`);
  expect(spdx(found!.licence)).toEqual({ spdx: 'GPL-2.0-or-later AND MIT' });
});
