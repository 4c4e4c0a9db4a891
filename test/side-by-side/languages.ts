import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { output } from '../requirements.ts';
import type { OsvRecord } from './records.ts';
import { fixesOf, olderVersion } from './set-back.ts';

/** Makes files of one ecosystem below a folder that stands for the root of an image. */
type Maker = (root: string, records: readonly OsvRecord[]) => void;

const repository = join(import.meta.dirname, '../..');

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** The packages that an ecosystem's records tell most of, each in an older version. */
function mostAdvised(records: readonly OsvRecord[], ecosystem: string, count: number) {
  const fixes = fixesOf(records, ecosystem);
  return [...fixes]
    .toSorted(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    .flatMap(([name]) => {
      const version = olderVersion(fixes, name);
      return version === undefined ? [] : [{ name, version }];
    })
    .slice(0, count);
}

/** Packages that this product is made of, of which the root of each is taken. */
const own =
  'ajv canonicalize croner fastify kysely lru-cache packageurl-js pg pino semver undici yaml yauzl zod'.split(
    ' ',
  );

/** Our own packages as npm installed them, and those that records are about in the versions that these name first. */
const node: Maker = (root, records) => {
  const app = join(root, 'srv/app');
  for (const name of own) {
    const path = join('node_modules', name, 'package.json');
    write(join(app, path), readFileSync(join(repository, path)));
  }
  const all = (names: Iterable<string>) => Object.fromEntries([...names].map((name) => [name, '*']));
  write(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, dependencies: all(own) }));
  const older = new Map(mostAdvised(records, 'npm', 1000).map(({ name, version }) => [name, version]));
  for (const { affected = [] } of records) {
    for (const { package: about, database_specific: words } of affected) {
      const constraint = words?.['vulnerable_versions'];
      if (about.ecosystem !== 'npm' || typeof constraint !== 'string' || older.has(about.name)) continue;
      const last = /<=\s*(\d+\.\d+\.\d+)/.exec(constraint)?.[1];
      const first = /^<\s*(\d+\.\d+\.)[1-9]/.exec(constraint)?.[1];
      if (last !== undefined) older.set(about.name, last);
      else if (first !== undefined) older.set(about.name, `${first}0`);
    }
  }
  for (const [name, version] of older) {
    write(join(root, 'srv/older/node_modules', name, 'package.json'), JSON.stringify({ name, version }));
  }
  const dependencies = all(older.keys());
  write(join(root, 'srv/older/package.json'), JSON.stringify({ name: 'older', private: true, dependencies }));
};

