/**
 * What people call licences, and what SPDX calls them. A name stands here only if it means one licence in one version, by what
 * its publisher, the Debian format of copyright files (DEP-5, "Short name"), Fedora's table of licences or Python's classifiers
 * say. `BSD`, `Apache` or `EPL` alone mean several: they are unknown.
 *
 * Names are compared by `comparableLicence`.
 */
const names: Readonly<Record<string, readonly string[]>> = {
  MIT: ['Expat', 'MIT Expat', 'Expat MIT', 'MITL'],
  'MIT-0': ['MIT No Attribution', 'MIT No Attribution License (MIT-0)'],
  'Apache-1.0': ['ASL 1.0', 'Apache 1.0'],
  'Apache-1.1': ['ASL 1.1', 'Apache 1.1', 'Apache Software 1.1'],
  'Apache-2.0': [
    'Apache 2',
    'Apache 2.0',
    'Apache2',
    'Apache2.0',
    'ASL 2.0',
    'ASL 2',
    'AL2',
    'AL 2.0',
    'Apache Software 2.0',
    'Apache Software 2',
    'Apache Public 2.0',
    'https://www.apache.org/licenses/LICENSE-2.0',
    'http://www.apache.org/licenses/LICENSE-2.0',
    'https://www.apache.org/licenses/LICENSE-2.0.txt',
    'http://www.apache.org/licenses/LICENSE-2.0.txt',
    'https://www.apache.org/licenses/LICENSE-2.0.html',
    'http://www.apache.org/licenses/LICENSE-2.0.html',
  ],
  'BSD-2-Clause': ['2-clause BSD', 'BSD 2', 'BSD-2', 'Simplified BSD', 'FreeBSD', 'BSD 2-Clause Simplified'],
  'BSD-3-Clause': [
    '3-clause BSD',
    'BSD 3',
    'BSD3',
    'New BSD',
    'Modified BSD',
    'Revised BSD',
    'BSD New',
    'BSD 3-Clause New or Revised',
    'Eclipse Distribution License v. 1.0',
    'Eclipse Distribution License 1.0',
    'EDL 1.0',
  ],
  'BSD-4-Clause': ['4-clause BSD', 'Original BSD', 'BSD 4'],
  '0BSD': ['Zero-Clause BSD', 'Zero-Clause BSD (0BSD)', 'BSD Zero Clause', 'BSD-0-Clause'],
  ISC: ['ISCL', 'ISC (ISCL)'],
  Zlib: ['zlib/libpng', 'zlib-acknowledgement-free', 'Zlib (zlib)'],
  'BSL-1.0': [
    'Boost',
    'Boost 1.0',
    'Boost Software 1.0',
    'Boost Software',
    'Boost Software License 1.0 (BSL-1.0)',
  ],
  'PSF-2.0': ['Python Software Foundation', 'PSF', 'PSFL', 'PSF 2'],
  'Python-2.0': ['Python 2', 'CNRI Python 2.0'],
  Unlicense: ['The Unlicense (Unlicense)', 'unlicence'],
  'CC0-1.0': [
    'CC0',
    'CC0 1.0',
    'CC0 1.0 Universal',
    'Creative Commons Zero 1.0',
    'CC0 1.0 Universal (CC0 1.0) Public Domain Dedication',
  ],
  WTFPL: ['WTFPL 2', 'Do What The F*ck You Want To Public License'],
  'MPL-1.0': ['Mozilla Public 1.0', 'Mozilla Public License 1.0 (MPL)'],
  'MPL-1.1': ['Mozilla Public 1.1', 'Mozilla Public License 1.1 (MPL 1.1)'],
  'MPL-2.0': ['MPL 2', 'Mozilla Public 2.0', 'Mozilla Public License 2.0 (MPL 2.0)', 'Mozilla Public 2'],
  'EPL-1.0': ['Eclipse Public 1.0', 'Eclipse Public License 1.0 (EPL-1.0)', 'Eclipse Public License - v 1.0'],
  'EPL-2.0': [
    'Eclipse Public 2.0',
    'Eclipse Public License 2.0 (EPL-2.0)',
    'Eclipse Public License - v 2.0',
    'EPL 2',
  ],
  'CDDL-1.0': ['CDDL 1', 'Common Development and Distribution 1.0', 'CDDL 1.0'],
  'CDDL-1.1': ['Common Development and Distribution 1.1'],
  'CPL-1.0': ['Common Public 1.0', 'CPL 1'],
  'EUPL-1.1': ['European Union Public License 1.1', 'European Union Public Licence 1.1 (EUPL 1.1)'],
  'EUPL-1.2': ['European Union Public License 1.2', 'European Union Public Licence 1.2 (EUPL 1.2)'],
  'Artistic-1.0': ['Artistic', 'Artistic 1'],
  'Artistic-2.0': ['Artistic 2'],
  ClArtistic: ['Artistic clarified', 'Clarified Artistic'],
  'GPL-1.0-or-later OR Artistic-1.0-Perl': ['Perl', 'Perl 5', 'same terms as Perl', 'perl_5'],
  'OFL-1.1': ['OFL', 'SIL OFL 1.1', 'SIL Open Font 1.1', 'SIL Open Font License 1.1 (OFL-1.1)', 'OFL 1.1'],
  OpenSSL: ['OpenSSL SSLeay'],
  PostgreSQL: ['PostgreSQL Licence'],
  Ruby: ['Ruby License'],
  'PHP-3.01': ['PHP 3.01', 'PHP License 3.01'],
  NCSA: ['University of Illinois/NCSA Open Source', 'UoI NCSA'],
  'ZPL-2.1': ['Zope Public 2.1', 'ZPL 2.1'],
  'AFL-2.1': ['Academic Free 2.1'],
  'AFL-3.0': ['Academic Free 3.0'],
  'QPL-1.0': ['QPL'],
  'LPPL-1.3c': ['LaTeX Project Public 1.3c'],
  'UPL-1.0': ['Universal Permissive 1.0', 'Universal Permissive License (UPL)'],
  'BlueOak-1.0.0': ['Blue Oak Model 1.0.0'],
  HPND: ['Historical Permission Notice and Disclaimer (HPND)', 'Historical Permission Notice and Disclaimer'],
  'CC-BY-3.0': ['CC-BY-3', 'Creative Commons Attribution 3.0'],
  'CC-BY-4.0': [
    'CC-BY-4',
    'Creative Commons Attribution 4.0',
    'Creative Commons Attribution 4.0 International',
  ],
  'CC-BY-SA-3.0': ['CC-BY-SA-3', 'Creative Commons Attribution Share-Alike 3.0'],
  'CC-BY-SA-4.0': ['CC-BY-SA-4', 'Creative Commons Attribution-ShareAlike 4.0'],
  'GFDL-1.1-or-later': ['GFDL-1.1+'],
  'GFDL-1.2-or-later': ['GFDL-1.2+'],
  'GFDL-1.3-or-later': ['GFDL-1.3+'],
  'GFDL-1.2-no-invariants-only': ['GFDL-NIV-1.2'],
  'GFDL-1.2-no-invariants-or-later': ['GFDL-NIV-1.2+', 'GFDL-1.2+-no-invariant'],
  'GFDL-1.3-no-invariants-only': ['GFDL-NIV-1.3'],
  'GFDL-1.3-no-invariants-or-later': ['GFDL-NIV-1.3+', 'GFDL-1.3+-no-invariant'],
  'LGPL-2.1-or-later WITH GCC-exception-2.0': ['SUSE-LGPL-2.1+-with-GCC-exception'],
  'SSPL-1.0': ['Server Side Public 1.0', 'SSPL', 'Server Side Public License, v 1'],
  'BUSL-1.1': ['Business Source 1.1', 'BSL-1.1', 'BSL 1.1'],
  'Elastic-2.0': ['Elastic 2.0', 'ELv2', 'Elastic License v2'],
  'LicenseRef-public-domain': ['public domain', 'PD', 'SUSE-Public-Domain', 'Fedora-Public-Domain'],
  'LicenseRef-proprietary': ['Proprietary', 'Other/Proprietary', 'Commercial', 'All rights reserved'],
};

