import type { DistributionEvidence } from './distribution.ts';
import type { Named } from './ecosystem.ts';
import type { ApkPackage, DpkgPackage, RpmPackage } from './file-facts.ts';

/** Packages that name the release, by the distributions that have them. */
const releasePackages: Readonly<Record<string, string>> = {
  'almalinux-release': 'almalinux',
  'azurelinux-release': 'azurelinux',
  'centos-release': 'centos',
  'centos-linux-release': 'centos',
  'centos-stream-release': 'centos',
  'fedora-release-common': 'fedora',
  'mageia-release-common': 'mageia',
  'mariner-release': 'mariner',
  'openEuler-release': 'openeuler',
  'oraclelinux-release': 'ol',
  'photon-release': 'photon',
  'redhat-release': 'rhel',
  'rocky-release': 'rocky',
  'sles-release': 'sles',
  'system-release': 'amzn',
};

/** What stands at the beginning of the vendor of a distribution's own packages. */
const vendors: ReadonlyArray<readonly [start: string, id: string]> = [
  ['AlmaLinux', 'almalinux'],
  ['Amazon', 'amzn'],
  ['CentOS', 'centos'],
  ['Fedora Project', 'fedora'],
  ['Mageia', 'mageia'],
  ['Oracle America', 'ol'],
  ['Red Hat, Inc.', 'rhel'],
  ['Rocky Enterprise', 'rocky'],
  ['SUSE LLC', 'sles'],
  ['VMware', 'photon'],
];

/** The release that packages themselves prove, where they do. */
export function inferFromPackages({ dpkg, apk, rpm }: DistributionEvidence): Named | undefined {
  if (dpkg.length > 0) return inferFromDpkg(dpkg);
  return apk.length > 0 ? inferFromApk(apk) : inferFromRpm(rpm);
}

function inferFromDpkg(packages: readonly DpkgPackage[]): Named | undefined {
  const base = packages.find(({ name }) => name === 'base-files')?.version;
  if (base?.includes('ubuntu')) return { id: 'ubuntu' };
  const release = /^(\d+)(?:\.\d+)?(?:\+deb\d+u\d+)?$/.exec(base ?? '')?.[1];
  if (release !== undefined) return { id: 'debian', version: release };
  const updates = packages.map(({ version }) => /[+~]deb(\d+)u\d+/.exec(version)?.[1]);
  const newest = Math.max(0, ...updates.map(Number).filter(Number.isInteger));
  return newest > 0 ? { id: 'debian', version: String(newest) } : undefined;
}

function inferFromApk(packages: readonly ApkPackage[]): Named | undefined {
  if (packages.some(({ name }) => name === 'chainguard-baselayout')) return { id: 'chainguard' };
  if (packages.some(({ name }) => name === 'wolfi-baselayout')) return { id: 'wolfi' };
  const alpine = packages.find(({ name }) => name === 'alpine-release')?.version;
  const version = /^\d+\.\d+(?:\.\d+)?/.exec(alpine ?? '')?.[0];
  return version === undefined ? undefined : { id: 'alpine', version };
}

function inferFromRpm(packages: readonly RpmPackage[]): Named | undefined {
  for (const { name, version } of packages) {
    const id = releaseOf(name, version);
    if (id === undefined) continue;
    const number = /^(?:\d+:)?(\d+(?:\.\d+)?)/.exec(version)?.[1];
    return { id, ...(number === undefined ? {} : { version: number }) };
  }
  return inferFromVendors(packages);
}

function releaseOf(name: string, version: string): string | undefined {
  // Tumbleweed is numbered by days.
  if (name === 'openSUSE-release') return /^\d{8}/.test(version) ? 'opensuse-tumbleweed' : 'opensuse-leap';
  return Object.hasOwn(releasePackages, name) ? releasePackages[name] : undefined;
}

/** By whom most packages are, and for which release most of those were built. */
function inferFromVendors(packages: readonly RpmPackage[]): Named | undefined {
  const known = packages.flatMap(({ vendor = '', version }) => {
    const id = vendors.find(([start]) => vendor.startsWith(start))?.[1];
    const major = /\.(?:el|amzn|fc|mga|ph)(\d+)/.exec(version)?.[1];
    return id === undefined ? [] : [{ id, major }];
  });
  const id = mostCommon(known.map((one) => one.id));
  if (id === undefined) return undefined;
  const version = mostCommon(
    known.flatMap((one) => (one.id === id && one.major !== undefined ? [one.major] : [])),
  );
  return { id, ...(version === undefined ? {} : { version }) };
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** Distributions whose releases have one number; what follows is an update of the same release. */
const numbered: ReadonlySet<string> = new Set([
  'almalinux',
  'amzn',
  'azurelinux',
  'centos',
  'debian',
  'fedora',
  'mageia',
  'mariner',
  'ol',
  'photon',
  'rhel',
  'rocky',
]);

/** The number of a release, without that of its updates. */
export function majorOf(named: Named): string {
  const [major = '', minor = ''] = (named.version ?? '').split('.');
  return numbered.has(named.id) ? major : `${major}.${minor}`;
}
