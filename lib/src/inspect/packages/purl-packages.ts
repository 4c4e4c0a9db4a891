import { createRequire } from 'node:module';
import type * as PackageUrls from 'packageurl-js';
import { comparableName } from '../comparable-name.ts';
import type { RecordedPackage } from '../file-facts.ts';
import type { PackageType } from './package-types.ts';
import { isPlainWord, plainText } from './plain-text.ts';

const require = createRequire(import.meta.url);

let loaded: typeof PackageUrls | undefined;

/** Loaded where a package URL comes by: it takes a fifth of the time in which all the rest is loaded, and few layers have any. */
function packageUrls(): typeof PackageUrls {
  return (loaded ??= require('packageurl-js') as typeof PackageUrls);
}

interface Known {
  readonly type: PackageType;
  readonly ecosystem: string;
  /** stands between namespace and name, as the tools of the ecosystem write it; absent: a slash */
  readonly separator?: ':';
}

/** Types of package URLs whose packages have advisories in OSV. */
const known: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['npm', { type: 'npm', ecosystem: 'npm' }],
  ['golang', { type: 'golang', ecosystem: 'Go' }],
  ['pypi', { type: 'pypi', ecosystem: 'PyPI' }],
  ['maven', { type: 'maven', ecosystem: 'Maven', separator: ':' }],
  ['gem', { type: 'gem', ecosystem: 'RubyGems' }],
  ['composer', { type: 'composer', ecosystem: 'Packagist' }],
  ['cargo', { type: 'cargo', ecosystem: 'crates.io' }],
  ['nuget', { type: 'nuget', ecosystem: 'NuGet' }],
  ['bitnami', { type: 'bitnami', ecosystem: 'Bitnami' }],
  ['hex', { type: 'generic', ecosystem: 'Hex' }],
  ['pub', { type: 'generic', ecosystem: 'Pub' }],
  ['cran', { type: 'generic', ecosystem: 'CRAN' }],
  ['hackage', { type: 'generic', ecosystem: 'Hackage' }],
  ['swift', { type: 'generic', ecosystem: 'SwiftURL' }],
]);

/** What a package database of the distribution tells, or what is no package inside the image. */
const left: ReadonlySet<string> = new Set(['deb', 'apk', 'rpm', 'alpm', 'oci', 'docker']);

/** UTF-16 units of a package URL that is kept as it is. */
const longest = 1000;

/** What a list says of a package beside its package URL. */
export interface Listed {
  /** where the package URL has none */
  readonly version?: string;
  readonly licence?: string;
}

/** Namespace and name in the letters that the purl has: its specification wants npm's in lower case, but npm has old ones in others. */
function asWritten(purl: string, type: string): string | undefined {
  const [, path] = /^pkg:\/*[^/]+\/([^?#]+)/.exec(purl) ?? [];
  if (type !== 'npm' || path === undefined) return undefined;
  const at = path.lastIndexOf('@');
  const bare = at > path.lastIndexOf('/') && at > 0 ? path.slice(0, at) : path;
  return decodeURIComponent(bare);
}

/**
 * The package that a package URL (purl-spec) names. One without a version has `unknown`, which no order places, so that its advisories
 * are undecided.
 * @returns `left` for packages of distributions and for images, which others tell of; undefined where it cannot be read
 */
export function packageOfPurl(purl: string, listed: Listed = {}): RecordedPackage | 'left' | undefined {
  if (purl.length > longest) return undefined;
  const { PackageURL } = packageUrls();
  let parts: PackageUrls.PackageURL;
  let written: string | undefined;
  try {
    parts = PackageURL.fromString(purl);
    written = asWritten(purl, parts.type);
  } catch {
    return undefined;
  }
  if (left.has(parts.type)) return 'left';
  const kind = known.get(parts.type);
  const namespace = parts.namespace ?? '';
  const normal = namespace === '' ? parts.name : `${namespace}${kind?.separator ?? '/'}${parts.name}`;
  const name = written ?? normal;
  const version = parts.version || listed.version || 'unknown';
  if (!isPlainWord(name) || !isPlainWord(version) || plainText(purl) !== purl) return undefined;
  const licence = listed.licence === undefined ? undefined : plainText(listed.licence);
  const matchName = kind === undefined ? name : comparableName(kind.ecosystem, name);
  return {
    type: kind?.type ?? 'generic',
    name,
    version,
    ...(kind === undefined ? {} : { ecosystem: kind.ecosystem }),
    ...(matchName === name ? {} : { matchName }),
    ...(licence === undefined ? {} : { licence }),
    purl,
  };
}
