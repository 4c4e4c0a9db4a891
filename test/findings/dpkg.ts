import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A package as dpkg itself lists it. */
interface Installed {
  readonly name: string;
  readonly source: string;
  readonly sourceVersion: string;
}

/** The packages of a root file system in a tar, as dpkg-query reads its database. */
export function installedPackages(tar: string, folder: string): Installed[] {
  const found = execFileSync('tar', ['-xO', '--wildcards', '-f', tar, '*var/lib/dpkg/status'], {
    maxBuffer: 1 << 28,
  });
  const database = join(folder, 'dpkg');
  mkdirSync(join(database, 'info'), { recursive: true });
  writeFileSync(join(database, 'status'), found);
  // shown as they are written
  const format = '${db:Status-Status}\t${Package}\t${source:Package}\t${source:Version}\n';
  const listed = execFileSync('dpkg-query', ['--admindir', database, '-W', '-f', format], {
    encoding: 'utf8',
  });
  return listed
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([status]) => status === 'installed')
    .map(([, name = '', source = '', sourceVersion = '']) => ({ name, source, sourceVersion }));
}

/** The (package, CVE) pairs by what OSV records say and `dpkg --compare-versions` decides, as a sorted list of texts. */
export function expectedPairs(packages: readonly Installed[], osv: string): string[] {
  const flaws = new Map<string, Array<{ cve: string; fixed: string }>>();
  for (const line of gunzipSync(readFileSync(osv)).toString().trimEnd().split('\n')) {
    const record: {
      aliases: [string];
      affected: Array<{ package: { name: string }; ranges: [{ events: [object, { fixed: string }] }] }>;
    } = JSON.parse(line);
    for (const { package: about, ranges } of record.affected) {
      const known = flaws.get(about.name) ?? [];
      flaws.set(about.name, [...known, { cve: record.aliases[0], fixed: ranges[0].events[1].fixed }]);
    }
  }
  const candidates = packages.flatMap((one) =>
    (flaws.get(one.source) ?? []).map((flaw) => ({ ...one, ...flaw })),
  );
  const smaller = dpkgSmaller(candidates.map(({ sourceVersion, fixed }) => `${sourceVersion} ${fixed}`));
  const pairs = candidates
    .filter(({ sourceVersion, fixed }) => smaller.has(`${sourceVersion} ${fixed}`))
    .map(({ name, cve }) => `${name} ${cve}`);
  return [...new Set(pairs)].sort();
}

/** Which of the lines "a b" have a < b. */
function dpkgSmaller(lines: readonly string[]): ReadonlySet<string> {
  const script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo "$a $b"; done; true';
  const input = `${[...new Set(lines)].join('\n')}\n`;
  return new Set(execFileSync('sh', ['-c', script], { input, encoding: 'utf8' }).split('\n'));
}
