import type { ActiveFile } from './active-files.ts';
import { packageTypeOf, type SystemType } from './ecosystem.ts';
import type { FileRecord, LicenceText, RecordedPackage } from './file-facts.ts';
import type { Distribution, Package } from './inventory.ts';
import type { ImageLicences } from './licences/image-licences.ts';
import { moduleOfPackage, withModule } from './module-streams.ts';
import type { PackageOwner } from './packages/package-types.ts';
import { displayPath } from './paths.ts';
import { purlOf } from './purl.ts';

type Origins = ReadonlyMap<string, number>;
type Bare = Omit<Package, 'path' | 'layer'> & {
  readonly inside?: string;
  readonly licenceText?: LicenceText;
};

/**
 * Packages of an image in the order of their records.
 * @param origins layer of each package, by the keys of `keys`
 * @param licences finds what they are under
 * @param ownerAt whose the file at a path is, if it is what a distribution's package brought
 */
export function packagesOf(
  files: readonly ActiveFile[],
  distribution: Distribution,
  origins: Origins,
  keys: (file: ActiveFile) => readonly string[],
  ownerAt: (path: string) => PackageOwner | undefined,
  licences: ImageLicences,
): Package[] {
  return files.flatMap((file) => {
    const names = keys(file);
    const path = displayPath(file.path);
    const owner = file.record.kind === 'packages' ? ownerAt(file.path) : undefined;
    return barePackages(file.record, distribution).map(({ inside, licenceText, ...one }, index) => ({
      ...one,
      ...licences.of(one, file.path, licenceText),
      ...(owner === undefined ? {} : { owner, match: { ...one.match, ecosystem: undefined } }),
      path: inside === undefined ? path : `${path}!/${displayPath(inside)}`,
      layer: origins.get(names[index]!) ?? 0,
    }));
  });
}

/** One for each key of the record, in the same order. */
function barePackages(record: FileRecord, distribution: Distribution): Bare[] {
  const ecosystemFor = (type: SystemType): string | undefined =>
    packageTypeOf(distribution.id) === type ? distribution.ecosystem : undefined;
  if (record.kind === 'dpkg') {
    return record.packages.map(({ name, version, architecture, source, sourceVersion }) => {
      const match = { ecosystem: ecosystemFor('deb'), name: source, version: sourceVersion };
      return bare({ type: 'deb', name, version, architecture }, distribution, match);
    });
  }
  if (record.kind === 'apk') {
    return record.packages.map(({ name, version, architecture, origin, licence }) => {
      const match = { ecosystem: ecosystemFor('apk'), name: origin, version };
      return bare({ type: 'apk', name, version, architecture, licence }, distribution, match);
    });
  }
  if (record.kind === 'rpm' || record.kind === 'rpm-journal') {
    return record.packages.map(({ name, version, architecture, licence, module }) => {
      const ecosystem = ecosystemFor('rpm');
      const of = ecosystem === undefined ? undefined : moduleOfPackage(ecosystem, version, module);
      const match = {
        ecosystem: ecosystem === undefined ? undefined : withModule(ecosystem, of),
        name,
        version,
      };
      return bare({ type: 'rpm', name, version, architecture, licence }, distribution, match);
    });
  }
  return record.kind === 'packages' ? record.packages.map((one) => recorded(one, distribution)) : [];
}

function recorded(one: RecordedPackage, distribution: Distribution): Bare {
  const { type, name, version, licence, licenceText, purl, inside } = one;
  const match = { ecosystem: one.ecosystem, name: one.matchName ?? name, version };
  return {
    ...bare({ type, name, version, licence }, distribution, match),
    ...(purl === undefined ? {} : { purl }),
    ...(inside === undefined ? {} : { inside }),
    ...(licenceText === undefined ? {} : { licenceText }),
  };
}

interface Parts {
  readonly type: Package['type'];
  readonly name: string;
  readonly version: string;
  readonly architecture?: string | undefined;
  readonly licence?: string | undefined;
}

function bare(parts: Parts, distribution: Distribution, match: Package['match']): Bare {
  const { type, name, version, architecture, licence } = parts;
  const identified = { type, name, version, ...(architecture === undefined ? {} : { architecture }) };
  return {
    ...identified,
    match,
    purl: purlOf(identified, distribution),
    ...(licence === undefined ? {} : { licence }),
  };
}
