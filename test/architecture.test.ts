import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findViolations, type Declared, type Workspaces } from './architecture/rules.ts';
import { readProject, sourceFile } from './architecture/source-file.ts';
import { findUnusedExports } from './architecture/unused-exports.ts';

const root = join(import.meta.dirname, '..');

function declaredIn(folder: string): Declared {
  const file: Partial<Record<'dependencies' | 'devDependencies', Record<string, string>>> = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  return {
    dependencies: new Set(Object.keys(file.dependencies ?? {})),
    devDependencies: new Set(Object.keys(file.devDependencies ?? {})),
  };
}

const workspaces: Workspaces = {
  root: declaredIn('.'),
  lib: declaredIn('lib'),
  server: declaredIn('server'),
  web: declaredIn('web'),
};

/** What the rules say of one file with this text at this path. */
function judge(path: string, text: string): string[] {
  return findViolations([sourceFile(path, text)], workspaces).map((violation) => violation.what);
}

describe('the architecture', () => {
  const files = readProject(root);

  it('is read whole: all workspaces, and imports in most files', () => {
    const sources = files.filter((file) => /^(lib|server)\/src\/.*\.ts$/.test(file.path));
    expect(sources.length).toBeGreaterThan(200);
    const importing = sources.filter((file) => file.imports.length > 0);
    expect(importing.length).toBeGreaterThan(sources.length * 0.7);
    expect(files.some((file) => file.path === '.ci/run')).toBe(true);
    expect(files.some((file) => file.path === 'package.json')).toBe(true);
  });

  it('is kept by every file', () => {
    expect(findViolations(files, workspaces)).toEqual([]);
  });

  it('has nothing exported that no other file imports', () => {
    expect(findUnusedExports(files)).toEqual([]);
  });
});

describe('a violation is found', () => {
  const planted: ReadonlyArray<readonly [name: string, path: string, text: string, what: RegExp]> = [
    [
      'the library on the server',
      'lib/src/oci/a.ts',
      "import { a } from '../../../server/src/app.ts';",
      /outside/,
    ],
    ['oci on storage', 'lib/src/oci/a.ts', "import { a } from '../storage/b.ts';", /oci imports/],
    ['a type import', 'lib/src/oci/a.ts', "import type { a } from '../storage/b.ts';", /oci imports/],
    ['a re-export', 'lib/src/oci/a.ts', "export * from '../storage/b.ts';", /oci imports/],
    [
      'an import over several lines',
      'lib/src/oci/a.ts',
      "import {\n  a,\n  b,\n} from '../storage/b.ts';",
      /oci imports/,
    ],
    [
      'a dynamic import',
      'lib/src/storage/a.ts',
      "const a = await import('../catalog/b.ts');",
      /storage imports/,
    ],
    ['a bare import', 'lib/src/storage/a.ts', "import '../catalog/b.ts';", /storage imports/],
    [
      'an import by the name of the package',
      'lib/src/signing/a.ts',
      "import { a } from '@wharfinger/lib/inspect/b';",
      /signing imports/,
    ],
    [
      'storage on registry',
      'lib/src/storage/a.ts',
      "import { a } from '../registry/b.ts';",
      /storage imports/,
    ],
    ['client on registry', 'lib/src/client/a.ts', "import { a } from '../registry/b.ts';", /client imports/],
    ['inspect on advisories', 'lib/src/inspect/a.ts', "import { a } from '../advisories/b.ts';", /inspect/],
    ['signing on custody', 'lib/src/signing/a.ts', "import { a } from '../custody/b.ts';", /signing imports/],
    [
      'routines on advisories',
      'lib/src/routines/a.ts',
      "import { a } from '../advisories/b.ts';",
      /routines/,
    ],
    ['routines on evidence', 'lib/src/routines/a.ts', "import { a } from '../signing/b.ts';", /routines/],
    ['a room on assess', 'lib/src/client/a.ts', "import { a } from '../assess/b.ts';", /client imports/],
    ['a room that is not planned', 'lib/src/helpers/a.ts', '', /no room/],
    ['a driver in a feature', 'server/src/jobs/a.ts', "import pg from 'pg';", /driver pg/],
    ['a driver by subpath', 'server/src/api/a.ts', "import a from 'better-sqlite3/build/a.js';", /driver/],
    [
      'an object store in the library',
      'lib/src/storage/s3.ts',
      "import { a } from '@aws-sdk/client-s3';",
      /driver/,
    ],
    ['queries in a route', 'server/src/api/a.ts', "import { sql } from 'kysely';", /kysely/],
    ['a package of the server in the library', 'lib/src/oci/a.ts', "import a from 'pino';", /not declare/],
    ['an undeclared package', 'server/src/app.ts', "import a from 'left-pad';", /left-pad/],
    ['a tool in the product', 'server/src/app.ts', "import { it } from 'vitest';", /vitest/],
    ['an undeclared package in a test', 'test/a/b.test.ts', "import a from 'left-pad';", /left-pad/],
    ['values in the console', 'web/src/a.ts', "import { a } from '../../server/src/api/b.ts';", /console/],
    [
      'types of other rooms in the console',
      'web/src/a.ts',
      "import type { a } from '../../lib/src/oci/b.ts';",
      /console/,
    ],
    ['the environment in the library', 'lib/src/oci/a.ts', 'const a = process.env.HOME;', /environment/],
    ['the clock in the library', 'lib/src/oci/a.ts', 'const a = Date.now();', /clock/],
    ['the clock as a date', 'lib/src/oci/a.ts', 'const a = new Date();', /clock/],
    ['the clock passed on', 'lib/src/oci/a.ts', 'const a = Date.now;', /clock/],
    [
      'a feature that builds another',
      'server/src/jobs/a.ts',
      "import { Gate } from '../access/gate.ts';\nconst gate = new Gate();",
      /builds Gate/,
    ],
    [
      'a feature that creates another',
      'server/src/jobs/a.ts',
      "import { createGate } from '../access/gate.ts';\ncreateGate();",
      /builds createGate/,
    ],
    ['a file too long', 'lib/src/oci/a.ts', 'a;\n'.repeat(501), /501 lines/],
    ['a test too long', 'lib/src/oci/a.test.ts', 'a;\n'.repeat(501), /501 lines/],
    ['a path of one machine', 'README.md', 'see /work/main', /one machine/],
    ['the shared folder', 'server/src/app.ts', "const a = '../shared/data';", /outside of the repository/],
    ['a package registry', 'docs/a.md', 'from registry.npmjs.org', /package registry/],
    [
      'what follows a string that looks like a comment',
      'lib/src/oci/a.ts',
      "const a = '/*';\nconst b = `${'*'}/* ${Date.now()}`;",
      /clock/,
    ],
    [
      'what follows a regular expression',
      'lib/src/oci/a.ts',
      "const a = /['/*]/;\nconst b = Date.now();",
      /clock/,
    ],
  ];

  it.each(planted)('%s', (_name, path, text, what) => {
    expect(judge(path, text)).toEqual(expect.arrayContaining([expect.stringMatching(what)]));
  });
});

