import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import type { Advisory } from '../advisory.ts';
import { affects } from '../match.ts';
import { parseOsv } from '../osv.ts';
import { readNativeRanges } from './native-ranges.ts';

const data = process.env['WHARFINGER_TEST_DATA'];
const hasRuby = spawnSync('ruby', ['--version']).status === 0;
const composerStart = "require 'Composer/Semver/autoload.php';";
const hasComposer = spawnSync('php', ['-r', composerStart]).status === 0;

type Specific = Readonly<Record<string, unknown>>;
type Answer = 'affected' | 'not' | 'undecided';

const parsed = new WeakMap<Specific, Advisory>();

/** What the product says of one version, by a whole record. */
function ask(ecosystem: string, specific: Specific, version: string): Answer {
  const record = {
    id: 'X-1',
    affected: [{ package: { ecosystem, name: 'p' }, database_specific: specific }],
  };
  const advisory = parsed.get(specific) ?? parseOsv(record);
  parsed.set(specific, advisory);
  const match = affects(advisory, { ecosystem, name: 'p', version });
  return match === undefined ? 'not' : match.undecided === undefined ? 'affected' : 'undecided';
}

describe('ranges in the languages of databases', () => {
  const rustsec = { patched: ['^0.7.1', '>= 0.8.1'], unaffected: ['< 0.3'] };
  const ruby = { patched_versions: ['~> 6.0.4, >= 6.0.4.1', '>= 6.1.4.1'], unaffected_versions: ['< 6.0.0'] };
  const php = {
    branches: { '1.x': { versions: ['>=1.0.0', '<1.2.3'] }, '2.x': { versions: ['>=2.0', '<2.1'] } },
  };
  const npm = { vulnerable_versions: '<2.0.5 || >=3.0.0 <3.1.0', patched_versions: '^2.0.5 || >=3.1.0' };

  it.each([
    ['crates.io', rustsec, '0.2.9', 'not'],
    ['crates.io', rustsec, '0.3.0', 'affected'],
    ['crates.io', rustsec, '0.7.0', 'affected'],
    ['crates.io', rustsec, '0.7.9', 'not'],
    ['crates.io', rustsec, '0.8.0-rc.1', 'affected'],
    ['crates.io', rustsec, '0.8.0', 'affected'],
    ['crates.io', rustsec, '0.8.1', 'not'],
    ['crates.io', { patched: [], unaffected: [] }, '99.0.0', 'affected'],
    ['crates.io', { patched: ['> 1.2.3'], unaffected: ['<= 1.0.0'] }, '1.0.0', 'not'],
    ['crates.io', { patched: ['> 1.2.3'], unaffected: ['<= 1.0.0'] }, '1.0.1-alpha', 'affected'],
    ['crates.io', { patched: ['> 1.2.3'], unaffected: ['<= 1.0.0'] }, '1.2.3', 'affected'],
    ['crates.io', { patched: ['>= 0.0.0-0'], unaffected: [] }, '1.0.0', 'not'],
    ['crates.io', { patched: ['soon'], unaffected: [] }, '1.0.0', 'undecided'],
    ['RubyGems', ruby, '5.2.0', 'not'],
    ['RubyGems', ruby, '6.0.4', 'affected'],
    ['RubyGems', ruby, '6.0.4.1', 'not'],
    ['RubyGems', ruby, '6.0.9', 'not'],
    ['RubyGems', ruby, '6.1.0.rc1', 'affected'],
    ['RubyGems', ruby, '6.1.4', 'affected'],
    ['RubyGems', ruby, '7.0', 'not'],
    ['RubyGems', { patched_versions: ['~> next'], unaffected_versions: [] }, '1.0', 'undecided'],
    ['RubyGems', { patched_versions: '1' }, '1.0', 'undecided'],
    ['Packagist', php, '0.9', 'not'],
    ['Packagist', php, 'v1.2.2', 'affected'],
    ['Packagist', php, '1.2.3', 'not'],
    ['Packagist', php, '1.2.3-RC1', 'not'],
    ['Packagist', php, '2.0.0-beta1', 'affected'],
    ['Packagist', php, '2.1.0', 'not'],
    ['Packagist', php, 'dev-main', 'undecided'],
    ['Packagist', { branches: { '1.x': { versions: ['soon'] } } }, '1.0', 'undecided'],
    ['Packagist', { branches: {} }, '1.0', 'undecided'],
    ['Packagist', { branches: { '1.x': { versions: ['<1'] }, '2.x': {} } }, '0.1', 'undecided'],
    ['npm', npm, '2.0.4', 'affected'],
    ['npm', npm, '2.0.5', 'not'],
    ['npm', npm, '3.0.9', 'affected'],
    ['npm', { vulnerable_versions: '*' }, '1.0.0', 'affected'],
    ['npm', { vulnerable_versions: '2.0.x || 2.1.x' }, '2.1.7', 'affected'],
    ['npm', { range: '> 5.13.15, < 6.4.6' }, '5.13.15', 'not'],
    ['npm', { range: '> 5.13.15, < 6.4.6' }, '5.13.16-rc.1', 'affected'],
    ['npm', { vulnerable_versions: 'all of them' }, '1.0.0', 'undecided'],
    ['npm', { vulnerable_versions: null }, '1.0.0', 'undecided'],
    ['PyPI', { vulnerable_versions: '*' }, '1.0', 'undecided'],
  ])('%s %j: %s is %s', (ecosystem, specific, version, expected) => {
    expect(ask(ecosystem, specific, version)).toBe(expected);
  });

  it('call a fix by the version that is published', () => {
    const specific = { branches: { '1.x': { versions: ['>=1.0', '<1.2'] } } };
    const affected = [{ package: { ecosystem: 'Packagist', name: 'P/Q' }, database_specific: specific }];
    const subject = { ecosystem: 'Packagist', name: 'p/q', version: 'v1.1.0' };
    expect(affects(parseOsv({ id: 'X-1', affected }), subject)).toEqual({ advisory: 'X-1', fixedIn: '1.2' });
  });

  it('name the fix where the database names it', () => {
    const specific = { vulnerable_versions: '<=1.5.1', patched_versions: '>=1.5.2' };
    const record = {
      id: 'X-1',
      affected: [{ package: { ecosystem: 'npm', name: 'p' }, database_specific: specific }],
    };
    expect(affects(parseOsv(record), { ecosystem: 'npm', name: 'p', version: '1.5.0' })).toEqual({
      advisory: 'X-1',
      fixedIn: '1.5.2',
    });
  });

  it.each(['^'.repeat(5000), '>=1 '.repeat(2000), '1'.repeat(600), '>='.repeat(300), ' '.repeat(4000)])(
    'are not read where nobody would write them so',
    (text) => {
      for (const ecosystem of ['npm', 'crates.io', 'RubyGems', 'Packagist']) {
        const specific = { vulnerable_versions: text, patched: [text], unaffected: [] };
        expect(() => readNativeRanges(ecosystem, specific)).not.toThrow();
      }
    },
  );
});

