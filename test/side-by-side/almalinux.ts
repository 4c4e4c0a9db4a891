import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { output } from '../requirements.ts';
import type { OsvRecord } from './records.ts';
import { fixesOf, olderVersion } from './set-back.ts';

const folderOf = 'var/lib/rpm';
const mostPackages = 120;

/** A package to be built: its name, and its version with epoch and release. */
interface Built {
  readonly name: string;
  readonly version: string;
}

/** A root file system with a database that rpm wrote. */
export interface RpmImage {
  readonly layer: Buffer;
  /** its packages as `name epoch:version-release`, as rpm lists them */
  readonly packages: readonly string[];
}

/**
 * Builds packages of AlmaLinux with rpmbuild, empty but for their names, versions and module streams, and has rpm install them into a
 * database: packages that the records are about, in versions that were mended once and have flaws that were found later.
 */
export function almaImage(folder: string, release: '8' | '9', records: readonly OsvRecord[]): RpmImage {
  mkdirSync(folder, { recursive: true });
  const ecosystem = `AlmaLinux:${release}`;
  const streams = new Map<string, readonly OsvRecord[]>();
  const plain: OsvRecord[] = [];
  for (const record of records) {
    const stream = /(?:^|\s)([a-z][\w-]*):([\w.]+)(?:\s|$)/.exec(record.summary ?? '');
    if (stream === null) plain.push(record);
    else streams.set(stream[0].trim(), [...(streams.get(stream[0].trim()) ?? []), record]);
  }
  const older = (from: readonly OsvRecord[], most: number, modular: boolean): Built[] => {
    const fixes = new Map(
      [...fixesOf(from, ecosystem)].map(([name, all]) => [
        name,
        all.filter((version) => version.includes('.module_el') === modular),
      ]),
    );
    const names = [...fixes.keys()].filter((name) => fixes.get(name)!.length > 1).sort();
    const step = Math.max(1, Math.floor(names.length / most));
    return names
      .filter((_, at) => at % step === 0)
      .flatMap((name) => {
        const version = olderVersion(fixes, name);
        return version === undefined ? [] : [{ name, version }];
      });
  };
  build(folder, 'plain', '', [
    { name: 'almalinux-release', version: `${release}.4-1.el${release}` },
    ...older(plain, mostPackages, false),
  ]);
  const largest = [...streams]
    .toSorted(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    .map(([stream, from]) => [stream, older(from, 10, true)] as const)
    .filter(([, packages]) => packages.length > 0);
  for (const [at, [stream, packages]] of largest.slice(0, 4).entries()) {
    build(folder, `module-${at}`, `ModularityLabel: ${stream}:80${release}0020:abcdef01\n`, packages);
  }
  const root = join(folder, 'root');
  const rpm = (...args: readonly string[]): string =>
    output('rpm', ['--root', root, '--define', `_dbpath /${folderOf}`, ...args]);
  const files = output('find', [join(folder, 'top/RPMS'), '-name', '*.rpm'])
    .trim()
    .split('\n');
  rpm('-i', '--justdb', '--nodeps', '--nosignature', '--force', ...files);
  const osRelease = `NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="${release}.4"\n`;
  const layer = tarOf(
    { name: 'etc/os-release', body: osRelease },
    { name: `${folderOf}/rpmdb.sqlite`, body: readFileSync(join(root, folderOf, 'rpmdb.sqlite')) },
  );
  const listed = rpm('-qa', '--qf', '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n');
  return { layer, packages: listed.trim().split('\n').sort() };
}

/** One specification whose parts are the packages. */
function build(folder: string, name: string, label: string, packages: readonly Built[]): void {
  const [first, ...parts] = packages;
  const head = ({ version }: Built): string => {
    const [, epoch, upstream, release] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(version)!;
    return `${epoch === undefined ? '' : `Epoch: ${epoch}\n`}Version: ${upstream}\nRelease: ${release}\n`;
  };
  const spec = [
    `Name: ${first!.name}\n${head(first!)}${label}License: MIT\nVendor: AlmaLinux\nBuildArch: noarch\nSummary: x\n%description\nx\n`,
    ...parts.map(
      (part) => `%package -n ${part.name}\n${head(part)}Summary: x\n%description -n ${part.name}\nx\n`,
    ),
    '%files\n',
    ...parts.map((part) => `%files -n ${part.name}\n`),
  ].join('');
  const file = join(folder, `${name}.spec`);
  writeFileSync(file, spec);
  output('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${folder}/top`, file]);
}
