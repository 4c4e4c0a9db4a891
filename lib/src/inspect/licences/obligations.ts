/** Kinds of licences, from those that ask for least. */
export const licenceCategories = [
  'public-domain',
  'permissive',
  'weak-copyleft',
  'strong-copyleft',
  'network-copyleft',
  'source-available',
  'non-commercial',
  'proprietary',
  'unknown',
] as const;

export type LicenceCategory = (typeof licenceCategories)[number];

/**
 * What a licence asks of those who use what is under it: `notice` keep its notices when handing on; `advertising` name its authors
 * in advertisements; `source` give the source to whom it is handed, `source-of-files` that of its own files, `source-when-served`
 * also to whom it only serves over a network; `same-licence` hand on under the same licence; `patents` it grants patents, and ends
 * for those who sue over them; `no-commercial-use`, `no-changes`, `no-competing-service` what it forbids; `agreement` nothing is
 * allowed without one.
 */
export type Obligation =
  | 'notice'
  | 'advertising'
  | 'source'
  | 'source-of-files'
  | 'source-when-served'
  | 'same-licence'
  | 'patents'
  | 'no-commercial-use'
  | 'no-changes'
  | 'no-competing-service'
  | 'agreement';

export interface Terms {
  readonly category: LicenceCategory;
  readonly obligations: readonly Obligation[];
}

/** What all licences of a category ask. */
const usual: Readonly<Record<LicenceCategory, readonly Obligation[]>> = {
  'public-domain': [],
  permissive: ['notice'],
  'weak-copyleft': ['notice', 'source-of-files', 'same-licence'],
  'strong-copyleft': ['notice', 'source', 'same-licence'],
  'network-copyleft': ['notice', 'source', 'source-when-served', 'same-licence'],
  'source-available': ['notice', 'no-competing-service'],
  'non-commercial': ['notice', 'no-commercial-use'],
  proprietary: ['agreement'],
  unknown: [],
};

/** What licences are. `only` and `or later` are not told apart here: see `withoutVersionRule`. */
const byCategory: Readonly<Partial<Record<LicenceCategory, string>>> = {
  'public-domain':
    '0BSD CC0-1.0 CC-PDDC LicenseRef-public-domain MIT-0 PDDL-1.0 SAX-PD Unlicense WTFPL blessing',
  permissive: `AFL-1.1 AFL-1.2 AFL-2.0 AFL-2.1 AFL-3.0 Apache-1.0 Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-1.0-cl8
    Artistic-2.0 Artistic-dist BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-2-Clause-Views BSD-2-Clause-Darwin BSD-3-Clause
    BSD-3-Clause-Attribution BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-3-Clause-Modification BSD-4-Clause BSD-4-Clause-UC
    BSD-4-Clause-Shortened BSD-Source-Code BSL-1.0 Beerware BlueOak-1.0.0 Bitstream-Vera CC-BY-2.0 CC-BY-2.5 CC-BY-3.0 CC-BY-4.0
    ClArtistic ECL-2.0 FSFAP FSFUL FSFULLR FSFULLRWD FTL HPND HPND-sell-variant ICU IJG ISC ImageMagick Info-ZIP Kazlib Latex2e
    Libpng MIT MIT-CMU MIT-Modern-Variant MIT-STK MIT-advertising MITNFA Minpack Multics NCSA NTP Naumen Net-SNMP OFL-1.0 OFL-1.1
    OLDAP-2.8 OpenSSL PHP-3.0 PHP-3.01 PSF-2.0 Plexus PostgreSQL Python-2.0 Python-2.0.1 Ruby SGI-B-2.0 SMLNJ SSH-OpenSSH
    Spencer-86 Spencer-94 Spencer-99 TCL TCP-wrappers UPL-1.0 Unicode-3.0 Unicode-DFS-2015 Unicode-DFS-2016 Unicode-TOU
    Vim W3C X11 XFree86-1.1 Xnet ZPL-2.0 ZPL-2.1 Zend-2.0 Zlib bzip2-1.0.6 curl libpng-2.0 libtiff mpich2 psutils
    zlib-acknowledgement`,
  'weak-copyleft': `APSL-2.0 CDDL-1.0 CDDL-1.1 CPL-1.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 IPL-1.0 LGPL-2.0 LGPL-2.1 LGPL-3.0
    LPPL-1.3c MPL-1.0 MPL-1.1 MPL-2.0 MPL-2.0-no-copyleft-exception MS-PL MS-RL NPL-1.1 QPL-1.0 SPL-1.0`,
  'strong-copyleft': `CC-BY-SA-2.0 CC-BY-SA-2.5 CC-BY-SA-3.0 CC-BY-SA-4.0 CECILL-2.1 GFDL-1.1 GFDL-1.2 GFDL-1.3
    GFDL-1.1-no-invariants GFDL-1.2-no-invariants GFDL-1.3-no-invariants GPL-1.0 GPL-2.0 GPL-3.0 ODbL-1.0 OSL-3.0 SMAIL-GPL
    Sleepycat`,
  'network-copyleft': 'AGPL-1.0 AGPL-3.0 CPAL-1.0 NPOSL-3.0 RPL-1.5 SSPL-1.0',
  'source-available': 'BUSL-1.1 Elastic-2.0 FSL-1.1-ALv2 FSL-1.1-MIT',
  'non-commercial': `Aladdin CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0
    PolyForm-Noncommercial-1.0.0 PolyForm-Small-Business-1.0.0`,
  proprietary: 'LicenseRef-proprietary BSD-3-Clause-No-Nuclear-License',
};