/** Affected entries of a data set, with the versions that its ranges mention and their neighbours. */
function entriesOf(
  file: string,
  ecosystem: string,
): ReadonlyArray<{ specific: Specific; versions: readonly string[] }> {
  const text = gunzipSync(readFileSync(join(data!, 'osv', file))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap(
      (line) =>
        (
          JSON.parse(line) as {
            affected: readonly { package: { ecosystem: string }; database_specific: Specific }[];
          }
        ).affected,
    )
    .filter((one) => one.package.ecosystem === ecosystem)
    .map(({ database_specific: specific }) => ({
      specific,
      versions: neighbours(JSON.stringify({ ...specific, time: '' })),
    }));
}

function neighbours(text: string): readonly string[] {
  const mentioned =
    text.match(/(?<![0-9A-Za-z.:-])[0-9]+(?:\.[0-9]+)*(?:[-.]?[A-Za-z][0-9A-Za-z.]*)?(?![0-9A-Za-z:-])/g) ??
    [];
  const all = mentioned.flatMap((version) => {
    const numbers = version.match(/^[0-9.]+[0-9]|^[0-9]/)?.[0].split('.') ?? [];
    const last = Number(numbers.at(-1));
    const before = [...numbers.slice(0, -1), String(Math.max(0, last - 1))].join('.');
    const after = [...numbers.slice(0, -1), String(last + 1)].join('.');
    return [version, before, after, `${Number(numbers[0]) + 1}.0.0`];
  });
  return [...new Set(['0.0.1', ...all])];
}

describe.skipIf(data === undefined)('against the tools of the ecosystems, on all records', () => {
  it('npm: as node-semver', () => {
    let asked = 0;
    const wrong: unknown[] = [];
    for (const [file, key] of [
      ['npm-nswg.jsonl.gz', 'vulnerable_versions'],
      ['npm-ghsa-sample.jsonl.gz', 'range'],
    ] as const) {
      for (const { specific, versions } of entriesOf(file, 'npm')) {
        const range = String(specific[key]).replaceAll(',', ' ');
        for (const version of versions.flatMap((one) => [one, `${one}-beta.1`])) {
          if (semver.valid(version) === null) continue;
          asked += 1;
          const theirs = semver.satisfies(version, range, { loose: true, includePrerelease: true });
          if (ask('npm', specific, version) !== (theirs ? 'affected' : 'not'))
            wrong.push([range, version, theirs]);
        }
      }
    }
    expect(asked).toBeGreaterThan(3000);
    expect(wrong).toEqual([]);
  });

  it.skipIf(!hasRuby)('RubyGems: as Gem::Requirement', () => {
    const questions = entriesOf('rubygems.jsonl.gz', 'RubyGems').flatMap(({ specific, versions }) =>
      versions.flatMap((one) => [one, `${one}.rc1`]).map((version) => ({ specific, version })),
    );
    const script = `require 'json'
      JSON.parse(STDIN.read).each do |q|
        v = Gem::Version.new(q['version']) rescue (puts 'invalid'; next)
        safe = (q['specific']['patched_versions'] + q['specific']['unaffected_versions']).any? { |r|
          Gem::Requirement.new(*r.split(',').map(&:strip)).satisfied_by?(v) }
        puts safe ? 'not' : 'affected'
      end`;
    const answers = execFileSync('ruby', ['-e', script], {
      input: JSON.stringify(questions),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    });
    const wrong = answers
      .trim()
      .split('\n')
      .flatMap((theirs, at) => {
        const { specific, version } = questions[at]!;
        const ours = ask('RubyGems', specific, version);
        return theirs === 'invalid' || ours === theirs
          ? []
          : [[JSON.stringify(specific), version, ours, theirs]];
      });
    expect(questions.length).toBeGreaterThan(10_000);
    expect(wrong).toEqual([]);
  });

  it.skipIf(!hasComposer)('Packagist: as composer', () => {
    const questions = entriesOf('packagist.jsonl.gz', 'Packagist').flatMap(({ specific, versions }) =>
      versions.flatMap((one) => [one, `${one}-RC1`]).map((version) => ({ specific, version })),
    );
    const script = `${composerStart}
      $p = new Composer\\Semver\\VersionParser();
      foreach (json_decode(stream_get_contents(STDIN), true) as $q) {
        try { $v = new Composer\\Semver\\Constraint\\Constraint('==', $p->normalize($q['version'])); }
        catch (UnexpectedValueException $e) { echo "invalid\\n"; continue; }
        $hit = false;
        foreach ($q['specific']['branches'] as $b)
          $hit = $hit || $p->parseConstraints(implode(',', $b['versions']))->matches($v);
        echo $hit ? "affected\\n" : "not\\n";
      }`;
    const answers = execFileSync('php', ['-d', 'memory_limit=2G', '-r', script], {
      input: JSON.stringify(questions),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    });
    const wrong = answers
      .trim()
      .split('\n')
      .flatMap((theirs, at) => {
        const { specific, version } = questions[at]!;
        const ours = ask('Packagist', specific, version);
        return theirs === 'invalid' || ours === theirs
          ? []
          : [[JSON.stringify(specific), version, ours, theirs]];
      });
    expect(questions.length).toBeGreaterThan(10_000);
    expect(wrong).toEqual([]);
  });

  it('every record of these databases can be read', () => {
    const unread = [
      ['rustsec.jsonl.gz', 'crates.io'],
      ['rustsec.jsonl.gz', 'rust-std'],
      ['rubygems.jsonl.gz', 'RubyGems'],
      ['rubygems.jsonl.gz', 'ruby-engine'],
      ['packagist.jsonl.gz', 'Packagist'],
      ['npm-nswg.jsonl.gz', 'npm'],
      ['npm-ghsa-sample.jsonl.gz', 'npm'],
    ].flatMap(([file = '', ecosystem = '']) =>
      entriesOf(file, ecosystem)
        .filter(({ specific }) => readNativeRanges(ecosystem, specific) === undefined)
        .map(({ specific }) => `${ecosystem} ${JSON.stringify(specific)}`),
    );
    expect(unread).toEqual([]);
  });
});

describe('against node-semver, on ranges that nobody wrote', () => {
  const version = fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '', '-0', '-beta.1', '-rc'))
    .map(([a, b, c, rest]) => `${a}.${b}.${c}${rest}`);
  const partial = fc.oneof(version, fc.constantFrom('1', '1.2', '2.x', '1.2.x', '*', 'v1.1.0', '0', '0.1'));
  const comparator = fc
    .tuple(fc.constantFrom('', '=', '>', '>=', '<', '<=', '~'), partial)
    .map((all) => all.join(''));
  const range = fc
    .array(
      fc.array(comparator, { minLength: 1, maxLength: 3 }).map((all) => all.join(' ')),
      { minLength: 1, maxLength: 3 },
    )
    .map((all) => all.join(' || '));

  it('says the same', () => {
    fc.assert(
      fc.property(range, version, (text, one) => {
        const theirs = semver.satisfies(one, text, { loose: true, includePrerelease: true });
        expect(ask('npm', { vulnerable_versions: text }, one)).toBe(theirs ? 'affected' : 'not');
      }),
      { numRuns: 5000 },
    );
  });
});

