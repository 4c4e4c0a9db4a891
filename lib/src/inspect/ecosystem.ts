/** A distribution as os-release names it. */
export interface Named {
  readonly id: string;
  readonly version?: string;
  /** VERSION of os-release, where releases differ by more than their number */
  readonly edition?: string;
}

/** Code names of Debian releases, for os-release files and packages that give no number. */
const debianNames: Readonly<Record<string, string>> = {
  wheezy: '7',
  jessie: '8',
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
};

/** Number of a Debian release by its code name. */
export function debianNumber(codename: string | undefined): string | undefined {
  return codename === undefined ? undefined : debianNames[codename];
}

/** Types of packages that distributions have. */
export type SystemType = 'deb' | 'apk' | 'rpm';

const typesById: ReadonlyMap<string, SystemType> = new Map([
  ...['debian', 'ubuntu'].map((id) => [id, 'deb'] as const),
  ...['alpine', 'wolfi', 'chainguard'].map((id) => [id, 'apk'] as const),
  ...[
    'almalinux',
    'amzn',
    'azurelinux',
    'centos',
    'fedora',
    'mageia',
    'mariner',
    'ol',
    'openeuler',
    'opensuse-leap',
    'opensuse-tumbleweed',
    'photon',
    'rhel',
    'rocky',
    'sles',
  ].map((id) => [id, 'rpm'] as const),
]);

/** Which package type a distribution uses, where it is one that is known. */
export function packageTypeOf(id: string): SystemType | undefined {
  return typesById.get(id);
}

/**
 * The ecosystem under which OSV files advisories for a distribution (OSV schema, "Defined ecosystems"); undefined where
 * it is none that is known, or the release is not.
 */
export function ecosystemOf({ id, version = '', edition = '' }: Named): string | undefined {
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  switch (id) {
    case 'debian':
      return major === undefined ? undefined : `Debian:${major}`;
    case 'ubuntu': {
      if (major === undefined || minor === undefined) return undefined;
      const isLongTerm = Number(major) % 2 === 0 && minor === '04';
      return `Ubuntu:${major}.${minor}${isLongTerm ? ':LTS' : ''}`;
    }
    case 'alpine':
      if (version === 'edge') return 'Alpine:edge';
      return major === undefined || minor === undefined ? undefined : `Alpine:v${major}.${minor}`;
    case 'almalinux':
      return major === undefined ? undefined : `AlmaLinux:${major}`;
    case 'rocky':
      return major === undefined ? undefined : `Rocky Linux:${major}`;
    case 'rhel':
      return major === undefined ? undefined : `Red Hat:enterprise_linux:${major}`;
    case 'sles':
      if (major === undefined) return undefined;
      return `SUSE:Linux Enterprise Server ${major}${minor === undefined || minor === '0' ? '' : ` SP${minor}`}`;
    case 'opensuse-leap':
      return major === undefined || minor === undefined ? undefined : `openSUSE:Leap ${major}.${minor}`;
    case 'opensuse-tumbleweed':
      return 'openSUSE:Tumbleweed';
    case 'photon':
      return major === undefined ? undefined : `Photon OS:${major}.${minor ?? '0'}`;
    case 'azurelinux':
    case 'mariner':
      return major === undefined ? undefined : `Azure Linux:${major}`;
    case 'mageia':
      return major === undefined ? undefined : `Mageia:${major}`;
    case 'openeuler': {
      // VERSION="22.03 (LTS-SP3)"
      const detail = /\(([A-Za-z0-9-]+)\)/.exec(edition)?.[1];
      if (major === undefined || minor === undefined) return undefined;
      return `openEuler:${major}.${minor}${detail === undefined ? '' : `-${detail}`}`;
    }
    case 'wolfi':
      return 'Wolfi';
    case 'chainguard':
      return 'Chainguard';
    default:
      return undefined;
  }
}
