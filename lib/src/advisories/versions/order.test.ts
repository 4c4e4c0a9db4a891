import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { compareVersions } from './order.ts';

const data = process.env['WHARFINGER_TEST_DATA'];
const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;
const hasRuby = spawnSync('ruby', ['--version']).status === 0;
/** Debian keeps the classes of composer where PHP's include path finds them. */
const composerStart = "require 'Composer/Semver/autoload.php';";
const hasComposer = spawnSync('php', ['-r', composerStart]).status === 0;

const sign = (ecosystem: string, a: string, b: string): string => {
  const difference = compareVersions(ecosystem, a, b);
  if (difference === 'unsupported') return difference;
  return difference < 0 ? '<' : difference > 0 ? '>' : '=';
};

/** Lines that state what the tools of the ecosystem do not do. */
const notSo: ReadonlySet<string> = new Set([
  // True of PHP's version_compare alone; composer makes 1.0.0.0 of both before it compares.
  'Packagist: 1.0.0 > 1.0',
]);

describe.skipIf(data === undefined)('facts of WHARFINGER_TEST_DATA/versions', () => {
  it.each([
    ['Debian:12', 'debian-versions.txt', 25],
    ['Debian:12', 'debian-versions-generated.txt', 14_442],
    ['Alpine:v3.20', 'alpine-versions.txt', 750],
    ['Alpine:v3.20', 'alpine-versions-generated.txt', 13_979],
    ['npm', 'semver-versions.txt', 80],
    ['Go', 'semver-versions.txt', 80],
    ['AlmaLinux:9', 'redhat-versions.txt', 130],
    ['crates.io', 'semver-versions.txt', 80],
    ['Hex', 'semver-versions.txt', 80],
    ['RubyGems', 'rubygems-versions.txt', 20],
    ['Packagist', 'packagist-versions.txt', 85],
    ['NuGet', 'nuget-versions.txt', 33],
    ['CRAN', 'cran-versions.txt', 18],
    ['Hackage', 'hackage-versions.txt', 11],
    ['Pub', 'pub-versions.txt', 80],
  ])('%s: every line of %s holds', (ecosystem, file, least) => {
    const facts = readFileSync(join(data!, 'versions', file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#') && !line.startsWith('//'));
    expect(facts.length).toBeGreaterThanOrEqual(least);
    const wrong = facts.filter((fact) => {
      if (notSo.has(`${ecosystem}: ${fact}`)) return false;
      const [a = '', relation = '', b = ''] = fact.split(' ');
      const reversed = relation === '<' ? '>' : relation === '>' ? '<' : '=';
      return sign(ecosystem, a, b) !== relation || sign(ecosystem, b, a) !== reversed;
    });
    expect(wrong).toEqual([]);
  });
});

const text = (letters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters.split('')), maxLength });

const debianVersion = fc
  .tuple(
    fc.option(fc.nat(3), { nil: undefined }),
    text('0123456789.+~abZ', 8),
    fc.option(text('019+~a.', 5), { nil: undefined }),
  )
  .map(([epoch, upstream, revision]) => {
    const start = epoch === undefined ? '' : `${epoch}:`;
    return `${start}0${upstream}${revision === undefined ? '' : `-0${revision}`}`;
  });

const alpineVersion = fc.oneof(
  text('0123.ab_~-rp', 12).map((rest) => `0${rest}`),
  fc
    .tuple(
      fc.array(fc.constantFrom('0', '00', '01', '1', '9', '10', '010', ''), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', 'a', 'b', 'z'),
      fc.array(fc.constantFrom('_alpha', '_rc1', '_p', '_p0', '_p1', '_git20', '_junk'), { maxLength: 2 }),
      fc.constantFrom('', '~ab1', '~'),
      fc.constantFrom('', '-r0', '-r1', '-r01', '-r', '-rx'),
    )
    .map(([numbers, letter, suffixes, hash, revision]) =>
      [numbers.join('.') || '0', letter, ...suffixes, hash, revision].join(''),
    ),
);

const rpmVersion = fc
  .tuple(
    fc.constantFrom('', '0:', '1:', '10:', 'a:'),
    text('019.~^aZ+_', 8).map((rest) => `1${rest}`),
    fc.option(text('01.~^el', 5), { nil: undefined }),
  )
  .map(([epoch, version, release]) => `${epoch}${version}${release === undefined ? '' : `-1${release}`}`);

const semverVersion = fc
  .tuple(
    fc.constantFrom('', 'v'),
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(12)),
    fc.constantFrom('', '-0', '-1', '-10', '-rc.1', '-rc.2', '-rc', '-a.b', '-0.20210101000000-abcdefabcdef'),
    fc.constantFrom('', '+incompatible', '+b.1'),
  )
  .map(([v, numbers, prerelease, build]) => `${v}${numbers.join('.')}${prerelease}${build}`);