const python: Maker = (root, records) => {
  const target = join(root, 'opt/venv/lib/python3.11/site-packages');
  const wheels = join(root, '../wheels');
  const chosen = mostAdvised(records, 'PyPI', 60).filter(
    ({ version }) => /^[\w.]+$/.test(version) && !/\.0\d/.test(version),
  );
  const code = `import json, sys, zipfile
for one in json.load(sys.stdin):
  name = one['name'].replace('-', '_')
  info = name + '-' + one['version'] + '.dist-info'
  with zipfile.ZipFile(sys.argv[1] + '/' + name + '-' + one['version'] + '-py3-none-any.whl', 'w') as z:
    z.writestr(name.replace('.', '_') + '/__init__.py', '')
    z.writestr(info + '/METADATA', 'Metadata-Version: 2.1\\nName: ' + one['name'] + '\\nVersion: ' + one['version'] + '\\n')
    z.writestr(info + '/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(info + '/RECORD', '')
`;
  mkdirSync(wheels, { recursive: true });
  execFileSync('python3', ['-c', code, wheels], { input: JSON.stringify(chosen) });
  const pip = ['-m', 'pip', 'install', '--no-index', '--no-deps', '--quiet', '--target', target];
  execFileSync('python3', [...pip, ...globSync(`${wheels}/*.whl`)], { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Programs that go built, and one that it builds of older modules, whose packages are empty. */
const go: Maker = (root, records) => {
  for (const tool of ['crane', 'oras', 'regctl']) {
    const target = join(root, 'usr/local/bin', tool);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(output('sh', ['-c', `command -v ${tool}`]).trim(), target);
  }
  const folder = join(root, '../go');
  const modules = mostAdvised(records, 'Go', 80)
    .filter(({ name }) => name.includes('.') && !name.startsWith('gopkg.in/'))
    .map(({ name, version }) => ({ name, version: `v${version}` }))
    .filter(({ name, version }) => {
      const major = Number(/^v(\d+)/.exec(version)![1]);
      return major < 2 ? !/\/v\d+$/.test(name) : name.endsWith(`/v${major}`);
    });
  const text = modules.map(({ name, version }) => `\t${name} ${version}\n`).join('');
  write(join(folder, 'go.mod'), `module example.test/app\n\ngo 1.19\n\nrequire (\n${text})\n`);
  const listed = modules.map(
    ({ name, version }) => `# ${name} ${version}\n## explicit; go 1.19\n${name}/stub\n`,
  );
  write(join(folder, 'vendor/modules.txt'), listed.join(''));
  for (const { name } of modules) write(join(folder, 'vendor', name, 'stub/stub.go'), 'package stub\n');
  const imports = modules.map(({ name }) => `\t_ ${JSON.stringify(`${name}/stub`)}\n`).join('');
  write(join(folder, 'main.go'), `package main\n\nimport (\n${imports})\n\nfunc main() {}\n`);
  const target = join(root, 'usr/local/bin/older');
  execFileSync('go', ['build', '-mod=vendor', '-o', target, '.'], {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local', GOPROXY: 'off', CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
};

/** Archives that Debian's packages bring, outside of the places that these own. */
const java: Maker = (root) => {
  const archives = globSync('/usr/share/java/{commons-lang3,guava,guice,maven}*.jar');
  for (const path of new Set(archives.map((one) => realpathSync(one)))) {
    const target = join(root, 'opt/java', path.split('/').at(-1)!);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  }
};

/** Specifications that Debian's packages bring, outside of the places that these own, and older ones. */
const ruby: Maker = (root, records) => {
  const folder = join(root, 'opt/ruby/lib/ruby/gems/3.1.0/specifications');
  for (const path of globSync(
    '/usr/share/rubygems-integration/*/specifications/{rake,webrick,xmlrpc,nokogiri}-*.gemspec',
  )) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(path, join(folder, path.split('/').at(-1)!));
  }
  const patched = new Map<string, string>();
  for (const { affected = [] } of records) {
    for (const { package: about, database_specific: words } of affected) {
      const first = (words?.['patched_versions'] as readonly string[] | undefined)?.[0];
      const version = /^(?:~>|>=)\s*(\d+(?:\.\d+)+)$/.exec(first ?? '')?.[1];
      if (about.ecosystem === 'RubyGems' && version !== undefined) patched.set(about.name, version);
    }
  }
  for (const name of ['rack', 'nokogiri', 'puma', 'loofah', 'rails', 'actionpack', 'oj', 'mail', 'jwt']) {
    const version = patched.get(name);
    if (version === undefined) continue;
    const lines = [`# stub: ${name} ${version} ruby lib`, ''];
    const body = ['Gem::Specification.new do |s|', `  s.name = "${name}"`, `  s.version = "${version}"`];
    const end = ['  s.authors = ["x"]', '  s.summary = "x"', '  s.files = []', 'end', ''];
    write(join(folder, `${name}-${version}.gemspec`), [...lines, ...body, ...end].join('\n'));
  }
};

/** What composer writes when it installs packages of these names and versions from folders beside. */
const php: Maker = (root) => {
  const packages = {
    'twig/twig': 'v2.4.4',
    'symfony/http-foundation': 'v4.4.6',
    'guzzlehttp/guzzle': '6.5.0',
  };
  const sources = join(root, '../composer');
  for (const [name, version] of Object.entries(packages)) {
    write(join(sources, name, 'composer.json'), JSON.stringify({ name, version, license: 'MIT' }));
  }
  const app = join(root, 'srv/php');
  const folders = Object.keys(packages).map((name) => ({
    type: 'path',
    url: join(sources, name),
    options: { symlink: false },
  }));
  const repositories = [{ 'packagist.org': false }, ...folders];
  write(join(app, 'composer.json'), JSON.stringify({ name: 'acme/app', require: packages, repositories }));
  execFileSync('composer', ['--no-interaction', '--no-plugins', '--working-dir', app, 'install'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      COMPOSER_ALLOW_SUPERUSER: '1',
      COMPOSER_HOME: sources,
      COMPOSER_DISABLE_NETWORK: '1',
    },
  });
};

/** A program with the section that cargo-auditable adds. */
const rust: Maker = (root, records) => {
  const chosen = ['hyper', 'openssl', 'smallvec', 'tokio', 'h2', 'tar', 'serde', 'libc'];
  const patched = new Map<string, string>();
  for (const { affected = [] } of records) {
    for (const { package: about, database_specific: words } of affected) {
      const first = (words?.['patched'] as readonly string[] | undefined)?.[0];
      const version = /(\d+\.\d+\.\d+)$/.exec(first ?? '')?.[1];
      if (about.ecosystem === 'crates.io' && version !== undefined && !patched.has(about.name))
        patched.set(about.name, version);
    }
  }
  const packages = [
    { name: 'app', version: '0.1.0', source: 'local', root: true },
    ...chosen.map((name) => ({ name, version: patched.get(name) ?? '1.0.0', source: 'crates.io' })),
  ];
  const section = join(root, '../section');
  write(section, deflateSync(JSON.stringify({ packages })));
  const binary = join(root, 'usr/local/bin/rusty');
  write(binary, readFileSync(realpathSync('/bin/ls')));
  execFileSync('objcopy', ['--add-section', `.dep-v0=${section}`, binary]);
  execFileSync('chmod', ['755', binary]);
};

const dotnet: Maker = (root) => {
  const library = (type: string) => ({ type, serviceable: true, sha512: 'sha512-x', path: 'x' });
  const brings = (file: string) => ({ runtime: { [file]: {} } });
  const target = {
    'app/1.0.0': brings('app.dll'),
    'Newtonsoft.Json/12.0.3': brings('lib/netstandard2.0/Newtonsoft.Json.dll'),
    'System.Text.Json/6.0.0': brings('lib/net6.0/System.Text.Json.dll'),
  };
  const content = {
    runtimeTarget: { name: '.NETCoreApp,Version=v6.0', signature: '' },
    targets: { '.NETCoreApp,Version=v6.0': target },
    libraries: {
      'app/1.0.0': library('project'),
      'Newtonsoft.Json/12.0.3': library('package'),
      'System.Text.Json/6.0.0': library('package'),
    },
  };
  write(join(root, 'app/app.deps.json'), JSON.stringify(content));
};

const makers = [node, python, go, java, ruby, php, rust, dotnet];

/** Programs that the files of `languages` are made with. */
export const toolsOfLanguages = 'npm python3 go crane oras regctl composer php ruby objcopy tar'.split(' ');

/** A layer with packages of the eight ecosystems of languages, of which each was made by its own tools where there are such here. */
export function languages(
  folder: string,
  records: readonly OsvRecord[],
): { readonly root: string; readonly layer: Buffer } {
  const root = join(folder, 'root');
  for (const make of makers) make(root, records);
  const layer = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1 << 30 });
  return { root, layer };
}
