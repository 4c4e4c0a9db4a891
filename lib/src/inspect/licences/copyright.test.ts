import { expect, test } from 'vitest';
import { readDep5 } from './dep5.ts';
import { written, type Licence } from './expression.ts';
import { readFreeForm } from './free-form.ts';
import { recogniseText } from './recognise-text.ts';
import { isc, mit } from './licences.fixtures.ts';

const said = (licence: Licence | undefined): unknown =>
  licence === undefined ? undefined : written(licence);
const header = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n';
const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => ` ${line || '.'}`)
    .join('\n');

test('the licences of all files of a copyright file hold together', () => {
  const text = `${header}Files: *\nCopyright: a\nLicense: GPL-2+\n\nFiles: x\nLicense: LGPL-2.1+ or Expat\n text\n\nLicense: ISC\n ${isc}`;
  expect(said(readDep5(text))).toEqual({ spdx: 'GPL-2.0-or-later AND (LGPL-2.1-or-later OR MIT)' });
});

test('a short name that nobody knows is told by its text', () => {
  const text = `${header}Files: *\nLicense: GPL-3+ and odd\n\nLicense: odd\n${indented(isc)}\n`;
  expect(said(readDep5(text))).toEqual({ spdx: 'GPL-3.0-or-later AND ISC' });
  expect(said(readDep5(`${header}Files: *\nLicense: odd\n as you like\n`))).toEqual({
    partly: { spdx: 'LicenseRef-unknown-0', unknown: ['odd'] },
  });
});

test('files in other words are no copyright files of this format', () => {
  expect(readDep5('This is free software.\n')).toBeUndefined();
  expect(readDep5('')).toBeUndefined();
});

test('of a file in words of its own grants and texts are known, and that it may say more', () => {
  const text = `It is free software; you can redistribute it under the terms of the GNU General Public License as published by
  the Free Software Foundation; either version 2 of the License, or (at your option) any later version.
  See /usr/share/common-licenses/GPL-2 and /usr/share/common-licenses/Apache-2.0.`;
  expect(said(readFreeForm(text))).toEqual({
    partly: {
      spdx: 'GPL-2.0-or-later AND Apache-2.0 AND LicenseRef-unknown-0',
      unknown: ['a copyright file in words of its own'],
    },
  });
});

test('where a text of the GPL lies is no grant of that version alone', () => {
  const text = 'The GNU General Public License version 3 is in /usr/share/common-licenses/GPL-3';
  expect(said(readFreeForm(text))).toMatchObject({
    partly: { unknown: [expect.stringContaining('GPL-3'), expect.anything()] },
  });
  expect(readFreeForm('All is well.')).toBeUndefined();
});

test('texts are known whatever their lines, names and case', () => {
  expect(said(recogniseText(mit))).toEqual({ spdx: 'MIT' });
  expect(
    said(
      recogniseText(
        `The MIT License\n\nCopyright (c) 2026 Somebody\n${mit.toUpperCase().replaceAll(' ', '\n')}`,
      ),
    ),
  ).toEqual({
    spdx: 'MIT',
  });
  expect(said(recogniseText(isc))).toEqual({ spdx: 'ISC' });
});

test('a condition beside a text is unknown, and is not overlooked', () => {
  expect(said(recogniseText(`${mit}\nNo commercial use of any kind.`))).toEqual({
    partly: { spdx: 'MIT AND LicenseRef-unknown-0', unknown: [expect.stringMatching(/beside MIT/)] },
  });
  expect(recogniseText('Do as you please')).toBeUndefined();
  expect(recogniseText('')).toBeUndefined();
});
