import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { isFields } from './json-fields.ts';
import type { TarEntry } from './tar/reader.ts';

const require = createRequire(import.meta.url);

/** Loaded where a chart comes by: it takes a quarter of the time in which all the rest is loaded. */
function readYaml(text: string): unknown {
  const { parse } = require('yaml') as typeof Yaml;
  return parse(text, { maxAliasCount: 20, logLevel: 'silent' });
}

/**
 * Watches whether an archive is a Helm chart and nothing that could be run as an image: only directories and regular
 * files, all below one top folder, none with an execute bit, none an ELF file or a script with an interpreter, no
 * whiteout, and a Chart.yaml in the top folder with `apiVersion`, `version` and a `name` equal to the folder's. That is
 * what `helm package` writes; whatever differs is a file system.
 */
export class ChartWatch {
  #possible = true;
  #folder: string | undefined;
  #described = false;

  /** Looks at an entry; `path` is normalized. */
  entry(entry: TarEntry, path: string): void {
    if (!this.#possible) return;
    const [folder = '', ...rest] = path.split('/');
    this.#folder ??= folder;
    const isPlain = entry.type === 'directory' || (entry.type === 'file' && (entry.mode & 0o111) === 0);
    const isBelow =
      folder !== '' && folder === this.#folder && (rest.length > 0 || entry.type === 'directory');
    const hasWhiteout = path.includes('.wh.');
    if (!isPlain || !isBelow || hasWhiteout || entry.name.startsWith('/') || entry.name.includes('..')) {
      this.#possible = false;
    }
  }

  executable(): void {
    this.#possible = false;
  }

  /** Content of a Chart.yaml one folder below the root. */
  chartFile(path: string, bytes: Buffer): void {
    try {
      const fields = readYaml(bytes.toString('utf8'));
      const isNamed = isFields(fields) && `${String(fields['name'])}/Chart.yaml` === path;
      this.#described =
        isNamed && [fields['apiVersion'], fields['version']].every((one) => typeof one === 'string');
    } catch {
      this.#described = false;
    }
  }

  get isChart(): boolean {
    return this.#possible && this.#described;
  }
}
