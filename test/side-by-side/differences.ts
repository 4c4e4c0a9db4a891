import { execFileSync } from 'node:child_process';
import { output } from '../requirements.ts';
import type { OsvAffected, OsvRecord } from './records.ts';

/** What one program says and the other does not. */
export interface Difference {
  readonly image: string;
  readonly by: 'Wharfinger' | 'Trivy';
  readonly what: 'package' | 'finding';
  readonly type: string;
  readonly name: string;
  readonly version: string;
  /** the file of a package */
  readonly path: string;
  /** the record that a finding rests on, and what it says of the package */
  readonly record?: OsvRecord;
  readonly affected: readonly OsvAffected[];
  /** true for what Wharfinger says that it cannot tell */
  readonly isUndecided: boolean;
}

/** A kind of difference that is known, who is right, and why. */
export interface Judgement {
  readonly right: 'Wharfinger' | 'Trivy' | 'unclear';
  readonly because: string;
  /** the command, or the words of the advisory, that show it, as a sentence */
  readonly shownBy: string;
  readonly by: Difference['by'];
  readonly what: Difference['what'];
  /** true for differences of this kind, established by that command or those words */
  readonly holds: (difference: Difference, truth: ReadonlySet<string>) => boolean;
}

const ends = (affected: readonly OsvAffected[]) =>
  affected.flatMap(({ ranges = [] }) => ranges.flatMap(({ events }) => events));

const fixesIn = (affected: readonly OsvAffected[]) => ends(affected).flatMap(({ fixed }) => fixed ?? []);

/** Order of two versions, asked of rpm itself. */
function rpmIsBefore(a: string, b: string): boolean {
  const script = `%{lua:print(rpm.vercmp(${JSON.stringify(a)}, ${JSON.stringify(b)}))}`;
  return output('rpm', ['--eval', script]).trim() === '-1';
}

/** Order of two versions, asked of the library of Python that pip uses; undefined where it takes one for no version. */
function pythonOrder(a: string, b: string): string | undefined {
  const script =
    'import sys\nfrom pip._vendor.packaging.version import Version as V\na, b = map(V, sys.argv[1:])\nprint((a > b) - (a < b))';
  try {
    const answer = execFileSync('python3', ['-c', script, a, b], { stdio: ['ignore', 'pipe', 'ignore'] });
    return answer.toString().trim();
  } catch {
    return undefined;
  }
}

/** The kinds of differences that are known. One that none of them holds for fails the test; so does one that holds for none. */
export const judgements: readonly Judgement[] = [
  {
    right: 'Wharfinger',
    because:
      'Archives of Java without the record that Maven leaves in them are named by their manifest and their name. Trivy knows those that its own database has by digest, and no other.',
    shownBy: 'Debian has the very same bytes under this name and version in `/usr/share/maven-repo`.',
    by: 'Wharfinger',
    what: 'package',
    holds: ({ type, name, version }, truth) => type === 'maven' && truth.has(`${name} ${version}`),
  },
  {
    right: 'unclear',
    because:
      'An archive that its publisher has as a variant of `com.google.inject:guice` (classifier `no_aop`) is named as if it were one of the extensions of Guice; Trivy does not name it.',
    shownBy: 'Debian has it in `/usr/share/maven-repo` as `guice-4.2.3-no_aop.jar`.',
    by: 'Wharfinger',
    what: 'package',
    holds: ({ name }) => name === 'com.google.inject.extensions:guice-no-aop',
  },
  {
    right: 'Wharfinger',
    because:
      'Trivy lists the program itself among its modules, without a version. No advisory can be about that.',
    shownBy: '`go version -m` says `mod example.test/app (devel)`.',
    by: 'Trivy',
    what: 'package',
    holds: ({ type, name, version }, truth) => type === 'golang' && version === '' && !truth.has(name),
  },
  {
    right: 'Wharfinger',
    because:
      'Trivy lists the program itself among the packages that it depends on. It was built here, and comes from no registry.',
    shownBy: 'Its `app.deps.json` says `"type":"project"`; packages have `"type":"package"`.',
    by: 'Trivy',
    what: 'package',
    holds: ({ type, name, version }) => type === 'nuget' && name === 'app' && version === '1.0.0',
  },
  {
    right: 'Wharfinger',
    because:
      'Nothing mends the flaw: every version is affected. Trivy compares with `>=0`, which leaves out versions with a part for pre-releases, and so all modules that were never released (`v0.0.0-…`).',
    shownBy: 'The record says `"events":[{"introduced":"0"}]`, and no more.',
    by: 'Wharfinger',
    what: 'finding',
    holds: ({ type, version, affected, isUndecided }) =>
      type === 'golang' &&
      version.startsWith('v0.0.0-') &&
      !isUndecided &&
      ends(affected).length > 0 &&
      ends(affected).every(({ introduced }) => introduced === '0'),
  },
  {
    right: 'Wharfinger',
    because:
      'The package was built in a module stream, in a version below the fixed one, which is of a module too. The record does not say of which stream, so that Trivy, which needs one, does not find it.',
    shownBy: '`rpm --eval` with `rpm.vercmp` has the installed version before the fixed one.',
    by: 'Wharfinger',
    what: 'finding',
    holds: ({ type, version, record, affected }) =>
      type === 'rpm' &&
      version.includes('.module_el') &&
      !/\w:\w/.test(record?.summary ?? '') &&
      fixesIn(affected).every((fixed) => fixed.includes('.module_el') && rpmIsBefore(version, fixed)),
  },
  {
    right: 'Wharfinger',
    because:
      'The fixed version is a pre-release, spelled as `3.0.0-beta0`, which PEP 440 takes for `3.0.0b0`. Trivy reads it as something else.',
    shownBy: '`packaging.version` of Python has the installed version before it.',
    by: 'Wharfinger',
    what: 'finding',
    holds: ({ type, version, affected, isUndecided }) =>
      type === 'pypi' &&
      !isUndecided &&
      fixesIn(affected).length > 0 &&
      fixesIn(affected).every((fixed) => pythonOrder(version, fixed) === '-1'),
  },
  {
    right: 'Wharfinger',
    because:
      'The record ends with a version that is none by PEP 440, such as `2.7.1-NA`: Wharfinger reads how it begins. Trivy gives up on the whole record.',
    shownBy:
      '`packaging.version` of Python does not read the end, and has the installed version before, or at, the numbers that it begins with.',
    by: 'Wharfinger',
    what: 'finding',
    holds: ({ type, version, affected, isUndecided }) => {
      const last = ends(affected).flatMap((one) => one.last_affected ?? []);
      return (
        type === 'pypi' &&
        !isUndecided &&
        last.some((one) => {
          const numbers = /^[0-9]+(?:\.[0-9]+)*/.exec(one)?.[0] ?? '';
          return (
            pythonOrder(version, one) === undefined &&
            ['-1', '0'].includes(pythonOrder(version, numbers) ?? '')
          );
        })
      );
    },
  },
  {
    right: 'unclear',
    because:
      'The record is about the package and names no versions. Wharfinger reports it as undecided; Trivy takes the package for clean.',
    shownBy: 'The record has neither ranges nor versions.',
    by: 'Wharfinger',
    what: 'finding',
    holds: ({ affected, isUndecided }) =>
      isUndecided &&
      affected.every(({ ranges = [], versions = [] }) => ranges.length + versions.length === 0),
  },
];
