import { createHash } from 'node:crypto';
import { installedOnce, type InstalledPackage } from '@wharfinger/lib/assess/findings-of-image';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { chunks, idsIn, kindOf } from '../db/dialect.ts';
import type { Db } from '../db/schema.ts';
import { unpackJson } from './compressed-json.ts';
import { usePackages } from './package-use.ts';
import { ensureVersions } from './packages.ts';

/** A package of an outline: keys of its version and of itself, and the index of its layer. */
export interface OutlinePackage {
  readonly versionId: number;
  readonly installedId: number;
  readonly layer: number;
}

/**
 * Keeps what of an image findings are made of: its packages, each once, in the order in which they are found. Call it in a
 * transaction after the image was stored.
 */
export async function putOutline(trx: Db, imageId: number, inventory: ImageInventory): Promise<void> {
  const installed = installedOnce(inventory.packages);
  await usePackages(trx);
  const keys = await ensureInstalled(trx, installed);
  const packages = packOutline(
    installed.map((one) => ({ ...keys.get(installedKey(one).toString('latin1'))!, layer: one.layer })),
  );
  const ecosystems = JSON.stringify([...new Set(installed.map(({ match }) => match.ecosystem))].sort());
  await trx
    .insertInto('image_outlines')
    .values({ image_id: imageId, ecosystems, packages })
    .onConflict((conflict) => conflict.column('image_id').doUpdateSet({ ecosystems, packages }))
    .execute();
}

type Keys = Omit<OutlinePackage, 'layer'>;

async function ensureInstalled(trx: Db, installed: readonly InstalledPackage[]): Promise<Map<string, Keys>> {
  const wanted = new Map(installed.map((one) => [installedKey(one).toString('latin1'), one]));
  const known = await findInstalled(trx, wanted.keys());
  // always in one order, so that two transactions never wait for each other crosswise
  const missing = [...wanted].filter(([key]) => !known.has(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (missing.length === 0) return known;
  const { all } = await ensureVersions(
    trx,
    missing.map(([, { match }]) => match),
  );
  const versions = new Map(all.map(({ id, ...match }) => [versionText(match), id]));
  for (const part of chunks(missing)) {
    const rows = part.map(([key, { match, name, version, purl }]) => ({
      key: Buffer.from(key, 'latin1'),
      version_id: versions.get(versionText(match))!,
      name,
      version,
      purl,
    }));
    await trx
      .insertInto('installed_packages')
      .values(rows)
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
  }
  const added = await findInstalled(
    trx,
    missing.map(([key]) => key),
  );
  return new Map([...known, ...added]);
}

async function findInstalled(db: Db, wanted: Iterable<string>): Promise<Map<string, Keys>> {
  const found = new Map<string, Keys>();
  for (const keys of chunks([...wanted])) {
    const rows = await db
      .selectFrom('installed_packages')
      .select(['id', 'key', 'version_id'])
      .where(
        'key',
        'in',
        keys.map((key) => Buffer.from(key, 'latin1')),
      )
      .execute();
    for (const row of rows)
      found.set(Buffer.from(row.key).toString('latin1'), {
        versionId: row.version_id,
        installedId: row.id,
      });
  }
  return found;
}

/** What an installed package is known by, whatever layer it is in. */
export function installedKey({ match, name, version, purl }: Omit<InstalledPackage, 'layer'>): Buffer {
  const fields = [match.ecosystem, match.name, match.version, name, version, purl];
  return createHash('sha256').update(JSON.stringify(fields)).digest();
}

function versionText({ ecosystem, name, version }: InstalledPackage['match']): string {
  return JSON.stringify([ecosystem, name, version]);
}

/** Packages as outlines name them, by key. */
export async function installedPackages(
  db: Db,
  ids: readonly number[],
): Promise<Map<number, Omit<InstalledPackage, 'layer'>>> {
  const rows = await db
    .selectFrom('installed_packages')
    .innerJoin('pkg_versions', 'pkg_versions.id', 'installed_packages.version_id')
    .innerJoin('pkg_names', 'pkg_names.id', 'pkg_versions.name_id')
    .select([
      'installed_packages.id',
      'installed_packages.name',
      'installed_packages.version',
      'installed_packages.purl',
      'pkg_versions.ecosystem',
      'pkg_names.name as of',
      'pkg_versions.version as ofVersion',
    ])
    .where('installed_packages.id', 'in', idsIn(db, ids))
    .execute();
  return new Map(
    rows.map(({ id, name, version, purl, ecosystem, of, ofVersion }) => [
      id,
      { name, version, purl, match: { ecosystem, name: of, version: ofVersion } },
    ]),
  );
}

/** Differences to the one before as variable-length numbers: one byte each, where packages came together. */
export function packOutline(packages: readonly OutlinePackage[]): Uint8Array {
  const bytes: number[] = [];
  let [version, installed] = [0, 0];
  for (const { versionId, installedId, layer } of packages) {
    putNumber(bytes, zigzag(versionId - version));
    putNumber(bytes, zigzag(installedId - installed));
    putNumber(bytes, layer);
    [version, installed] = [versionId, installedId];
  }
  return Uint8Array.from(bytes);
}

/** What packOutline was given. */
export function unpackOutline(bytes: Uint8Array): OutlinePackage[] {
  const packages: OutlinePackage[] = [];
  let at = 0;
  function next(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at];
      at += 1;
      if (byte === undefined) throw new RangeError('the outline of an image ends too early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  let [version, installed] = [0, 0];
  while (at < bytes.length) {
    version += unzigzag(next());
    installed += unzigzag(next());
    packages.push({ versionId: version, installedId: installed, layer: next() });
  }
  return packages;
}

function putNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/**
 * Makes the outline of an image that has none, as those have that were inspected by an older version of this program. Call it in a
 * transaction.
 */
export async function ensureOutline(trx: Db, digest: Digest, formats: readonly number[]): Promise<void> {
  const row = await trx
    .selectFrom('images')
    .select(['id', 'inventory'])
    .where('digest', '=', digest)
    .where('format', 'in', formats)
    .$if(kindOf(trx) === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst();
  if (row) await putOutline(trx, row.id, (await unpackJson(row.inventory)) as ImageInventory);
}
