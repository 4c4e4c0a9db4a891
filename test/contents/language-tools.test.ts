import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { decodePaths } from '@wharfinger/lib/inspect/layer-tree';
import { parsePomProperties } from '@wharfinger/lib/inspect/packages/java-identity';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { readLayer } from '@wharfinger/lib/inspect/layer';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacksTools, output } from '../requirements.ts';

const place = mkdtempSync(join(tmpdir(), 'wharfinger-tools-'));
afterAll(() => rmSync(place, { recursive: true }));

/** A folder, as a layer. */
async function inspect(folder: string): Promise<LayerInventory> {
  const bytes = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1024 ** 3 });
  async function* one(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  return readLayer({ digest: digestOf(bytes), bytes: one() });
}

function packagesIn(layer: LayerInventory, format: string): string[] {
  const records = layer.records.filter((record) => record.kind === 'packages' && record.format === format);
  return records
    .flatMap((record) => (record.kind === 'packages' ? record.packages : []))
    .map(({ name, version, inside }) => `${name} ${version}${inside === undefined ? '' : ` in ${inside}`}`)
    .sort();
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
}

const pythonSkips = lacksTools(['python3', 'tar']);
describe.skipIf(pythonSkips)('packages that pip installed', () => {
  const root = join(place, 'python');
  const target = join(root, 'usr/lib/python3/site-packages');
  let layer: LayerInventory;

  beforeAll(async () => {
    for (const [name, version] of [
      ['Foo_Bar', '1.0rc1'],
      ['plain', '2.0.post3+local'],
    ] as const) {
      const wheel = join(place, 'wheels', `${name}-${version}-py3-none-any.whl`);
      const info = `${name}-${version}.dist-info`;
      const code = `import zipfile
z = zipfile.ZipFile(${JSON.stringify(wheel)}, 'w')
z.writestr('${name}/__init__.py', 'x = 1\\n')
z.writestr('${name}/a, b.txt', 'data')
z.writestr('${info}/METADATA', 'Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\nLicense: MIT\\n')
z.writestr('${info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
z.writestr('${info}/entry_points.txt', '[console_scripts]\\n${name}=${name}:x\\n')
z.writestr('${info}/RECORD', '')
z.close()`;
      mkdirSync(join(place, 'wheels'), { recursive: true });
      execFileSync('python3', ['-c', code]);
      const pip = ['-m', 'pip', 'install', '--no-index', '--no-deps', '--quiet', '--target', target, wheel];
      execFileSync('python3', pip, { stdio: ['ignore', 'ignore', 'pipe'] });
    }
    layer = await inspect(root);
  });

  it('are those that pip lists', () => {
    const list = JSON.parse(
      output('python3', ['-m', 'pip', 'list', '--path', target, '--format', 'json']),
    ) as ReadonlyArray<{ name: string; version: string }>;
    expect(list).toHaveLength(2);
    expect(packagesIn(layer, 'python')).toEqual(list.map(({ name, version }) => `${name} ${version}`).sort());
  });

  it('recorded files that have the content that they say', () => {
    const records = layer.records.filter((record) => record.kind === 'recorded-files');
    const wrong: string[] = [];
    let checked = 0;
    for (const record of records) {
      for (const [at, path] of [...decodePaths(record.paths)].entries()) {
        const digest = record.digests[at]!;
        if (digest === '' || path.includes('/bin/')) continue;
        checked += 1;
        const hex = digestOf(readFileSync(join(root, path))).slice('sha256:'.length);
        if (Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '') !== digest) wrong.push(path);
      }
    }
    expect(checked).toBeGreaterThanOrEqual(6);
    expect(wrong).toEqual([]);
  });
});

