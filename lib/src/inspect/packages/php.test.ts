import { describe, expect, it } from 'vitest';
import { countsAt } from './formats.ts';
import { observed } from './observed.fixtures.ts';

const path = 'srv/app/vendor/composer/installed.json';
const monolog = {
  name: 'Monolog/monolog',
  version: 'v2.1.0',
  version_normalized: '2.1.0.0',
  license: ['MIT', 'Apache-2.0'],
};
const expected = {
  type: 'composer',
  name: 'Monolog/monolog',
  version: 'v2.1.0',
  ecosystem: 'Packagist',
  matchName: 'monolog/monolog',
  licence: 'MIT OR Apache-2.0',
};

describe('installed.json of composer', () => {
  it.each([
    ['version 1', [monolog]],
    ['version 2', { packages: [monolog], dev: true, 'dev-package-names': [] }],
  ])('is read in %s', (_, value) => {
    expect(observed('php', path, JSON.stringify(value))).toMatchObject({
      packages: [expected],
      problems: [],
    });
    expect(observed('php', 'data/0', JSON.stringify(value, undefined, 4)).packages).toEqual([expected]);
  });

  it('may name branches, and nothing at all', () => {
    const branch = [{ name: 'a/b', version: 'dev-main', license: [] }];
    expect(observed('php', path, JSON.stringify(branch)).packages).toEqual([
      { type: 'composer', name: 'a/b', version: 'dev-main', ecosystem: 'Packagist' },
    ]);
    expect(observed('php', path, '{"packages":[]}')).toMatchObject({ packages: [], problems: [] });
  });

  it.each([
    ['no JSON', '[{"name": "a/b"'],
    ['another document', '{"name":"a/b"}'],
    ['a package without a version', '[{"name":"a/b"}]'],
    ['no packages', '{"packages":[1,null]}'],
    ['an endless version', `[{"name":"a/b","version":"${'1'.repeat(70_000)}"}]`],
    ['a name that cannot be shown', String.raw`[{"name":"a/\u0007","version":"1"}]`],
    ['nothing', ''],
  ])('hides something where it is %s', (_, text) => {
    expect(observed('php', path, text).problems).toHaveLength(1);
    expect(observed('php', 'srv/tests/installed.json', text).problems).toEqual([]);
  });

  it('counts where composer writes it, whatever the folder of packages is called', () => {
    expect(countsAt('php', path)).toBe(true);
    expect(countsAt('php', 'var/www/3rdparty/composer/installed.json')).toBe(true);
    expect(countsAt('php', 'srv/tests/installed.json')).toBe(false);
  });
});
