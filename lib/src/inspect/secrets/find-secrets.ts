import { fileKey, type FileHistory } from '../contamination/file-history.ts';
import type { FileRecord } from '../file-facts.ts';
import type { LayerInventory } from '../inventory.ts';
import { decodePaths, eachEntry, TreeColumns } from '../layer-tree.ts';
import { isOfDistribution } from '../contamination/vendors.ts';
import type { PackageOwner } from '../packages/package-types.ts';
import type { SecretList } from './image-secrets.ts';

/** A layer in its place. */
interface Placed {
  readonly inventory: LayerInventory;
  readonly layer: number;
}

type SecretRecord = Extract<FileRecord, { kind: 'secrets' }>;

/**
 * Lists the secrets in the files of all layers, those included that a later layer took away: their bytes are pulled all the same.
 * What a package of the distribution brought, and is as it brought it, is in the hands of everybody and no secret.
 *
 * @param history undefined: the files were too many to be followed
 * @param isOwn whether a package of the distribution brought the file as it is
 */
export function findSecrets(
  layers: readonly Placed[],
  history: FileHistory | undefined,
  isOwn: (layer: number, entry: number) => boolean,
  list: SecretList,
): void {
  const wanted = new Map<number, SecretRecord>();
  for (const { inventory, layer } of layers) {
    for (const record of inventory.records)
      if (record.kind === 'secrets') wanted.set(fileKey(layer, record.entry), record);
  }
  if (wanted.size === 0) return;
  const live = new Map<number, string>();
  history?.tree.each((path, node) => {
    if (node.kind !== 'file' || node.entry === undefined) return;
    const key = fileKey(node.layer, node.entry);
    const known = live.get(key);
    if (wanted.has(key) && (known === undefined || path < known)) live.set(key, path);
  });
  const own = ownPackages(layers);
  const followed = history !== undefined && !history.tree.exhausted;
  for (const { inventory, layer } of layers) {
    const records = inventory.records.filter((record) => record.kind === 'secrets');
    if (records.length === 0) continue;
    const paths = pathsOf(inventory, new Set(records.map(({ entry }) => entry)));
    for (const record of records) {
      const path = paths.get(record.entry)!;
      const at = live.get(fileKey(layer, record.entry));
      if (
        at === undefined
          ? wasRecorded(layers, own, inventory, path, record.entry)
          : isOwn(layer, record.entry)
      )
        continue;
      if (record.more > 0) list.lacks('a file or layer holds more than are listed');
      for (const hit of record.hits) {
        const deleted = followed && at === undefined ? { deleted: true as const } : {};
        list.add({ ...hit, where: 'file', path: at ?? path, layer, ...deleted });
      }
    }
  }
}

function pathsOf({ tree }: LayerInventory, entries: ReadonlySet<number>): ReadonlyMap<number, string> {
  const paths = new Map<number, string>();
  eachEntry(tree, (index, path) => {
    if (entries.has(index)) paths.set(index, path);
  });
  return paths;
}

/** The packages that the distribution itself made, of all that any layer had. */
function ownPackages(layers: readonly Placed[]): ReadonlySet<string> {
  const own = new Set<string>();
  const foreign = new Set<string>();
  for (const { inventory } of layers) {
    for (const record of inventory.records) {
      if (record.kind !== 'dpkg' && record.kind !== 'apk' && record.kind !== 'rpm') continue;
      const type = record.kind === 'dpkg' ? 'deb' : record.kind;
      for (const one of record.packages) {
        const keys = 'architecture' in one ? [one.name, `${one.name}:${one.architecture}`] : [one.name];
        for (const name of keys) (isOfDistribution(type, one) ? own : foreign).add(ownerKey({ type, name }));
      }
    }
  }
  return own.difference(foreign);
}

function ownerKey({ type, name }: PackageOwner): string {
  return `${type} ${name}`;
}

/** True if a package of the distribution, of any version that a layer had, recorded just this content at the path. */
function wasRecorded(
  layers: readonly Placed[],
  own: ReadonlySet<string>,
  inventory: LayerInventory,
  path: string,
  entry: number,
): boolean {
  const columns = new TreeColumns(inventory.tree);
  for (const { inventory: other } of layers) {
    for (const record of other.records) {
      if (record.kind !== 'recorded-files' || !own.has(ownerKey(record.owner))) continue;
      const { algorithm } = record;
      if (algorithm === undefined || algorithm === 'sha512') continue;
      let index = 0;
      for (const recorded of decodePaths(record.paths)) {
        if (recorded === path) {
          const digest = columns.digest(entry, algorithm)?.toString('base64').replace(/=+$/, '');
          if (digest !== undefined && digest === record.digests[index]) return true;
        }
        index += 1;
      }
    }
  }
  return false;
}
