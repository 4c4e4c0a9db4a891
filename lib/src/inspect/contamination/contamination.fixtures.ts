import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { debianRelease, dpkgStatus, tarOf, type FixtureEntry } from '../layer-fixture.ts';
import type { ImageInventory } from '../inventory.ts';

/** A package of dpkg as a test installs it. */
export interface Installed {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  /** paths as the package records them, where they are others than those of the files */
  readonly recordedAs?: (path: string) => string;
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** What dpkg records of a package's files. */
export function dpkgRecords(name: string, { files, recordedAs = (path) => path }: Installed): FixtureEntry[] {
  const paths = Object.keys(files).map(recordedAs);
  const sums = Object.entries(files).map(([path, body]) => `${md5(body)}  ${recordedAs(path)}\n`);
  return [
    { name: `var/lib/dpkg/info/${name}.list`, body: `/.\n${paths.map((path) => `/${path}\n`).join('')}` },
    { name: `var/lib/dpkg/info/${name}.md5sums`, body: sums.join('') },
  ];
}

/** The same system with Debian named as the maker of all its packages. */
export function madeByDebian(entries: readonly FixtureEntry[]): FixtureEntry[] {
  const maintainer = 'Maintainer: Debian Developers <debian-devel@lists.debian.org>';
  return entries.map((entry) =>
    entry.name === 'var/lib/dpkg/status'
      ? { ...entry, body: String(entry.body).replaceAll('Architecture:', `${maintainer}\nArchitecture:`) }
      : entry,
  );
}

/** The entries of a Debian system with these packages, base-files among them. */
export function debianSystem(
  packages: Readonly<Record<string, Installed>>,
  extra: readonly FixtureEntry[] = [],
): FixtureEntry[] {
  const versions = Object.fromEntries(Object.entries(packages).map(([name, { version }]) => [name, version]));
  const body = dpkgStatus({ 'base-files': '12.4+deb12u5', ...versions });
  const base: Installed = { version: '12.4+deb12u5', files: { 'usr/lib/os-release': debianRelease } };
  return [
    { name: 'etc/os-release', flag: '2', link: '../usr/lib/os-release' },
    { name: 'var/lib/dpkg/status', body },
    ...Object.entries({ 'base-files': base, ...packages }).flatMap(([name, one]) => [
      ...Object.entries(one.files).map(([path, content]) => ({ name: path, body: content, mode: 0o755 })),
      ...dpkgRecords(name, one),
    ]),
    ...extra,
  ];
}

export function layer(...entries: readonly FixtureEntry[]): Buffer {
  return gzipSync(tarOf(...entries));
}

/** What an image says of its files: `kind path #layer`, setuid bits left out. */
export function told({ contamination }: ImageInventory): string[] {
  return contamination!.files.map(({ kind, path, layer: at }) => `${kind} ${path} #${at}`);
}
