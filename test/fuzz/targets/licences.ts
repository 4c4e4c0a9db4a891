import { written, type Licence } from '@wharfinger/lib/inspect/licences/expression';
import { choicesOf } from '@wharfinger/lib/inspect/licences/choices';
import { isc, mit, parseExpression } from '@wharfinger/lib/inspect/licences/licences.fixtures';
import { normaliseLicence } from '@wharfinger/lib/inspect/licences/normalise';
import { readDep5 } from '@wharfinger/lib/inspect/licences/dep5';
import { readFreeForm } from '@wharfinger/lib/inspect/licences/free-form';
import { recogniseText } from '@wharfinger/lib/inspect/licences/recognise-text';
import type { Target } from '../target.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const stanza = (name: string, text: string): string =>
  `License: ${name}\n${text
    .split('\n')
    .map((line) => ` ${line || '.'}`)
    .join('\n')}\n\n`;
const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: app

Files: *
Copyright: 2026 somebody
License: GPL-1+ or Artistic, and odd

Files: debian/*
License: GPL-3+ with Bison exception

${stanza('odd', isc)}${stanza('Expat', mit)}`;
const freeForm = `It is under the GNU Lesser General Public License as published by the Free Software Foundation; either version
2.1 of the License, or (at your option) any later version; see /usr/share/common-licenses/LGPL-2.1 and
/usr/share/common-licenses/Apache-2.0.
${mit}`;

/** Says so where what was read cannot be written as an expression of SPDX, or cannot be judged. */
function check(licence: Licence | undefined): undefined {
  if (licence === undefined) return;
  const said = written(licence);
  parseExpression('spdx' in said ? said.spdx : said.partly.spdx);
  if (choicesOf(said).length === 0) throw new Error('there is no way to keep to it');
}

const target = (
  name: string,
  read: (text: string) => Licence | undefined,
  genuine: readonly string[],
): Target => ({
  name,
  refuses: [],
  genuine: genuine.map(bytesOf),
  read: (bytes) => check(read(Buffer.from(bytes).toString('utf8'))),
});

/** What packages and files of an image say of licences. */
export const licenceTargets: readonly Target[] = [
  target('licence of a record', (text) => normaliseLicence(text, 'apk'), [
    'MIT BSD GPL2+',
    '(MIT OR Apache-2.0) AND GPL-2.0+ with Classpath exception',
    'GNU General Public License v2 or later (GPLv2+)',
  ]),
  target('copyright file of Debian', (text) => readDep5(text) ?? readFreeForm(text), [copyright, freeForm]),
  target('text of a licence', recogniseText, [mit, isc, `${mit}\n${isc}`]),
];
