/** A distribution as os-release names it. */
export interface Named {
  readonly id: string;
  readonly version?: string;
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

/** Which package type a distribution uses, of those that are read. */
export function packageTypeOf(id: string): 'deb' | 'apk' | undefined {
  if (id === 'debian' || id === 'ubuntu') return 'deb';
  return id === 'alpine' || id === 'wolfi' || id === 'chainguard' ? 'apk' : undefined;
}

/**
 * The ecosystem under which OSV files advisories for a distribution (OSV schema, "Defined ecosystems"); undefined where
 * it is none that is known, or the release is not.
 */
export function ecosystemOf({ id, version = '' }: Named): string | undefined {
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
    case 'wolfi':
      return 'Wolfi';
    case 'chainguard':
      return 'Chainguard';
    default:
      return undefined;
  }
}