/** Identifiers that SPDX gave up, and what they mean. Those that are not here mean what they did. */
const replaced: Readonly<Record<string, string>> = {
  'AGPL-1.0': 'AGPL-1.0-only',
  'AGPL-3.0': 'AGPL-3.0-only',
  'GFDL-1.1': 'GFDL-1.1-only',
  'GFDL-1.2': 'GFDL-1.2-only',
  'GFDL-1.3': 'GFDL-1.3-only',
  'GPL-1.0': 'GPL-1.0-only',
  'GPL-2.0': 'GPL-2.0-only',
  'GPL-3.0': 'GPL-3.0-only',
  'LGPL-2.0': 'LGPL-2.0-only',
  'LGPL-2.1': 'LGPL-2.1-only',
  'LGPL-3.0': 'LGPL-3.0-only',
  'GPL-2.0-with-GCC-exception': 'GPL-2.0-only WITH GCC-exception-2.0',
  'GPL-2.0-with-autoconf-exception': 'GPL-2.0-only WITH Autoconf-exception-2.0',
  'GPL-2.0-with-bison-exception': 'GPL-2.0-only WITH Bison-exception-2.2',
  'GPL-2.0-with-classpath-exception': 'GPL-2.0-only WITH Classpath-exception-2.0',
  'GPL-2.0-with-font-exception': 'GPL-2.0-only WITH Font-exception-2.0',
  'GPL-3.0-with-GCC-exception': 'GPL-3.0-only WITH GCC-exception-3.1',
  'GPL-3.0-with-autoconf-exception': 'GPL-3.0-only WITH Autoconf-exception-3.0',
  'BSD-2-Clause-FreeBSD': 'BSD-2-Clause-Views',
  'BSD-2-Clause-NetBSD': 'BSD-2-Clause',
  'StandardML-NJ': 'SMLNJ',
  wxWindows: 'LGPL-2.0-or-later WITH WxWindows-exception-3.1',
  'eCos-2.0': 'GPL-2.0-or-later WITH eCos-exception-2.0',
};

