import { isFields, type Fields } from '../json-fields.ts';
import type { RecordedPackage } from '../file-facts.ts';
import type { PackageFormat } from './formats.ts';
import { isPlainWord } from './plain-text.ts';
import { isText, tellOfRecord, type ReadRecord } from './recorded-json.ts';

const dependenciesStart = /^\s*\{\s*"runtimeTarget"\s*:/;
const lockStart = /^\s*\{\s*"version"\s*:\s*[0-9]+\s*,\s*"dependencies"\s*:/;
/** What of a package takes part when the program runs, as the target names it. */
const assets = ['runtime', 'native', 'runtimeTargets', 'resources'] as const;
const runtimePack = 'runtimepack.';

/**
 * Reads a `<program>.deps.json` (.NET, "runtime configuration files"): libraries of type `package`, and the packs of the runtime that a
 * self-contained program brings, under the names of their packages. A package of which nothing was put beside the program, because
 * the compiler alone needed it or the runtime has a newer one, is not part of it.
 * @returns undefined where it is no such file
 */
function readDependencies(value: unknown): ReadRecord | undefined {
  if (!isFields(value)) return undefined;
  const { libraries } = value;
  if (!isFields(libraries)) return undefined;
  const target = runtimeTargetOf(value);
  const packages: RecordedPackage[] = [];
  let broken = 0;
  for (const [key, library] of Object.entries(libraries)) {
    const type = isFields(library) ? library['type'] : undefined;
    // .NET compares in small letters.
    const kind = isText(type) ? type.toLowerCase() : undefined;
    if (kind === undefined) broken += 1;
    else if (kind === 'package' || kind === 'runtimepack') {
      if (target !== undefined && !hasAssets(target[key])) continue;
      const slash = key.indexOf('/');
      const name = key.slice(0, Math.max(slash, 0));
      const version = key.slice(slash + 1);
      if (!isPlainWord(name) || !isPlainWord(version)) broken += 1;
      else
        packages.push(nuget(name.startsWith(runtimePack) ? name.slice(runtimePack.length) : name, version));
    }
  }
  return { packages, broken };
}

/** What the program runs with; undefined where that is not told, so that every library counts. */
function runtimeTargetOf(value: Fields): Fields | undefined {
  const { runtimeTarget, targets } = value;
  const name = isFields(runtimeTarget) ? runtimeTarget['name'] : runtimeTarget;
  const target =
    isFields(targets) && isText(name) && Object.hasOwn(targets, name) ? targets[name] : undefined;
  return isFields(target) && Object.keys(target).length > 0 ? target : undefined;
}

/** Of a library that the target does not name it is not known. */
function hasAssets(entry: unknown): boolean {
  if (!isFields(entry)) return true;
  return assets.some((kind) => {
    const given = entry[kind];
    return given !== undefined && !(isFields(given) && Object.keys(given).length === 0);
  });
}

/**
 * Reads a `packages.lock.json` (NuGet, "lock file"): what was resolved for each framework, projects aside.
 * @returns undefined where it is no such file
 */
function readLock(value: unknown): ReadRecord | undefined {
  const frameworks = isFields(value) ? value['dependencies'] : undefined;
  if (!isFields(frameworks)) return undefined;
  const found = new Map<string, RecordedPackage>();
  let broken = 0;
  for (const entries of Object.values(frameworks)) {
    if (!isFields(entries)) {
      broken += 1;
      continue;
    }
    for (const [name, entry] of Object.entries(entries)) {
      const resolved = isFields(entry) ? entry['resolved'] : undefined;
      if (isFields(entry) && entry['type'] === 'Project') continue;
      if (!isPlainWord(name) || !isPlainWord(resolved)) broken += 1;
      else found.set(`${name.toLowerCase()}/${resolved}`, nuget(name, resolved));
    }
  }
  return { packages: [...found.values()], broken };
}

function nuget(name: string, version: string): RecordedPackage {
  const matchName = name.toLowerCase();
  return {
    type: 'nuget',
    name,
    version,
    ecosystem: 'NuGet',
    ...(matchName === name ? {} : { matchName }),
  };
}

function isDependenciesPath(path: string): boolean {
  return path.endsWith('.deps.json');
}

function isLockPath(path: string): boolean {
  return path === 'packages.lock.json' || path.endsWith('/packages.lock.json');
}

/** Packages of .NET programs: what lies beside them, and what was locked for them. */
export const dotnetFormat: PackageFormat = {
  name: 'dotnet',
  countsAt: (path) => isDependenciesPath(path) || isLockPath(path),
  observe({ path, head }, limits, listener) {
    const named = isDependenciesPath(path) || isLockPath(path);
    if (!named && head[0] !== 0x7b) return undefined;
    const start = named ? '' : head.toString('latin1', 0, 256);
    const isLock = isLockPath(path) || lockStart.test(start);
    if (!named && !isLock && !dependenciesStart.test(start)) return undefined;
    const use = (bytes: Buffer): void =>
      tellOfRecord(bytes, 'dotnet', named, listener, isLock ? readLock : readDependencies);
    return { how: 'keep', limit: limits.json, use };
  },
};