const javaFolder = '/usr/share/java';
const javaSkips = lacksTools(['unzip', 'zip', 'tar']);
describe.skipIf(javaSkips)('archives of Java', () => {
  const jars = (): string[] => {
    const names = readdirSync(javaFolder).filter((name) => name.endsWith('.jar'));
    return [...new Set(names.map((name) => realpathSync(join(javaFolder, name))))];
  };

  /** What Maven recorded in an archive, as unzip finds it. */
  function recordedIn(jar: string): string[] {
    const names = output('unzip', ['-Z1', jar]).split('\n');
    const poms = names.filter((name) => /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name));
    return poms
      .map((name) => parsePomProperties(output('unzip', ['-p', jar, name])))
      .flatMap((one) => (one === undefined ? [] : [`${one.group}:${one.artifact} ${one.version}`]));
  }

  // In CI they are there, or it fails.
  it.skipIf(process.env['CI'] === undefined && !existsSync(javaFolder))(
    'of Debian tell all that unzip finds in them',
    async () => {
      const folder = join(place, 'java');
      const wrong: string[] = [];
      for (const jar of jars()) {
        write(join(folder, 'opt/x.jar'), readFileSync(jar));
        const layer = await inspect(folder);
        const found = packagesIn(layer, 'java');
        const missed = recordedIn(jar).filter((one) => !found.includes(one));
        if (missed.length > 0 || !layer.complete) wrong.push(`${jar}: ${missed.join(', ')}`);
      }
      expect(wrong).toEqual([]);
      expect(jars().length).toBeGreaterThan(3);
    },
  );

  it('that zip made, streaming, stored and around each other, are taken apart', async () => {
    const folder = join(place, 'zip');
    const properties = (name: string): string => `groupId=org.example\nartifactId=${name}\nversion=1\n`;
    write(join(folder, 'in/META-INF/maven/org.example/a/pom.properties'), properties('a'));
    write(join(folder, 'in/A.class'), 'x'.repeat(20_000));
    write(join(folder, 'out/META-INF/maven/org.example/b/pom.properties'), properties('b'));
    mkdirSync(join(folder, 'out/BOOT-INF/lib'), { recursive: true });
    mkdirSync(join(folder, 'root/srv'), { recursive: true });
    const zip = (at: string, command: string): void =>
      void execFileSync('sh', ['-c', command], {
        cwd: join(folder, at),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    zip('in', 'zip -qr ../out/BOOT-INF/lib/plain.jar . && zip -qr0 ../out/BOOT-INF/lib/stored.jar .');
    // Written to a pipe, sizes follow the content.
    zip('in', 'zip -qr - . | cat > ../out/BOOT-INF/lib/piped.jar');
    zip('out', 'zip -qr - . | cat > ../root/srv/piped.war && zip -qr0 ../root/srv/stored.jar .');
    zip(
      'out',
      '(printf "#!/bin/sh\\nexec java -jar $0\\n"; cat ../root/srv/stored.jar) > ../root/srv/run.jar',
    );
    const layer = await inspect(join(folder, 'root'));
    expect(layer.problems).toEqual([]);
    const inner = ['piped', 'plain', 'stored'].map((name) => `org.example:a 1 in BOOT-INF/lib/${name}.jar`);
    const each = [...inner, 'org.example:b 1'];
    expect(packagesIn(layer, 'java')).toEqual(each.flatMap((one) => [one, one, one]).sort());
  });
});

describe.skipIf(lacksTools(['npm', 'tar']))('packages that npm installed', () => {
  it('are those that npm lists', async () => {
    const folder = join(place, 'npm');
    const pack = (name: string, version: string, dependencies: Record<string, string> = {}): string => {
      const source = join(folder, 'src', `${name}-${version}`);
      write(join(source, 'package.json'), JSON.stringify({ name, version, dependencies, license: 'MIT' }));
      write(
        join(source, 'test/fixtures/x/package.json'),
        JSON.stringify({ name: 'fixture', version: '9.9.9' }),
      );
      const printed = output('npm', ['pack', '--silent', '--pack-destination', folder, source]);
      return `file:${join(folder, printed.trim())}`;
    };
    const old = pack('leaf', '1.0.0');
    const young = pack('leaf', '2.0.0');
    const branch = pack('@scope/branch', '1.2.3', { leaf: old });
    const app = join(folder, 'root/app');
    const dependencies = { '@scope/branch': branch, leaf: young, alias: pack('real', '3.0.0') };
    write(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '0.0.1', dependencies }));
    const quiet = ['--offline', '--no-audit', '--no-fund', '--silent', '--cache', join(folder, 'cache')];
    execFileSync('npm', ['install', ...quiet], { cwd: app, stdio: ['ignore', 'ignore', 'pipe'] });
    interface Tree {
      readonly name?: string;
      readonly version?: string;
      readonly dependencies?: Readonly<Record<string, Tree>>;
    }
    const listed = JSON.parse(
      execFileSync('npm', ['ls', '--all', '--json', '--long'], { cwd: app, encoding: 'utf8' }),
    ) as Tree;
    const flat = (tree: Tree): string[] =>
      Object.values(tree.dependencies ?? {}).flatMap((one) => [`${one.name} ${one.version}`, ...flat(one)]);
    const layer = await inspect(join(folder, 'root'));
    const installed = packagesIn(layer, 'node').filter((one) => !/^(?:app|fixture) /.test(one));
    expect(new Set(installed)).toEqual(new Set(flat(listed)));
    expect(installed).toEqual(['@scope/branch 1.2.3', 'leaf 1.0.0', 'leaf 2.0.0', 'real 3.0.0']);
  });
});

const built = process.env['WHARFINGER_TEST_TOOLS'] ?? '';
describe.skipIf(lacksTools(['go', 'tar']) || built === '')('Go binaries (WHARFINGER_TEST_TOOLS)', () => {
  it.each(['crane', 'oras', 'regctl'])('%s was built from what go version -m says', async (tool) => {
    const folder = join(place, 'go', tool);
    write(join(folder, 'usr/bin/tool'), readFileSync(join(built, tool)));
    const [first = '', ...lines] = output('go', ['version', '-m', join(built, tool)]).split('\n');
    const modules: string[] = [];
    for (const line of lines) {
      const [, kind, path = '', version = ''] = line.split('\t');
      if (kind === 'mod' || kind === 'dep') modules.push(`${path} ${version}`);
      else if (kind === '=>' && version !== '') modules[modules.length - 1] = `${path} ${version}`;
    }
    const standard = /go(\d+(?:\.\d+)*)/.exec(first.slice(first.lastIndexOf(': ')))?.[1];
    const expected = [`stdlib ${standard}`, ...modules.filter((one) => !one.endsWith(' (devel)'))];
    expect(packagesIn(await inspect(folder), 'go')).toEqual(expected.sort());
  });
});

describe.skipIf(lacksTools(['objcopy', 'tar']))('Rust binaries', () => {
  it.each([[], ['--strip-all']])('keep their crates through objcopy %j', async (...more) => {
    const folder = join(place, 'rust');
    const crates = { packages: [{ name: 'itoa', version: '1.0.19', source: 'crates.io' }] };
    const section = join(folder, 'section');
    write(section, deflateSync(JSON.stringify(crates)));
    const binary = join(folder, 'root/usr/bin/app');
    write(binary, readFileSync(realpathSync('/bin/ls')));
    execFileSync('objcopy', ['--add-section', `.dep-v0=${section}`, ...more, binary]);
    expect(statSync(binary).size).toBeGreaterThan(1000);
    const layer = await inspect(join(folder, 'root'));
    expect(layer.problems).toEqual([]);
    expect(packagesIn(layer, 'rust')).toEqual(['itoa 1.0.19']);
  });
});
