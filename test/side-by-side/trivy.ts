import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Found, FoundPackage } from './found.ts';

interface TrivyPackage {
  readonly Name: string;
  /** absent: the program itself */
  readonly Version?: string;
  readonly Release?: string;
  readonly Epoch?: number;
  readonly FilePath?: string;
}

interface TrivyResult {
  readonly Target: string;
  readonly Class: string;
  readonly Type: string;
  readonly Packages?: readonly TrivyPackage[];
  readonly Vulnerabilities?: ReadonlyArray<{
    readonly VulnerabilityID: string;
    readonly PkgName: string;
    readonly InstalledVersion: string;
    readonly PkgPath?: string;
  }>;
}

/** What Trivy calls kinds of packages, and we do. */
const types: Readonly<Record<string, string>> = {
  debian: 'deb',
  alpine: 'apk',
  alma: 'rpm',
  'node-pkg': 'npm',
  'python-pkg': 'pypi',
  gobinary: 'golang',
  jar: 'maven',
  gemspec: 'gem',
  'composer-vendor': 'composer',
  rustbinary: 'cargo',
  'dotnet-core': 'nuget',
  // by what package URLs of SBOMs say
  cargo: 'cargo',
  composer: 'composer',
  nuget: 'nuget',
};

/** What a real Trivy finds in an image, with the database that lies in `cache` and nothing else. */
export function findWithTrivy(layout: string, cache: string): Found {
  rmSync(join(cache, 'fanal'), { recursive: true, force: true });
  const args = ['image', '--input', layout, '--cache-dir', cache, '--format', 'json', '--list-all-pkgs'];
  const quiet = ['--quiet', '--scanners', 'vuln', '--skip-db-update', '--skip-java-db-update'];
  const offline = ['--offline-scan', '--skip-version-check', '--skip-vex-repo-update', '--timeout', '10m'];
  const report = execFileSync('trivy', [...args, ...quiet, ...offline], {
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return foundInReport(report);
}

/** What a report of Trivy in JSON tells of packages and findings. */
export function foundInReport(report: string): Found {
  const { Results: results = [] } = JSON.parse(report) as { readonly Results?: readonly TrivyResult[] };
  const packages: FoundPackage[] = [];
  const findings = new Set<string>();
  for (const result of results) {
    const type = types[result.Type];
    if (type === undefined) throw new Error(`Trivy tells of packages of the kind ${result.Type}`);
    const isOfSystem = result.Class === 'os-pkgs';
    for (const one of result.Packages ?? []) {
      const version = isOfSystem ? fullVersion(one) : plainVersion(one);
      const path = isOfSystem ? '' : (one.FilePath ?? result.Target);
      packages.push({ type, name: one.Name, version, path });
    }
    for (const one of result.Vulnerabilities ?? []) {
      const advisory = one.VulnerabilityID.replace(/#\d+$/, '');
      const version = plainVersion({ Name: one.PkgName, Version: one.InstalledVersion });
      findings.add(`${type} ${one.PkgName} ${version} ${advisory}`);
    }
  }
  return { packages, findings, undecided: new Set() };
}

/** It writes the release of Go itself with a v in front. */
function plainVersion({ Name, Version = '' }: TrivyPackage): string {
  return Name === 'stdlib' ? Version.replace(/^v/, '') : Version;
}

function fullVersion({ Version = '', Release = '', Epoch = 0 }: TrivyPackage): string {
  return `${Epoch === 0 ? '' : `${Epoch}:`}${Version}${Release === '' ? '' : `-${Release}`}`;
}