/**
 * Names of exceptions by the licence that they belong to: SPDX has one for each version of some. What Debian calls the exceptions
 * of Autoconf and OpenSSL are several texts: they are unknown.
 */
const exceptions: ReadonlyArray<readonly [RegExp, string, readonly string[]]> = [
  [/^GPL-3/, 'Bison-exception-2.2', ['bison', 'bison 2.2']],
  [/^GPL/, 'Texinfo-exception', ['texinfo']],
  [/^GPL-2/, 'Linux-syscall-note', ['linux syscall note', 'linux syscall']],
  [/^GPL-2/, 'Classpath-exception-2.0', ['classpath', 'classpath 2.0', 'cpe']],
  [/^GPL/, 'Font-exception-2.0', ['font', 'font embedding']],
  [/^GPL-3/, 'GCC-exception-3.1', ['gcc', 'gcc runtime library', 'gcc 3.1', 'gcc runtime library 3.1']],
  [/^L?GPL-2/, 'GCC-exception-2.0', ['gcc', 'gcc 2.0']],
  [/^GPL-2/, 'Libtool-exception', ['libtool']],
  [/^Apache-2/, 'LLVM-exception', ['llvm', 'llvm exceptions']],
  [/^GPL/, 'u-boot-exception-2.0', ['u boot']],
  [/^LGPL/, 'OCaml-LGPL-linking-exception', ['ocaml', 'ocaml linking', 'ocaml lgpl linking']],
];

const noise: ReadonlySet<string> = new Set(['the', 'license', 'licence', 'licensed', 'version', 'v']);

/** Equal for names of licences that differ in case, punctuation and words that say nothing. */
export function comparableLicence(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.+]+/g, ' ')
    .split(' ')
    .map((word) =>
      word
        .replace(/^v\.?(?=\d)/, '')
        .replace(/^([a-z]{2,5})v(?=\d)/, '$1 ')
        .replace(/^\.|\.$/g, ''),
    )
    .filter((word) => word !== '' && !noise.has(word))
    .join(' ');
}

const byName: ReadonlyMap<string, string> = new Map(
  Object.entries(names).flatMap(([spdx, all]) => all.map((name) => [comparableLicence(name), spdx] as const)),
);

/** The SPDX expression that a name stands for; undefined: none that is known. @param name by `comparableLicence` */
export function aliasOf(name: string): string | undefined {
  return byName.get(name);
}

/** What an identifier means today. */
export function currentMeaning(id: string): string {
  return replaced[id] ?? id;
}

/** The exception that a name stands for beside a licence; undefined: none that is known. */
export function exceptionNamed(id: string, name: string): string | undefined {
  const bare = comparableLicence(name)
    .replace(/ exceptions?\b/g, '')
    .trim();
  return exceptions.find(([licence, , all]) => licence.test(id) && all.includes(bare))?.[1];
}
