import type { FileRecord, RecordedFiles } from '../file-facts.ts';
import type { MergedNode, MergedTree, NotedFile } from '../merged-tree.ts';
import { chiselManifest } from '../packages/chisel.ts';
import { isOfSystem, type PackageOwner } from '../packages/package-types.ts';

/** What a package's record says of its files, where its package manager looks for it. */
export interface CountingRecord {
  /**
   * Tells packages apart: of system packages their type and name, where dpkg's records name an architecture with it; of others the
   * place of the record as well.
   */
  readonly key: string;
  /** of a package that the distribution's package manager installed */
  readonly ofSystem: boolean;
  readonly node: NotedFile;
  readonly files: RecordedFiles;
}

const databases = ['var/lib/dpkg/status', 'lib/apk/db/installed', 'usr/lib/apk/db/installed', chiselManifest];

/** Folders of which every file may be a record, by what their names end with. */
const folders: ReadonlyArray<readonly [path: string, name: RegExp]> = [
  ['var/lib/dpkg/info', /\.(?:list|md5sums|conffiles)$/],
  ['var/lib/dpkg/status.d', /(?:)/],
  ['var/lib/rpm', /^(?:Packages|Packages\.db|rpmdb\.sqlite)$/],
  ['usr/lib/sysimage/rpm', /^(?:Packages|Packages\.db|rpmdb\.sqlite)$/],
  ['usr/share/rpm', /^(?:Packages|Packages\.db|rpmdb\.sqlite)$/],
];

/** Everything that packages say of their files, links followed inside the root. */
export function countingRecords(tree: MergedTree): CountingRecord[] {
  const found: CountingRecord[] = [];
  const seen = new Set<MergedNode>();
  const take = (node: MergedNode | undefined, name?: string): void => {
    if (node?.kind !== 'file' || seen.has(node)) return;
    seen.add(node);
    for (const record of node.records) {
      if (isRecord(record) && isOfSystem(record.owner.type))
        found.push({
          key: systemKey({ ...record.owner, ...(name === undefined ? {} : { name }) }),
          ofSystem: true,
          node,
          files: record,
        });
    }
  };
  for (const path of databases) take(tree.walk(path).node);
  for (const [path, shape] of folders) {
    const { node } = tree.walk(path);
    if (node?.kind !== 'folder') continue;
    for (const name of node.children.keys()) {
      if (!shape.test(name)) continue;
      // Of a package that is installed for several architectures, each has records of its own.
      const base = path === 'var/lib/dpkg/info' ? name.slice(0, name.lastIndexOf('.')) : undefined;
      take(tree.walk(`${path}/${name}`).node, base);
    }
  }
  tree.each((path, node) => {
    if (node.kind !== 'file') return;
    for (const record of node.records) {
      if (!isRecord(record) || isOfSystem(record.owner.type)) continue;
      const { type, name } = record.owner;
      found.push({ key: JSON.stringify([type, name, path]), ofSystem: false, node, files: record });
    }
  });
  return found;
}

function isRecord(record: FileRecord): record is Extract<FileRecord, { kind: 'recorded-files' }> {
  return record.kind === 'recorded-files';
}

/** The key of a package of a distribution. */
export function systemKey({ type, name }: PackageOwner): string {
  return JSON.stringify([type, name]);
}
