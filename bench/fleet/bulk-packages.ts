import { ecosystemBase } from '@wharfinger/lib/advisories/ecosystem';
import { installedOnce, type InstalledPackage } from '@wharfinger/lib/assess/findings-of-image';
import type { Package } from '@wharfinger/lib/inspect/inventory';
import type { Db } from '../../server/src/db/schema.ts';
import { installedKey, type OutlinePackage } from '../../server/src/stores/image-outlines.ts';
import { licenceTerms } from '../../server/src/stores/licence-terms.ts';
import { groupsOf, type Group, type Grouped } from '../../server/src/stores/package-groups.ts';
import type { StoredVersion } from '../../server/src/stores/packages.ts';
import type { BulkRows, ColumnType } from './bulk-rows.ts';

/** The tables of packages, and their columns. */
export const packageTables: Readonly<Record<string, Readonly<Record<string, ColumnType>>>> = {
  pkg_names: { id: 'integer', ecosystem: 'text', name: 'text' },
  pkg_versions: { id: 'integer', name_id: 'integer', ecosystem: 'text', version: 'text' },
  packages: {
    id: 'integer',
    key: 'bytes',
    version_id: 'integer',
    name: 'text',
    version: 'text',
    purl: 'text',
    licence: 'text',
  },
  package_licences: { term: 'text', package_id: 'integer' },
  package_groups: { id: 'integer', digest: 'bytes' },
  group_packages: { package_id: 'integer', group_id: 'integer' },
  installed_packages: {
    id: 'integer',
    key: 'bytes',
    version_id: 'integer',
    name: 'text',
    version: 'text',
    purl: 'text',
  },
};

/** What is stored of the packages of a layer. */
export interface StoredLayer {
  readonly groups: readonly number[];
  readonly outline: readonly OutlinePackage[];
  /** the packages as JSON, without the brackets around them */
  readonly json: string;
  readonly ecosystems: readonly string[];
}

/** Gives packages their keys, each once for the whole fleet. */
export interface PackageKeys {
  /** @param packages the same list for the same packages */
  layer(packages: readonly Package[]): StoredLayer;
  /** Versions that are new since this was last asked. */
  newVersions(): StoredVersion[];
}

/** @throws Error where there are packages already: their keys are not known here */
export async function openPackageKeys(db: Db, rows: BulkRows): Promise<PackageKeys> {
  const present = await db.selectFrom('pkg_versions').select('id').limit(1).execute();
  if (present.length > 0) throw new Error('a fleet is written into a database that has no packages');
  // advisories that were imported before have made some
  const known = await db.selectFrom('pkg_names').select(['id', 'ecosystem', 'name']).execute();
  const names = new Map(known.map(({ id, ecosystem, name }) => [`${ecosystem}\n${name}`, id]));
  let lastName = Math.max(0, ...names.values());
  const versions = new Map<string, number>();
  const packages = new Map<string, number>();
  const installed = new Map<string, OutlinePackage>();
  const groups = new Map<string, number>();
  const layers = new WeakMap<readonly Package[], StoredLayer>();
  let added: StoredVersion[] = [];

  function versionOf({ ecosystem, name, version }: Grouped['match']): number {
    const base = ecosystemBase(ecosystem);
    const named = `${base}\n${name}`;
    let nameId = names.get(named);
    if (nameId === undefined) {
      names.set(named, (nameId = lastName += 1));
      rows.add('pkg_names', nameId, base, name);
    }
    const text = `${nameId}\n${ecosystem}\n${version}`;
    let id = versions.get(text);
    if (id === undefined) {
      versions.set(text, (id = versions.size + 1));
      rows.add('pkg_versions', id, nameId, ecosystem, version);
      added.push({ id, nameId, ecosystem, name, version });
    }
    return id;
  }

  function packageOf({ key, match, name, version, purl, licence }: Grouped): number {
    const hex = key.toString('hex');
    let id = packages.get(hex);
    if (id === undefined) {
      packages.set(hex, (id = packages.size + 1));
      rows.add('packages', id, hex, versionOf(match), name, version, purl, licence);
      for (const term of licenceTerms(licence)) rows.add('package_licences', term, id);
    }
    return id;
  }

  function groupOf({ digest, packages: inside }: Group): number {
    const hex = digest.toString('hex');
    let id = groups.get(hex);
    if (id === undefined) {
      groups.set(hex, (id = groups.size + 1));
      rows.add('package_groups', id, hex);
      for (const one of inside) rows.add('group_packages', packageOf(one), id);
    }
    return id;
  }

  /** In a fleet one package URL is one package. */
  function outlineOf(one: InstalledPackage): OutlinePackage {
    let found = installed.get(one.purl);
    if (!found) {
      const [installedId, versionId] = [installed.size + 1, versionOf(one.match)];
      installed.set(one.purl, (found = { versionId, installedId, layer: 0 }));
      const { name, version, purl } = one;
      rows.add(
        'installed_packages',
        installedId,
        installedKey(one).toString('hex'),
        versionId,
        name,
        version,
        purl,
      );
    }
    return { ...found, layer: one.layer };
  }

  return {
    layer(ofLayer) {
      let stored = layers.get(ofLayer);
      if (!stored) {
        const once = installedOnce(ofLayer);
        stored = {
          groups: groupsOf(ofLayer).map(groupOf),
          outline: once.map(outlineOf),
          json: JSON.stringify(ofLayer).slice(1, -1),
          ecosystems: [...new Set(once.map(({ match }) => match.ecosystem))],
        };
        layers.set(ofLayer, stored);
      }
      return stored;
    },
    newVersions() {
      const taken = added;
      added = [];
      return taken;
    },
  };
}
