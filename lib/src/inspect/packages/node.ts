import { comparableName } from '../comparable-name.ts';
import { isFields } from '../json-fields.ts';
import type { PackageFormat } from './formats.ts';
import { listedLicences } from './licence-list.ts';
import { isPlainWord, plainText } from './plain-text.ts';

/** What a package.json says of its package. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly licence?: string;
}

function licenceOf(value: unknown): string | undefined {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) {
    // npm itself takes the older lists for choices (package.json, "license"; npm sbom).
    return listedLicences(
      value.map(licenceOf).filter((one) => one !== undefined),
      'any',
    );
  }
  return isFields(value) && typeof value['type'] === 'string' ? licenceOf(value['type']) : undefined;
}

/**
 * Reads a package.json (npm, "package.json"). The older `licenses` lists and `{type}` objects are read as well.
 * @returns undefined where it has no name or no version, as those that only mark a folder do not
 * @throws SyntaxError where it is not JSON
 */
export function parsePackageJson(text: string): NodePackage | undefined {
  const fields: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
  if (!isFields(fields)) return undefined;
  const { name, version } = fields;
  if (!isPlainWord(name) || !isPlainWord(version)) return undefined;
  const licence = licenceOf(fields['license'] ?? fields['licenses']);
  return { name, version, ...(licence === undefined ? {} : { licence }) };
}

/** True where node looks for packages: `…/node_modules/<name>/package.json`, or with a scope. No name begins with a dot. */
export function isPackageRoot(path: string): boolean {
  return /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path);
}

/** True for what lies in a folder of modules, at any depth. */
function isBelowModules(path: string): boolean {
  return path.startsWith('node_modules/') || path.includes('/node_modules/');
}

/** Folders of a package in which others stand that are not used, but tried, measured or shown. */
const unused =
  /\/(?:tests?|__tests__|specs?|__?fixtures__?|fixtures?|bench|benchmarks?|examples?|demos?|sandbox|docs)\//;

/**
 * True for packages in a folder of modules, and for those that another package brought along within itself: what it only tests
 * with does not count.
 */
export function isInstalled(path: string): boolean {
  if (!isBelowModules(path)) return false;
  if (isPackageRoot(path)) return true;
  return !unused.test(path.slice(Math.max(0, path.lastIndexOf('node_modules/'))));
}

/** JSON files of any name may be a package.json by way of a link; none of those is large. */
const unnamedJson = 1024 ** 2;

/** Packages as npm and its kin install them: a package.json in a folder of modules. */
export const nodeFormat: PackageFormat = {
  name: 'node',
  countsAt: isInstalled,
  observe(file, limits, listener) {
    const named = file.path.endsWith('package.json');
    if (!named && (file.head[0] !== 0x7b || file.size > unnamedJson)) return undefined;
    const use = (bytes: Buffer): void => {
      if (!named && !(bytes.includes('"name"') && bytes.includes('"version"'))) return;
      try {
        const found = parsePackageJson(bytes.toString('utf8'));
        if (found === undefined) {
          if (isPackageRoot(file.path))
            listener.problem('unreadable-file', 'it has no name or version that could be one', true);
          return;
        }
        const matchName = comparableName('npm', found.name);
        const known = matchName === found.name ? {} : { matchName };
        const packages = [{ type: 'npm', ...found, ecosystem: 'npm', ...known }] as const;
        listener.fact({ kind: 'packages', format: 'node', packages });
      } catch {
        // Elsewhere broken files are common: tests of tools that read them.
        if (isPackageRoot(file.path)) listener.problem('unreadable-file', 'it is not JSON', true);
      }
    };
    return { how: 'keep', limit: limits.json, use };
  },
};
