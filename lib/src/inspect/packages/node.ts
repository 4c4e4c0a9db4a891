import { isFields } from '../json-fields.ts';

/** What a package.json says of its package. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly licence?: string;
}

function licenceOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const all = value.map(licenceOf).filter((one) => one !== undefined);
    return all.length > 0 ? all.join(' OR ') : undefined;
  }
  return isFields(value) && typeof value['type'] === 'string' ? value['type'] : undefined;
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
  if (typeof name !== 'string' || typeof version !== 'string' || name === '' || version === '')
    return undefined;
  const licence = licenceOf(fields['license'] ?? fields['licenses']);
  return { name, version, ...(licence === undefined ? {} : { licence }) };
}

/** True where node looks for packages: `…/node_modules/<name>/package.json`, or with a scope. */
export function isPackageRoot(path: string): boolean {
  return /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@][^/]*\/package\.json$/.test(path);
}
