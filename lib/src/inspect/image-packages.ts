import type { ActiveFile } from './active-files.ts';
import { packageTypeOf } from './ecosystem.ts';
import type { Distribution, FileRecord, Package } from './inventory.ts';
import { displayPath } from './paths.ts';
import { purlOf } from './purl.ts';

type Origins = ReadonlyMap<string, number>;
type Bare = Omit<Package, 'path' | 'layer'>;

/**
 * Packages of an image in the order of their records.
 * @param origins layer of each package, by the keys of `keys`
 */
export function packagesOf(
  files: readonly ActiveFile[],
  distribution: Distribution,
  origins: Origins,
  keys: (file: ActiveFile) => readonly string[],
): Package[] {
  return files.flatMap((file) => {
    const names = keys(file);
    const path = displayPath(file.path);
    return barePackages(file.record, distribution).map((one, index) => ({
      ...one,
      path,
      layer: origins.get(names[index]!) ?? 0,
    }));
  });
}

/** One for each key of the record, in the same order. */
function barePackages(record: FileRecord, distribution: Distribution): Bare[] {
  const ecosystemFor = (type: 'deb' | 'apk'): string | undefined =>
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
  if (record.kind === 'package-json') {
    const { name, version, licence } = record;
    return [bare({ type: 'npm', name, version, licence }, distribution, { ecosystem: 'npm', name, version })];
  }
  if (record.kind !== 'go-binary') return [];
  const standard = { path: 'stdlib', version: record.go.replace(/^go/, '').split(' ')[0]! };
  return [standard, ...record.modules].map(({ path: name, version }) =>
    bare({ type: 'golang', name, version }, distribution, { ecosystem: 'Go', name, version }),
  );
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