/** What some ask beyond what is usual in their category. */
const more: ReadonlyArray<readonly [Obligation, string]> = [
  [
    'patents',
    `AFL-2.0 AFL-2.1 AFL-3.0 AGPL-3.0 Apache-2.0 Artistic-2.0 BSD-2-Clause-Patent BlueOak-1.0.0 CDDL-1.0 CDDL-1.1 CPL-1.0 ECL-2.0 EPL-1.0 EPL-2.0
     EUPL-1.1 EUPL-1.2 GPL-3.0 IPL-1.0 LGPL-3.0 MPL-1.0 MPL-1.1 MPL-2.0 MS-PL MS-RL OSL-3.0 NPOSL-3.0 SSPL-1.0 UPL-1.0`,
  ],
  ['advertising', 'BSD-4-Clause BSD-4-Clause-UC BSD-4-Clause-Shortened OpenSSL Apache-1.0 Apache-1.1'],
  ['no-changes', 'CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0'],
  ['same-licence', 'CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0'],
];

/**
 * Exceptions that let other works be combined with one under the GPL, whatever their licence. Others that SPDX lists allow less:
 * they change nothing here.
 */
const lettingCombine: ReadonlySet<string> = wordsOf(`
  389-exception Autoconf-exception-2.0 Autoconf-exception-3.0 Autoconf-exception-generic Autoconf-exception-generic-3.0
  Autoconf-exception-macro Bison-exception-1.24 Bison-exception-2.2 Classpath-exception-2.0 CLISP-exception-2.0 eCos-exception-2.0
  Font-exception-2.0 freertos-exception-2.0 GCC-exception-2.0 GCC-exception-2.0-note GCC-exception-3.1 GNAT-exception
  GPL-3.0-linking-exception gnu-javamail-exception i2p-gpl-java-exception libpri-OpenH323-exception Libtool-exception
  Linux-syscall-note LLGPL mif-exception OpenJDK-assembly-exception-1.0 SWI-exception Texinfo-exception u-boot-exception-2.0
  WxWindows-exception-3.1`);

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

const table: ReadonlyMap<string, Terms> = new Map(
  Object.entries(byCategory).flatMap(([category, ids]) =>
    [...wordsOf(ids)].map((id) => {
      const own = more.filter(([, having]) => wordsOf(having).has(id)).map(([obligation]) => obligation);
      const obligations = [...new Set([...usual[category as LicenceCategory], ...own])];
      return [id, { category: category as LicenceCategory, obligations }] as const;
    }),
  ),
);

const unknownTerms: Terms = { category: 'unknown', obligations: [] };

/** What a licence asks; of one that is not in the table nothing is known. */
export function termsOf(id: string, exception?: string): Terms {
  const found = table.get(withoutVersionRule(id)) ?? unknownTerms;
  if (exception === undefined || found.category !== 'strong-copyleft' || !lettingCombine.has(exception))
    return found;
  const { obligations } = found;
  return {
    category: 'weak-copyleft',
    obligations: obligations.map((one) => (one === 'source' ? 'source-of-files' : one)),
  };
}

/** Later versions ask the same kind of things. */
function withoutVersionRule(id: string): string {
  return id.replace(/(?:-only|-or-later|\+)$/, '');
}
