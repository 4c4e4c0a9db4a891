import type { FileHistory } from '../contamination/file-history.ts';
import type { FileRecord } from '../file-facts.ts';
import type { LayerInventory } from '../inventory.ts';
import { displayPath } from '../paths.ts';
import { loginKinds, type Login, type LoginKind } from './account-facts.ts';

/** A way into an image that lies in it. */
export interface ImageLogin extends Login {
  /** of the file that says so, escaped for display */
  readonly path: string;
  /** index of the layer since which it is so, from 0 */
  readonly layer: number;
}

/** Who can log in wherever the image runs, by what lies in it. */
export interface ImageAccounts {
  /** false: there is something that could not be read */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind */
  readonly counts: Readonly<Record<LoginKind, number>>;
  /** the first of each kind, in the order of the kinds, files and accounts */
  readonly found: readonly ImageLogin[];
}

/** Logins of one kind that are listed. */
export const listedLogins = 100;

/** A layer in its place. */
interface Placed {
  readonly inventory: LayerInventory;
  readonly layer: number;
}

type AccountRecord = Extract<FileRecord, { kind: 'accounts' }>;

/** Where SSH looks for keys in a home. */
const keyFiles = ['.ssh/authorized_keys', '.ssh/authorized_keys2'];
/** Where keys lie for whoever is named by the file. */
const keyFolders = /^etc\/(?:ssh|dropbear)\//;

/**
 * Says who can log in by what lies in the merged file system. What packages of the distribution brought counts too: an account that
 * needs no password lets in whoever made it.
 *
 * @param history undefined: the files were too many to be followed
 * @param complete false: a layer could not be read whole
 */
export function findAccounts(
  layers: readonly Placed[],
  history: FileHistory | undefined,
  complete: boolean,
): ImageAccounts {
  const reasons = new Set<string>(complete ? [] : ['a layer could not be read whole']);
  const found = new Map<string, ImageLogin>();
  if (history === undefined) reasons.add('its files were too many to be followed');
  else {
    const reader = new Reader(layers, history, reasons, found);
    const homes = reader.read('etc/passwd')?.homes ?? [];
    reader.read('etc/shadow');
    // Several accounts may share a home: then all of them are let in.
    for (const { account, home } of [{ account: 'root', home: 'root' }, ...homes])
      for (const file of keyFiles) reader.read(`${home}/${file}`, account);
    for (const path of reader.paths()) {
      if (keyFolders.test(path)) reader.read(path, path.slice(path.lastIndexOf('/') + 1));
    }
  }
  return summary(found, reasons);
}

/** Reads files of the merged file system that say who may log in. */
class Reader {
  readonly #layers: readonly Placed[];
  readonly #history: FileHistory;
  readonly #reasons: Set<string>;
  readonly #found: Map<string, ImageLogin>;

  constructor(
    layers: readonly Placed[],
    history: FileHistory,
    reasons: Set<string>,
    found: Map<string, ImageLogin>,
  ) {
    this.#layers = layers;
    this.#history = history;
    this.#reasons = reasons;
    this.#found = found;
  }

  /** Paths of all files that were read for it, in any layer. */
  paths(): ReadonlySet<string> {
    return new Set(
      this.#layers.flatMap(({ inventory }) => inventory.records.filter(isAccounts).map(({ of }) => of)),
    );
  }

  /**
   * Takes in what the file at a path says, links followed.
   * @param account whose keys it holds; undefined: it names accounts itself
   */
  read(path: string, account?: string): AccountRecord | undefined {
    const { node, looped } = this.#history.tree.walk(path);
    if (looped) this.#reasons.add(`${displayPath(path)} is a loop of links`);
    if (node?.kind !== 'file') return undefined;
    const record = node.records.find(isAccounts);
    if (record === undefined) {
      const size = node.entry === undefined ? 0 : this.#history.columns[node.layer]?.size(node.entry);
      // An empty file says nothing. What another file says in its place was not read as what it is then.
      if (size !== 0)
        this.#reasons.add(`${displayPath(path)} leads to a file that was not read for accounts`);
      return undefined;
    }
    if (record.lacks !== undefined) this.#reasons.add(`${displayPath(path)}: ${record.lacks}`);
    for (const login of record.logins) {
      const one = {
        ...login,
        account: displayPath(account ?? login.account),
        path: displayPath(path),
        layer: this.#since(record, login, node.layer),
      };
      this.#found.set(JSON.stringify([one.kind, one.account, one.path]), one);
    }
    return record;
  }

  /** The lowest layer since which the file says so: those that add an account write all others anew. */
  #since({ of }: AccountRecord, login: Login, layer: number): number {
    let since = layer;
    for (const { inventory, layer: below } of this.#layers.toReversed()) {
      if (below >= layer) continue;
      const before = inventory.records.findLast((record) => isAccounts(record) && record.of === of);
      if (before === undefined || !isAccounts(before)) continue;
      if (!before.logins.some((one) => isSame(one, login))) break;
      since = below;
    }
    return since;
  }
}

function isAccounts(record: FileRecord): record is AccountRecord {
  return record.kind === 'accounts';
}

function isSame(one: Login, other: Login): boolean {
  return one.kind === other.kind && one.account === other.account && one.detail === other.detail;
}

function summary(found: ReadonlyMap<string, ImageLogin>, reasons: ReadonlySet<string>): ImageAccounts {
  const byKind = Map.groupBy(found.values(), ({ kind }) => kind);
  const of = (kind: LoginKind): readonly ImageLogin[] => byKind.get(kind) ?? [];
  const reason = [...reasons].slice(0, 5).join('; ');
  return {
    complete: reasons.size === 0,
    ...(reason === '' ? {} : { reason }),
    counts: Object.fromEntries(loginKinds.map((kind) => [kind, of(kind).length])) as ImageAccounts['counts'],
    found: loginKinds.flatMap((kind) =>
      of(kind)
        .toSorted((a, b) => order(a.path, b.path) || order(a.account, b.account))
        .slice(0, listedLogins),
    ),
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
