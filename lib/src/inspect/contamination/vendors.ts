import type { ApkPackage, DpkgPackage, RpmPackage } from '../file-facts.ts';

/** Domains of those who maintain packages of distributions of dpkg. */
const domains =
  /(?:^|[@.])(?:debian\.org|debian\.net|ubuntu\.com|canonical\.com|launchpad\.net|kali\.org|devuan\.org)$/i;

/** What distributions of rpm call themselves as vendors. */
const vendors =
  /^(?:Red Hat, Inc\.|Fedora Project|CentOS|AlmaLinux|Rocky(?: Enterprise Software Foundation)?|Oracle America|SUSE |openSUSE|Amazon(?:\.com| Linux)|VMware, Inc\.|Microsoft Corporation)/;

/**
 * Whether a distribution made the package, or somebody else for it: no advisories of a distribution are about packages of others,
 * so that what lies in them must be looked for in those of its language. What cannot be told counts as made by others.
 */
export function isOfDistribution(
  type: 'deb' | 'apk' | 'rpm',
  one: DpkgPackage | ApkPackage | RpmPackage,
): boolean {
  if (type === 'deb') return domains.test(('maintainer' in one ? one.maintainer : undefined) ?? '');
  if (type === 'rpm') return vendors.test(('vendor' in one ? one.vendor : undefined) ?? '');
  // Of apk, packages do not say it.
  return true;
}
