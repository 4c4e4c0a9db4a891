import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../requirements.ts';

/** Packages as the tool of their own ecosystem lists them, `name version` in order. */
export type Truth = Readonly<Record<string, readonly string[]>>;

/** What dpkg-query reads in a database. */
export function debianTruth(status: string, folder: string): Truth {
  const database = join(folder, 'dpkg');
  mkdirSync(join(database, 'info'), { recursive: true });
  writeFileSync(join(database, 'status'), status);
  const format = '${db:Status-Status}\t${Package} ${Version}\n';
  const lines = output('dpkg-query', ['--admindir', database, '-W', '-f', format]).trimEnd().split('\n');
  return {
    deb: sorted(lines.flatMap((line) => (line.startsWith('installed\t') ? line.slice(10) : []))),
  };
}

/** What stands in a database of apk, by awk. */
export function alpineTruth(installed: string): Truth {
  const program = '/^P:/ { name = substr($0, 3) } /^V:/ { print name " " substr($0, 3) }';
  return { apk: lines(execFileSync('awk', [program], { input: installed, encoding: 'utf8' })) };
}

/** What npm, pip, gem, composer, go and unzip say of the tree that `languages` made. */
export function languagesTruth(root: string): Truth {
  return {
    npm: sorted(['srv/app', 'srv/older'].flatMap((app) => listedByNpm(join(root, app)))),
    pypi: listedByPip(join(root, 'opt/venv/lib/python3.11/site-packages')),
    golang: sorted(globSync(join(root, 'usr/local/bin/*')).flatMap(listedByGo)),
    gem: listedByGem(join(root, 'opt/ruby/lib/ruby/gems/3.1.0/specifications')),
    composer: listedByComposer(join(root, 'srv/php')),
    maven: sorted(globSync(join(root, 'opt/java/*.jar')).flatMap(recordedByMaven)),
  };
}

function lines(text: string): string[] {
  return sorted(text.trim().split('\n'));
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

function listedByNpm(folder: string): string[] {
  interface Tree {
    readonly name?: string;
    readonly version?: string;
    readonly dependencies?: Readonly<Record<string, Tree>>;
    readonly error?: { readonly code: string };
  }
  // Of packages only the root was taken, so that npm misses what they depend on: it lists what is there, and complains.
  const isMissing = (stdout: string): boolean => (JSON.parse(stdout) as Tree).error?.code === 'ELSPROBLEMS';
  const args = ['ls', '--all', '--json', '--long', '--offline'];
  const listed: Tree = JSON.parse(printed('npm', args, { cwd: folder, allowed: isMissing }));
  // What is missing has no version.
  return Object.values(listed.dependencies ?? {})
    .filter(({ version }) => version !== undefined)
    .map(({ name, version }) => `${name} ${version}`);
}

function listedByPip(target: string): string[] {
  const listed: ReadonlyArray<{ readonly name: string; readonly version: string }> = JSON.parse(
    output('python3', ['-m', 'pip', 'list', '--path', target, '--format', 'json']),
  );
  return sorted(listed.map(({ name, version }) => `${name} ${version}`));
}

function listedByGo(binary: string): string[] {
  const isOfAnother = (_: string, stderr: string): boolean =>
    stderr.trimEnd().endsWith('not a Go executable');
  const text = printed('go', ['version', '-m', binary], { allowed: isOfAnother });
  if (text === '') return [];
  const [first = '', ...rest] = text.split('\n');
  const standard = /: go(\d+(?:\.\d+)*)/.exec(first)![1];
  const modules: string[] = [];
  for (const line of rest) {
    const [, kind, path = '', version = ''] = line.split('\t');
    if (kind === 'mod' || kind === 'dep') modules.push(`${path} ${version}`);
    else if (kind === '=>' && version !== '') modules[modules.length - 1] = `${path} ${version}`;
  }
  // What has no version but "(devel)" is the program itself.
  return [`stdlib ${standard}`, ...modules.filter((one) => !one.endsWith(' (devel)'))];
}

function listedByGem(folder: string): string[] {
  const script =
    'Dir[ARGV[0] + "/*.gemspec"].each { |f| s = Gem::Specification.load(f); puts s.name + " " + s.version.to_s }';
  return lines(output('ruby', ['-e', script, folder]));
}

function listedByComposer(folder: string): string[] {
  const args = ['--no-interaction', '--working-dir', folder, 'show', '--format=json'];
  const { installed } = JSON.parse(printed('composer', args)) as {
    readonly installed: ReadonlyArray<{ readonly name: string; readonly version: string }>;
  };
  return sorted(installed.map(({ name, version }) => `${name} ${version}`));
}

/** By the file that Maven leaves in an archive; else by the description under which Debian has the archive for Maven. */
function recordedByMaven(archive: string): string[] {
  const names = output('unzip', ['-Z1', archive]).split('\n');
  const records = names.filter((name) => /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name));
  const own = records.map((name) => {
    const text = output('unzip', ['-p', archive, name]);
    const [group, artifact, version] = ['groupId', 'artifactId', 'version'].map(
      (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)![1],
    );
    return `${group}:${artifact} ${version}`;
  });
  return [...own, ...describedByDebian(archive)];
}

function describedByDebian(archive: string): string[] {
  const artifact = archive
    .split('/')
    .at(-1)!
    .replace(/\.jar$/, '');
  const found = globSync(`/usr/share/maven-repo/**/${artifact}/*/${artifact}-*.jar`);
  return found.flatMap((path) => {
    const [version, name, ...group] = path.split('/').slice(4, -1).toReversed();
    const same = existsSync(path) && readFileSync(path).equals(readFileSync(archive));
    return same && version !== 'debian' ? [`${group.toReversed().join('.')}:${name} ${version}`] : [];
  });
}

/**
 * What a tool prints. One that fails has nothing to say of the truth.
 * @param rules.allowed which failures, by what it printed, are none
 * @throws Error with what it complained of
 */
function printed(
  program: string,
  args: readonly string[],
  rules: { readonly cwd?: string; readonly allowed?: (stdout: string, stderr: string) => boolean } = {},
): string {
  const { cwd, allowed } = rules;
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0 && allowed?.(stdout, stderr) !== true) {
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  }
  return stdout;
}