const numbers = fc.array(fc.constantFrom('0', '1', '2', '10', '01'), { minLength: 1, maxLength: 4 });

const gemVersion = fc
  .tuple(numbers, fc.constantFrom('', '.a', '.b1', '.rc.1', '-1', '.pre', '.0', '.1.a0', 'b', '.A'))
  .map(([front, rest]) => `${front.join('.')}${rest}`);

const composerVersion = fc.oneof(
  fc.constantFrom('dev-main', 'dev-other', '1.2.x-dev', '1.x-dev'),
  fc
    .tuple(
      fc.constantFrom('', 'v'),
      numbers,
      fc.constantFrom('', '-dev', '-alpha1', 'a2', '-beta', 'b3', '-RC1', '-patch1', 'pl2', '-stable', '+x'),
    )
    .map(([v, front, rest]) => `${v}${front.join('.')}${rest}`),
);

const nugetVersion = fc
  .tuple(
    numbers,
    fc.constantFrom('', '-alpha', '-ALPHA.1', '-beta.2', '-2', '-rc1'),
    fc.constantFrom('', '+B'),
  )
  .map((parts) => [parts[0].join('.'), parts[1], parts[2]].join(''));

describe.each([
  ['RubyGems', gemVersion],
  ['Packagist', composerVersion],
  ['NuGet', nugetVersion],
  ['CRAN', numbers.map((all) => all.join('-'))],
  ['Hackage', numbers.map((all) => all.join('.'))],
  [
    'Pub',
    fc.tuple(semverVersion, fc.constantFrom('', '+1', '+a')).map(([a, b]) => (a.includes('+') ? a : a + b)),
  ],
  ['Debian', debianVersion],
  ['Alpine', alpineVersion],
  ['npm', semverVersion],
  ['Rocky Linux', rpmVersion],
  ['Go', fc.oneof(semverVersion, fc.constantFrom('go1.2', 'go1.2.1', 'go1.2rc1', '1.2.0-rc.2', 'go1.2-x'))],
])('the order of %s is total', (ecosystem, versions) => {
  const compare = (a: string, b: string): number => Math.sign(Number(compareVersions(ecosystem, a, b)));

  it('is reflexive and antisymmetric', () => {
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        expect(compare(a, a)).toBe(0);
        expect(compare(a, b) + compare(b, a)).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        const [x = '', y = '', z = ''] = [a, b, c].sort(compare);
        expect(compare(x, y)).toBeLessThanOrEqual(0);
        expect(compare(y, z)).toBeLessThanOrEqual(0);
        expect(compare(x, z)).toBe(compare(x, y) === 0 ? compare(y, z) : -1);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('against the tools themselves', () => {
  it.skipIf(!hasDpkg)('orders Debian versions as dpkg does', () => {
    const pairs = fc.sample(fc.tuple(debianVersion, debianVersion), { numRuns: 1500, seed: 7 });
    const script = `while read -r a b; do
      if dpkg --compare-versions "$a" lt "$b"; then echo '<'
      elif dpkg --compare-versions "$a" gt "$b"; then echo '>'
      else echo '='; fi; done`;
    const answers = execFileSync('sh', ['-c', script], {
      input: pairs.map(([a, b]) => `${a} ${b}\n`).join(''),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect(pairs.map(([a, b]) => `${a} ${sign('Debian', a, b)} ${b}`)).toEqual(
      answers
        .trim()
        .split('\n')
        .map((relation, at) => `${pairs[at]?.[0]} ${relation} ${pairs[at]?.[1]}`),
    );
  });

  it.skipIf(!hasRuby)('orders versions of gems as RubyGems does', () => {
    const pairs = fc
      .sample(fc.tuple(gemVersion, gemVersion), { numRuns: 3000, seed: 7 })
      .filter(([a, b]) => !/^[0-9]+b/.test(a) && !/^[0-9]+b/.test(b));
    const script = 'STDIN.each_line { |l| a, b = l.split; puts Gem::Version.new(a) <=> Gem::Version.new(b) }';
    const answers = execFileSync('ruby', ['-e', script], {
      input: pairs.map(([a, b]) => `${a} ${b}\n`).join(''),
      encoding: 'utf8',
    });
    expect(pairs.map(([a, b]) => `${a} ${sign('RubyGems', a, b)} ${b}`)).toEqual(
      answers
        .trim()
        .split('\n')
        .map((relation, at) => `${pairs[at]?.[0]} ${'<=>'[Number(relation) + 1]} ${pairs[at]?.[1]}`),
    );
  });

  it.skipIf(!hasComposer)('orders versions as composer does, once it has made them normal', () => {
    const pairs = fc.sample(fc.tuple(composerVersion, composerVersion), { numRuns: 3000, seed: 7 });
    const script = `${composerStart}
      $p = new Composer\\Semver\\VersionParser();
      while ($line = fgets(STDIN)) {
        [$a, $b] = array_map([$p, 'normalize'], explode(' ', trim($line)));
        echo $a === $b ? '=' : version_compare($a, $b), "\n";
      }`;
    const answers = execFileSync('php', ['-r', script], {
      input: pairs.map(([a, b]) => `${a} ${b}\n`).join(''),
      encoding: 'utf8',
    });
    const relations = answers.trim().split('\n');
    const wrong = pairs
      .map(([a, b], at) => [a, sign('Packagist', a, b), b, relations[at]] as const)
      // Of branches version_compare says that they are equal.
      .filter(([a, , b]) => !(a.startsWith('dev-') && b.startsWith('dev-')))
      .filter(([, ours, , theirs]) => ours !== (theirs === '-1' ? '<' : theirs === '1' ? '>' : '='));
    expect(wrong).toEqual([]);
  });

  it('orders semantic versions as the package semver does', () => {
    fc.assert(
      fc.property(semverVersion, semverVersion, (a, b) => {
        expect(Math.sign(Number(compareVersions('npm', a, b)))).toBe(semver.compare(a, b, { loose: true }));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('compareVersions', () => {
  it.each([
    ['Go', 'go1.20.7', '=', '1.20.7'],
    ['Go', 'go1.21rc2', '=', '1.21.0-rc.2'],
    ['Go', 'go1.21rc2', '<', 'go1.21'],
    ['Go', 'go1.16', '>', '1.16.0-0'],
    ['Go', 'go1.22.3-corp', '=', '1.22.3'],
    ['Go', 'go1.20.7 X:boringcrypto', '=', 'go1.20.7'],
    ['Go', 'v0.0.0-20210101000000-aaaaaaaaaaaa', '<', '0.0.0-20220101000000-aaaaaaaaaaaa'],
    ['Go', 'v2.0.0+incompatible', '=', '2.0.0'],
    ['npm', '1.2.3beta', '<', '1.2.3'],
    ['npm', '=v1.2', '=', '1.2.0'],
    ['Ubuntu:22.04', '2.35-0ubuntu3.1', '<', '2.35-0ubuntu3.10'],
    ['Wolfi', '1.2.3-r1', '<', '1.2.3-r10'],
    ['AlmaLinux:8', '0:5.1-1.el8', '=', '5.1-1.el8'],
    ['openSUSE:Leap 15.5', '1.0~rc1-1', '<', '1.0-1'],
    ['SUSE:Linux Enterprise Server 15 SP5', '1:1.0-1', '>', '2.0-1'],
    ['Photon OS:4.0', '1.0^git1-1', '>', '1.0-9'],
    ['OSS-Fuzz', '1', 'unsupported', '2'],
    ['RubyGems', '1.0.0', '=', '1'],
    ['RubyGems', '2.0.0-java', '<', '2.0.0'],
    ['Packagist', 'v1.0', '=', '1.0.0.0'],
    ['Packagist', '1.2.x-dev', '>', '1.2.99'],
    ['Packagist', '1.2.x-dev', '<', '1.3'],
    ['NuGet', '1.0.0-ALPHA', '=', '1-alpha'],
    ['Bitnami', '7.2.4-3', '=', '7.2.4'],
    ['Bitnami', '7.2.4-3', '<', '7.2.4-10'],
    ['Bitnami', '7.2.4-rc.1', '<', '7.2.4-0'],
    ['Bitnami', '2.10.0-1', '>', '2.9.0'],
  ])('%s: %s %s %s', (ecosystem, a, relation, b) => {
    expect(sign(ecosystem, a, b)).toBe(relation);
  });

  it.each([
    ['Debian', '1.0 beta'],
    ['Debian', 'x:1'],
    ['Debian', ''],
    ['npm', 'latest'],
    ['npm', '1.x'],
    ['Red Hat:enterprise_linux:9', '1.0 1'],
    ['RubyGems', 'latest'],
    ['RubyGems', '1..2'],
    ['Packagist', 'main'],
    ['Packagist', '1.0 as 2.0'],
    ['NuGet', '1.2.3.4.5'],
    ['CRAN', '1.0a'],
    ['Hackage', '1-2'],
    ['Bitnami', 'nightly.2026'],
    ['Go', '(devel)'],
    ['Go', 'devel go1.22-abcdef'],
  ])('%s: %j has no place', (ecosystem, version) => {
    expect(() => compareVersions(ecosystem, version, '1.0.0')).toThrow(
      expect.toSatisfy((error) => isWharfingerError(error, 'VERSION_INVALID')),
    );
  });
});
