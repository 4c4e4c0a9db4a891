import { PackageURL } from 'packageurl-js';
import type { Distribution, Package } from './inventory.ts';
import { isOfSystem } from './packages/package-types.ts';

/** What identifies a package. */
export interface PurlParts {
  readonly type: Package['type'];
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
}

/**
 * The package URL (purl-spec) of a package; those of a distribution name it and its release, as scanners do:
 * `pkg:deb/debian/curl@7.88.1-10+deb12u4?arch=amd64&distro=debian-12`. What cannot have one of its type has a generic one.
 */
export function purlOf(
  { type, name, version, architecture }: PurlParts,
  distribution?: Distribution,
): string {
  // Those of Maven have a colon between the group and the artifact, and are none without a group.
  const slash = type === 'maven' ? name.indexOf(':') : name.lastIndexOf('/');
  // The type `rpm` has the epoch outside of the version.
  const [, epoch, rest] = (type === 'rpm' ? /^(\d+):(.*)$/.exec(version) : null) ?? [];
  const shown = rest ?? version;
  const ofSystem = isOfSystem(type);
  const namespace = ofSystem ? distribution?.id : slash < 0 ? undefined : name.slice(0, slash);
  const bare = ofSystem ? name : name.slice(slash + 1);
  const release = distribution?.version === undefined ? '' : `-${distribution.version}`;
  const qualifiers = ofSystem
    ? {
        ...(architecture === undefined ? {} : { arch: architecture }),
        ...(distribution === undefined ? {} : { distro: `${distribution.id}${release}` }),
        ...(epoch === undefined ? {} : { epoch }),
      }
    : undefined;
  try {
    return new PackageURL(type, namespace, bare, shown, qualifiers, undefined).toString();
  } catch {
    // Names that the specification of the type forbids still stand on disks.
    const some = name.trim() === '' ? 'unnamed' : name.toWellFormed();
    return new PackageURL('generic', undefined, some, shown.toWellFormed(), undefined, undefined).toString();
  }
}
