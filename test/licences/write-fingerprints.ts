import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shinglesOf, wordsOf } from '@wharfinger/lib/inspect/licences/licence-words';

/**
 * Licences whose texts are known, by the names of SPDX's list: the common ones, and those that would be taken for one of them. A GNU
 * licence stands for its own version alone.
 */
const known = `
  0BSD AFL-3.0 AGPL-3.0-only Apache-1.1 Apache-2.0 Artistic-1.0-Perl Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause
  BSD-3-Clause-Clear BSD-4-Clause BSD-4-Clause-UC BSD-Source-Code BSL-1.0 BUSL-1.1 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0
  CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 curl Elastic-2.0 EPL-1.0 EPL-2.0 EUPL-1.2 FSFAP
  FSFUL FSFULLR GPL-1.0-only GPL-2.0-only GPL-3.0-only HPND ICU ISC JSON LGPL-2.0-only LGPL-2.1-only LGPL-3.0-only
  libpng-2.0 MIT MIT-0 MPL-1.1 MPL-2.0 NCSA NTP OFL-1.1 OpenSSL PostgreSQL PSF-2.0 Python-2.0 Ruby Sleepycat SSPL-1.0 TCL
  Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 WTFPL X11 Zlib

  AGPL-1.0-only Artistic-1.0-cl8 Artistic-dist BSD-1-Clause BSD-2-Clause-Darwin BSD-2-Clause-first-lines BSD-2-Clause-Patent
  BSD-2-Clause-Views BSD-3-Clause-Attribution BSD-3-Clause-HP BSD-3-Clause-No-Military-License
  BSD-3-Clause-No-Nuclear-License-2014 BSD-3-Clause-Tso BSD-Source-beginning-file CC-BY-NC-3.0 CC-BY-NC-ND-3.0
  CC-BY-NC-ND-4.0 CC-BY-NC-SA-3.0 CC-BY-ND-3.0 CC-BY-ND-4.0 CDDL-1.1 ClArtistic CPL-1.0 CUA-OPL-1.0 ECL-2.0 EUPL-1.1
  FSFULLRSD GFDL-1.2-only GFDL-1.3-only IPL-1.0 LPL-1.0 MIT-Khronos-old MIT-STK NBPL-1.0 NPOSL-3.0 OLDAP-1.1 OLDAP-1.4 OSL-3.0
  Pixar BSD-Mark-Modifications GFDL-1.1-only Interbase-1.0 LPL-1.02 NOSL OLDAP-1.2 OLDAP-1.3 PPL SGI-B-2.0
  X11-distribute-modifications-variant SHL-0.5 SHL-0.51 SNIA SPL-1.0 TGPPL-1.0 Unicode-DFS-2015`
  .trim()
  .split(/\s+/);

/** Words from which on a text is long, or very long: one number in four or eight is kept. */
const long = 800;
const veryLong = 2500;

/** The text as it is found in packages, without what some leave out. */
function ownText(id: string, text: string): string {
  // That of LGPL-3.0 has GPL-3.0 behind it, which others put into a file of its own.
  if (id === 'LGPL-3.0-only') return text.split(/^\s*GNU GENERAL PUBLIC LICENSE/m)[0]!;
  if (id === 'Apache-2.0' || id === 'ECL-2.0') return text.split(/^\s*APPENDIX:/m)[0]!;
  if (id === 'ISC') return text.replaceAll(/\bISC\b/g, 'THE AUTHOR');
  return text;
}

/**
 * Writes lib/src/inspect/licences/fingerprint-data.ts anew: `node test/licences/write-fingerprints.ts <folder>`, with a folder of
 * `<identifier>.json` files that have a `licenseText`, as the licences of SPDX are published.
 */
function write(folder: string): void {
  const rows = known.map((id) => {
    const { licenseText } = JSON.parse(readFileSync(join(folder, `${id}.json`), 'utf8')) as {
      licenseText: string;
    };
    const own = ownText(id, licenseText);
    const words = wordsOf(own);
    const step = words.length >= veryLong ? 8 : words.length >= long ? 4 : 1;
    const kept = [...new Set(shinglesOf(words))]
      .filter((shingle) => shingle % step === 0)
      .sort((a, b) => a - b);
    const bytes = Buffer.alloc(kept.length * 4);
    for (const [index, shingle] of kept.entries()) bytes.writeUInt32LE(shingle, index * 4);
    return `  ['${id}', ${step}, '${bytes.toString('base64')}'],`;
  });
  const lines = [
    '/**',
    ' * Numbers of the shingles of licences: identifier, step, and base64 of 32-bit numbers. Written by',
    ' * test/licences/write-fingerprints.ts; recognise-text.ts reads them.',
    ' */',
    'export const fingerprintData: ReadonlyArray<readonly [id: string, step: number, numbers: string]> = [',
    ...rows,
    '];\n',
  ];
  const text = lines.join('\n');
  writeFileSync(new URL('../../lib/src/inspect/licences/fingerprint-data.ts', import.meta.url), text);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('a folder of licence texts is needed');
write(folder);
