import { debianNumber, ecosystemOf, packageTypeOf, type Named } from './ecosystem.ts';
import { inferFromPackages, majorOf } from './infer-distribution.ts';
import type { ApkPackage, DpkgPackage, RpmPackage } from './file-facts.ts';
import type { Distribution, Problem } from './inventory.ts';

/** What the merged file system says about its distribution. */
export interface DistributionEvidence {
  readonly osRelease?: Readonly<Record<string, string>>;
  /** release streams of /etc/apk/repositories */
  readonly streams: readonly string[];
  readonly dpkg: readonly DpkgPackage[];
  readonly apk: readonly ApkPackage[];
  readonly rpm: readonly RpmPackage[];
  /** etc/debian_version and the like are there */
  readonly distributionFile: boolean;
  /** what those of them say that give the number of a release */
  readonly releases: readonly Named[];
  /** repositories that Red Hat built it of, as files say */
  readonly contentSets: readonly string[];
  /** a package database lies where no tool looks for it, or was taken away */
  readonly strayDatabase: boolean;
  /** formats of package databases that are not read */
  readonly otherDatabases: readonly string[];
}

export interface IdentifiedDistribution {
  readonly distribution: Distribution;
  readonly problems: readonly Problem[];
}

function claimOf(evidence: DistributionEvidence): Named | undefined {
  const id = evidence.osRelease?.['ID']?.toLowerCase();
  if (!id) return undefined;
  const stated = evidence.osRelease?.['VERSION_ID'];
  const version =
    stated ?? (id === 'debian' ? debianNumber(evidence.osRelease?.['VERSION_CODENAME']) : undefined);
  const edition = id === 'openeuler' ? evidence.osRelease?.['VERSION'] : undefined;
  if (id !== 'alpine') {
    return {
      id,
      ...(version === undefined ? {} : { version }),
      ...(edition === undefined ? {} : { edition }),
    };
  }
  if (evidence.streams.includes('edge')) return { id, version: 'edge' };
  return { id, ...(version === undefined ? {} : { version }) };
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
  const counts = { deb: evidence.dpkg.length, apk: evidence.apk.length, rpm: evidence.rpm.length };
  const hasPackages = Object.values(counts).some((count) => count > 0);
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
  const other = evidence.releases.find((one) => claim !== undefined && contradicts(claim, one));
  if (other !== undefined) {
    const text = `os-release names ${claim!.id} ${claim!.version ?? ''}, another file ${other.id} ${other.version}`;
    problems.push(hides('distribution-mismatch', text));
  }
  if (claim !== undefined && proven !== undefined && contradicts(claim, proven)) {
    const text = `os-release names ${claim.id} ${claim.version ?? ''}, packages are of ${proven.id} ${proven.version ?? ''}`;
    problems.push(hides('distribution-mismatch', text));
    return { distribution: describe(proven, 'packages'), problems };
  }
  if (claim !== undefined) {
    const type = packageTypeOf(claim.id);
    const stray = Object.entries(counts).reduce((sum, [of, count]) => sum + (of === type ? 0 : count), 0);
    if (type !== undefined && stray > 0)
      problems.push(hides('distribution-mismatch', `${stray} packages are of another distribution`));
    const distribution = describe(claim, 'os-release', evidence.osRelease?.['PRETTY_NAME']);
    if (distribution.ecosystem === undefined) {
      problems.push(
        hides('unknown-distribution', `no advisories are known for ${claim.id} ${claim.version ?? ''}`),
      );
    }
    problems.push(...checkContentSets(claim, evidence.contentSets, hasPackages));
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

/** Repositories whose advisories are filed under the release of Red Hat Enterprise Linux itself. */
const ownSets =
  /^(?:(?:rhel|ubi)-\d+(?:-for-[a-z0-9_]+)?-(?:baseos|appstream)(?:-rpms)?|codeready-builder-for-(?:rhel|ubi)-\d+-[a-z0-9_]+-rpms|ubi-\d+-codeready-builder(?:-rpms)?|rhel-\d+-server(?:-optional)?-rpms)$/;

/**
 * Red Hat files advisories by product, and packages do not tell of which they are: that say lists of the repositories that an image
 * was built of. Without them, or with others than those of the release itself, advisories may be missed.
 */
function checkContentSets(claim: Named, sets: readonly string[], hasPackages: boolean): Problem[] {
  if (claim.id !== 'rhel' || !hasPackages) return [];
  if (sets.length === 0) {
    const message = 'nothing says of which repositories of Red Hat its packages are (content sets)';
    return [hides('unknown-distribution', message)];
  }
  const others = sets.filter((set) => !ownSets.test(set));
  if (others.length === 0) return [];
  const message = `it has packages of repositories whose advisories are not known: ${others.slice(0, 5).join(', ')}`;
  return [hides('unknown-distribution', message)];
}
