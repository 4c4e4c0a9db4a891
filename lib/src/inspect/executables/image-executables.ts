import type { FileRecord } from '../file-facts.ts';
import type { PackageOwner } from '../packages/package-types.ts';
import { displayPath } from '../paths.ts';
import type { ExecutableFacts } from './executable-facts.ts';

/** An executable of an image, as it describes itself. Texts of the file are escaped for display. */
export interface ImageExecutable extends ExecutableFacts {
  readonly path: string;
  /** index of the layer, from 0 */
  readonly layer: number;
  /** whose it is, where it is not what that package brought, or the package is none of the distribution */
  readonly package?: PackageOwner;
}

/** The executables of an image, libraries included. */
export interface ImageExecutables {
  readonly all: number;
  /** those that are no packages' of the distribution, or not as those brought them */
  readonly foreign: number;
  /** the first of the foreign ones, in the order of their paths */
  readonly files: readonly ImageExecutable[];
}

/** Foreign executables that are listed, and characters that they may have together. */
export const listedExecutables = 1000;
const mostText = 1024 ** 2;

/** Collects the executables of an image. */
export class ExecutableList {
  #all = 0;
  #foreign = 0;
  readonly #files: ImageExecutable[] = [];

  /**
   * @param isOwn a package of the distribution brought it as it is
   * @param owner whose it is, if anybody's
   */
  add(
    path: string,
    layer: number,
    records: readonly FileRecord[],
    isOwn: boolean,
    owner?: PackageOwner,
  ): void {
    for (const record of records) {
      if (record.kind !== 'executable') continue;
      this.#all += 1;
      if (isOwn) continue;
      this.#foreign += 1;
      const { kind: _kind, entry: _entry, ...facts } = record;
      this.#files.push({
        path: displayPath(path),
        layer,
        ...shown(facts),
        ...(owner === undefined ? {} : { package: owner }),
      });
      if (this.#files.length >= 10 * listedExecutables) keepFirst(this.#files);
    }
  }

  finish(): ImageExecutables {
    keepFirst(this.#files);
    let size = 0;
    const files = this.#files.filter((file) => (size += JSON.stringify(file).length) <= mostText);
    return { all: this.#all, foreign: this.#foreign, files };
  }
}

function keepFirst(files: ImageExecutable[]): void {
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  files.splice(listedExecutables);
}

function shown(facts: ExecutableFacts): ExecutableFacts {
  const { interpreter, needed, rpath, runpath } = facts;
  return {
    ...facts,
    ...(interpreter === undefined ? {} : { interpreter: displayPath(interpreter) }),
    ...(needed === undefined ? {} : { needed: needed.map(displayPath) }),
    ...(rpath === undefined ? {} : { rpath: displayPath(rpath) }),
    ...(runpath === undefined ? {} : { runpath: displayPath(runpath) }),
  };
}
