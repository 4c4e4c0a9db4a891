import type { ActiveFile } from './active-files.ts';
import type { Problem, RemovedPackage } from './inventory.ts';
import type { PackageType } from './packages/package-types.ts';

/** Removals that are told of one image; of more their number is. */
const mostRemoved = 5000;

interface Recorded {
  readonly type: PackageType;
  readonly name: string;
  readonly version: string;
}

type KeysOf = (file: ActiveFile) => readonly string[];

/** Collects which packages a layer took away, or brought in another version, while layers are laid upon each other. */
export class Removals {
  readonly #keysOf: KeysOf;
  readonly #removed: RemovedPackage[] = [];
  #more = 0;
  #before: ReadonlyMap<string, Recorded> = new Map();

  /** @param keysOf what identifies each package of a record */
  constructor(keysOf: KeysOf) {
    this.#keysOf = keysOf;
  }

  /**
   * Notes what is there once a layer was laid upon the others.
   * @param origins layer of each package that was there before, by its key
   */
  note(files: readonly ActiveFile[], origins: ReadonlyMap<string, number>, layer: number): void {
    const now = new Map<string, Recorded>();
    for (const file of files) {
      const keys = this.#keysOf(file);
      for (const [index, one] of recordedIn(file).entries()) now.set(keys[index]!, one);
    }
    const come = new Map<string, string>();
    const moved = new Set<string>();
    for (const [key, { type, name, version }] of now) {
      if (this.#before.has(key)) continue;
      come.set(`${type} ${name}`, version);
      moved.add(`${type} ${name} ${version}`);
    }
    for (const [key, one] of this.#before) {
      // What lies elsewhere now was not taken away.
      if (now.has(key) || moved.has(`${one.type} ${one.name} ${one.version}`)) continue;
      if (this.#removed.length === mostRemoved) {
        this.#more += 1;
        continue;
      }
      const { type, name, version } = one;
      const replacedBy = come.get(`${type} ${name}`);
      this.#removed.push({
        type,
        name,
        version,
        layer: origins.get(key) ?? 0,
        removedIn: layer,
        ...(replacedBy !== undefined && { replacedBy }),
      });
    }
    this.#before = now;
  }

  /** What was taken away, in the order of layers, but for what a still later layer brought back. */
  get packages(): readonly RemovedPackage[] {
    const there = new Set<string>();
    for (const { type, name, version } of this.#before.values()) there.add(`${type} ${name} ${version}`);
    return this.#removed.filter(({ type, name, version }) => !there.has(`${type} ${name} ${version}`));
  }

  /** Says so where more were taken away than are told. */
  get problems(): readonly Problem[] {
    if (this.#more === 0) return [];
    const message = `${this.#more} more packages than are told were removed or replaced by later layers`;
    return [{ code: 'too-many-entries', message, hides: false }];
  }
}

/** The packages of a record, one for each of its keys. */
function recordedIn({ record }: ActiveFile): readonly Recorded[] {
  if (record.kind === 'packages') return record.packages;
  const { kind } = record;
  if (kind !== 'dpkg' && kind !== 'apk' && kind !== 'rpm' && kind !== 'rpm-journal') return [];
  const type = kind === 'dpkg' ? 'deb' : kind === 'apk' ? 'apk' : 'rpm';
  return record.packages.map(({ name, version }) => ({ type, name, version }));
}