describe('against the tools of Ruby and PHP, on ranges that nobody wrote', () => {
  const numbers = fc
    .array(fc.constantFrom('0', '1', '2', '3'), { minLength: 1, maxLength: 4 })
    .map((all) => all.join('.'));
  const suffixed = (suffixes: readonly string[]) =>
    fc.tuple(numbers, fc.constantFrom('', '', ...suffixes)).map((all) => all.join(''));
  const list = (one: fc.Arbitrary<string>, between: string) =>
    fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.join(between));
  const answersOf = (program: string, args: readonly string[], questions: unknown): readonly string[] =>
    execFileSync(program, args, { input: JSON.stringify(questions), encoding: 'utf8' })
      .trim()
      .split('\n');

  it.skipIf(!hasRuby)('Gem::Requirement says the same', () => {
    const version = suffixed(['.rc1', '.a', '-1', '.beta.2']);
    const operator = fc.constantFrom('', '= ', '!= ', '> ', '>= ', '< ', '<= ', '~> ');
    const requirement = list(
      fc.tuple(operator, version).map((all) => all.join('')),
      ', ',
    );
    const questions = fc.sample(fc.tuple(requirement, version), { numRuns: 4000, seed: 11 });
    const script = `require 'json'
      JSON.parse(STDIN.read).each { |r, v|
        puts Gem::Requirement.new(*r.split(',').map(&:strip)).satisfied_by?(Gem::Version.new(v)) ? 'not' : 'affected' }`;
    const theirs = answersOf('ruby', ['-e', script], questions);
    const wrong = questions.flatMap(([range, one], at) => {
      const ours = ask('RubyGems', { patched_versions: [range], unaffected_versions: [] }, one);
      return ours === theirs[at] ? [] : [[range, one, ours, theirs[at]]];
    });
    expect(wrong).toEqual([]);
    expect(theirs.filter((answer) => answer === 'affected').length).toBeGreaterThan(500);
    expect(theirs.filter((answer) => answer === 'not').length).toBeGreaterThan(500);
  });

  it.skipIf(!hasComposer)('composer says the same', () => {
    const version = suffixed(['-beta1', '-RC2', '-p1', '-dev', '-alpha']);
    const operator = fc.constantFrom('', '=', '!=', '>', '>=', '<', '<=', '^', '~');
    const simple = fc.oneof(
      fc.tuple(operator, version).map((all) => all.join('')),
      fc.constantFrom('*', '1.*', '1.2.*', '2.x', 'v1.2.x', '1.0 - 2.0', '1.0.0 - 2.1.0', '1.2 - 2'),
    );
    const range = list(
      fc.oneof(
        simple,
        list(
          simple.filter((one) => !one.includes(' - ')),
          ',',
        ),
      ),
      ' || ',
    );
    const questions = fc.sample(fc.tuple(range, version), { numRuns: 4000, seed: 11 });
    const script = `${composerStart}
      $p = new Composer\\Semver\\VersionParser();
      foreach (json_decode(stream_get_contents(STDIN), true) as [$r, $v]) {
        $c = new Composer\\Semver\\Constraint\\Constraint('==', $p->normalize($v));
        try { echo $p->parseConstraints($r)->matches($c) ? "affected\\n" : "not\\n"; }
        catch (UnexpectedValueException $e) { echo "refused\\n"; }
      }`;
    const theirs = answersOf('php', ['-r', script], questions);
    const wrong = questions.flatMap(([text, one], at) => {
      const ours = ask('Packagist', { branches: { all: { versions: text } } }, one);
      return theirs[at] === 'refused' || ours === theirs[at] ? [] : [[text, one, ours, theirs[at]]];
    });
    expect(wrong).toEqual([]);
    expect(theirs.filter((answer) => answer === 'affected').length).toBeGreaterThan(500);
    expect(theirs.filter((answer) => answer === 'not').length).toBeGreaterThan(500);
  });
});
