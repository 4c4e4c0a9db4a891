import { expect, test } from 'vitest';
import { licenceTerm, licenceTerms } from './licence-terms.ts';

test('a package is found by its expression and by each licence in it, and not by what is unknown', () => {
  expect(licenceTerms('MIT AND (GPL-2.0-only OR LicenseRef-unknown-0)')).toEqual([
    'mit and (gpl-2.0-only or licenseref-unknown-0)',
    'mit',
    'gpl-2.0-only',
  ]);
  expect(licenceTerms(null)).toEqual([]);
});

test.each([
  ['GPLv2+', 'gpl-2.0-or-later'],
  ['mit', 'mit'],
  ['The MIT License', 'mit'],
  ['BSD', 'bsd'],
  ['Classpath-exception-2.0', 'classpath-exception-2.0'],
])('%s is looked up as %s', (asked, term) => {
  expect(licenceTerm(asked)).toBe(term);
});
