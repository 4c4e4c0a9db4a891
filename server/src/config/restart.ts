import { settingsByVariable } from './environment.ts';
import type { LoadedConfig } from './load.ts';
import { configSchema } from './schema.ts';

/** What is put in force as soon as it is read: whole sections, and settings of others. */
const atOnce: ReadonlySet<string> = new Set([
  'users',
  'namespaces',
  'trust',
  'sigstoreRoots',
  'trustStores',
  'certificateRevocations',
  'custody',
  'grantRules',
  'advisories',
  'publicUrl',
  'probes.run',
  'scanners.run',
]);

/** Names of the settings in which `read` differs from what the server started with, and which need a new start. */
export function settingsForNextStart(started: LoadedConfig, read: LoadedConfig): string[] {
  return [...settingsByVariable(configSchema).values()]
    .map(({ path }) => path)
    .filter((path) => !atOnce.has(path[0]!) && !atOnce.has(path.join('.')))
    .filter((path) => valueAt(started, path) !== valueAt(read, path))
    .map((path) => path.join('.'));
}

/** The value of a setting that is no list. */
function valueAt(config: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}
