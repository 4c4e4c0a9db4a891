/** Types of packages, as package URLs name them (purl-spec, "Known types"). */
export const packageTypes = [
  'deb',
  'apk',
  'rpm',
  'npm',
  'golang',
  'pypi',
  'maven',
  'gem',
  'composer',
  'cargo',
  'nuget',
  'bitnami',
  'generic',
] as const;

export type PackageType = (typeof packageTypes)[number];

/** True for packages that a distribution's own package manager installs. */
export function isOfSystem(type: PackageType): boolean {
  return type === 'deb' || type === 'apk' || type === 'rpm';
}

/** A package that owns files, as its own record names it. */
export interface PackageOwner {
  readonly type: PackageType;
  readonly name: string;
}