describe('an export that no other file imports', () => {
  const unused = (...files: ReadonlyArray<readonly [path: string, text: string]>) =>
    findUnusedExports(files.map(([path, text]) => sourceFile(path, text))).map(({ what }) => what);
  const used = 'export async function a() {}\nexport const b = 1;\nexport class C {}\nexport type D = 1;';

  it('is found, whatever it is, and though a file of the same name is imported', () => {
    expect(
      unused(['lib/src/oci/x.ts', used], ['lib/src/x.ts', "import { a } from './storage/x.ts';"]),
    ).toEqual([
      'exports a, which no other file imports',
      'exports b, which no other file imports',
      'exports C, which no other file imports',
    ]);
  });

  it.each([
    ['by its name', "import {\n  type D,\n  a,\n  b as other,\n  C,\n} from '../oci/x.ts';"],
    ['by the name of the package', "import { a, b, C } from '@wharfinger/lib/oci/x';"],
    ['as a namespace', "import * as x from '../oci/x.ts';"],
    ['while the program runs', "const { a } = await import('../oci/x.ts');"],
    ['to be passed on', "export { a, b, C } from '../oci/x.ts';"],
  ])('is none if it is imported %s', (_how, text) => {
    expect(unused(['lib/src/oci/x.ts', used], ['lib/src/storage/y.test.ts', text])).toEqual([]);
  });
});

describe('what is allowed passes', () => {
  const allowed: ReadonlyArray<readonly [name: string, path: string, text: string]> = [
    ['errors everywhere', 'lib/src/oci/a.ts', "import { a } from '../errors.ts';"],
    ['registry on catalog', 'lib/src/registry/a.ts', "import { a } from '../catalog/b.ts';"],
    ['patterns in routines', 'lib/src/routines/a.ts', "import { a } from '../oci/repository-pattern.ts';"],
    ['a test on another room', 'lib/src/storage/a.test.ts', "import { a } from '../registry/b.ts';"],
    ['the server on the library', 'server/src/app.ts', "import { a } from '@wharfinger/lib/oci/digest';"],
    ['a driver in its room', 'server/src/db/a.ts', "import pg from 'pg';"],
    ['a given time', 'lib/src/oci/a.ts', 'const a = new Date(b); const c = Date.parse(d); let e: Date;'],
    ['a clock in a comment', 'lib/src/oci/a.ts', '// Date.now() is not for us\n/* process.env neither */'],
    ['the builder', 'server/src/app.ts', "import { createGate } from './access/gate.ts';\ncreateGate();"],
    ['a type of a neighbour', 'server/src/jobs/a.ts', "import type { Gate } from '../access/gate.ts';"],
    ['500 lines', 'lib/src/oci/a.ts', 'a;\n'.repeat(500)],
  ];

  it.each(allowed)('%s', (_name, path, text) => {
    expect(judge(path, text)).toEqual([]);
  });
});
