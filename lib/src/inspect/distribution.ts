import { debianNumber, ecosystemOf, packageTypeOf, type Named } from './ecosystem.ts';
import type { ApkPackage, DpkgPackage } from './file-facts.ts';
import type { Distribution, Problem } from './inventory.ts';

/** What the merged file system says about its distribution. */
export interface DistributionEvidence {
  readonly osRelease?: Readonly<Record<string, string>>;
  /** release streams of /etc/apk/repositories */
  readonly streams: readonly string[];
  readonly dpkg: readonly DpkgPackage[];
  readonly apk: readonly ApkPackage[];
  /** etc/debian_version and the like are there */
  readonly distributionFile: boolean;
  /** a package database lies where no tool looks for it, or was taken away */
  readonly strayDatabase: boolean;
  /** formats of package databases that are not read */
  readonly otherDatabases: readonly string[];
}

export interface IdentifiedDistribution {
  readonly distribution: Distribution;
  readonly problems: readonly Problem[];
}

/** The release that packages themselves prove, where they do. */
function inferFromPackages(evidence: DistributionEvidence): Named | undefined {
  const base = evidence.dpkg.find(({ name }) => name === 'base-files')?.version;
  if (base?.includes('ubuntu')) return { id: 'ubuntu' };
  const release = /^(\d+)(?:\.\d+)?(?:\+deb\d+u\d+)?$/.exec(base ?? '')?.[1];
  if (release !== undefined) return { id: 'debian', version: release };
  if (evidence.dpkg.length > 0) {
    const updates = evidence.dpkg.map(({ version }) => /[+~]deb(\d+)u\d+/.exec(version)?.[1]);
    const newest = Math.max(0, ...updates.map(Number).filter(Number.isInteger));
    return newest > 0 ? { id: 'debian', version: String(newest) } : undefined;
  }
  const alpine = evidence.apk.find(({ name }) => name === 'alpine-release')?.version;
  const version = /^\d+\.\d+(?:\.\d+)?/.exec(alpine ?? '')?.[0];
  return version === undefined ? undefined : { id: 'alpine', version };
}

function claimOf(evidence: DistributionEvidence): Named | undefined {
  const id = evidence.osRelease?.['ID']?.toLowerCase();
  if (!id) return undefined;
  const stated = evidence.osRelease?.['VERSION_ID'];
  const version =
    stated ?? (id === 'debian' ? debianNumber(evidence.osRelease?.['VERSION_CODENAME']) : undefined);
  if (id !== 'alpine') return { id, ...(version === undefined ? {} : { version }) };
  if (evidence.streams.includes('edge')) return { id, version: 'edge' };
  return { id, ...(version === undefined ? {} : { version }) };
}

function majorOf(named: Named): string {
  const [major = '', minor = ''] = (named.version ?? '').split('.');
  return named.id === 'debian' ? major : `${major}.${minor}`;
}

/** True where what os-release claims and what packages prove cannot both be so. */
function contradicts(claim: Named, proven: Named): boolean {
  if (claim.id !== proven.id) return true;
  if (claim.version === undefined || claim.version === 'edge' || proven.version === undefined) return false;
  return majorOf(claim) !== majorOf(proven);
}

function hides(code: Problem['code'], message: string): Problem {
  return { code, message, hides: true };
}

/**
 * Says which distribution an image is made of. os-release counts, but it must agree with the packages; on Alpine an
 * `edge` repository wins over it. Where there is none, the packages may prove the release, so that their advisories are
 * found; still nothing vouches for it, which is never clean. No package database and no file that names a distribution:
 * `scratch`.
 */
export function identifyDistribution(evidence: DistributionEvidence): IdentifiedDistribution {
  const claim = claimOf(evidence);
  const proven = inferFromPackages(evidence);
  const problems: Problem[] = evidence.otherDatabases.map((format) =>
    hides('unsupported', `it has a package database of ${format}, which is not read`),
  );
  const hasPackages = evidence.dpkg.length > 0 || evidence.apk.length > 0;
  if (claim === undefined && !hasPackages) {
    if (evidence.distributionFile || evidence.osRelease !== undefined) {
      problems.push(hides('unknown-distribution', 'a file names a distribution that cannot be told'));
    }
    if (evidence.strayDatabase) {
      problems.push(
        hides(
          'package-database-missing',
          'a package database was taken away, or lies where no tool looks for it',
        ),
      );
    }
    return { distribution: { id: problems.length > 0 ? 'unknown' : 'scratch', source: 'none' }, problems };
  }
  if (!hasPackages) {
    problems.push(
      hides(
        'package-database-missing',
        `os-release names ${claim!.id}, but no package database says what is installed`,
      ),
    );
  }
  const streams = evidence.streams.filter((stream) => stream !== 'edge' && claim?.id === 'alpine');
  if (
    claim !== undefined &&
    claim.version !== 'edge' &&
    streams.some((one) => one !== `v${majorOf(claim)}`)
  ) {
    problems.push(
      hides('distribution-mismatch', `repositories are of ${streams.join(', ')}, not ${claim.version}`),
    );
  }
  if (claim !== undefined && proven !== undefined && contradicts(claim, proven)) {
    const text = `os-release names ${claim.id} ${claim.version ?? ''}, packages are of ${proven.id} ${proven.version ?? ''}`;
    problems.push(hides('distribution-mismatch', text));
    return { distribution: describe(proven, 'packages'), problems };
  }
  if (claim !== undefined) {
    const type = packageTypeOf(claim.id);
    const stray = type === 'deb' ? evidence.apk.length : type === 'apk' ? evidence.dpkg.length : 0;
    if (stray > 0)
      problems.push(hides('distribution-mismatch', `${stray} packages are of another distribution`));
    const distribution = describe(claim, 'os-release', evidence.osRelease?.['PRETTY_NAME']);
    if (distribution.ecosystem === undefined) {
      problems.push(
        hides('unknown-distribution', `no advisories are known for ${claim.id} ${claim.version ?? ''}`),
      );
    }
    return { distribution, problems };
  }
  const inferred =
    proven === undefined ? 'and the packages do not prove one' : `packages are of ${proven.id}`;
  problems.push(hides('unknown-distribution', `there is no os-release, ${inferred}`));
  return {
    distribution: proven === undefined ? { id: 'unknown', source: 'none' } : describe(proven, 'packages'),
    problems,
  };
}

function describe(named: Named, source: Distribution['source'], name?: string): Distribution {
  const ecosystem = ecosystemOf(named);
  return {
    id: named.id,
    ...(named.version === undefined ? {} : { version: named.version }),
    ...(name === undefined ? {} : { name }),
    ...(ecosystem === undefined ? {} : { ecosystem }),
    source,
  };
}
