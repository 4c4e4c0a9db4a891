import { WharfingerError } from '../errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { isFields, isTextFields, isTexts, type Fields } from './json-fields.ts';

/** What Wharfinger reads of an image configuration (OCI image specification, config.md; Docker image specification 1.2). */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** RFC 3339 */
  readonly created?: string;
  /** as in the config; empty means root */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  /** paths that it declares as volumes, in order */
  readonly volumes: readonly string[];
  /** ports that it exposes, such as `8080/tcp`, in order */
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** SHA-256 of each layer's uncompressed bytes, base first */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly createdBy?: string;
  /** true: this step made no layer */
  readonly emptyLayer: boolean;
}

function invalid(what: string): never {
  throw new WharfingerError('MANIFEST_INVALID', { what: `image configuration: ${what}` });
}

// Builders write null, or leave out, what they have nothing to say about.
function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function asObject(value: unknown, where: string): Fields {
  if (absent(value)) return {};
  if (!isFields(value)) invalid(`${where} must be an object`);
  return value;
}

function text(fields: Fields, key: string, where: string): string | undefined {
  const value = fields[key];
  if (absent(value)) return undefined;
  if (typeof value !== 'string') invalid(`${where}${key} must be a string`);
  return value;
}

function texts(fields: Fields, key: string, where: string): readonly string[] {
  const value = fields[key];
  if (absent(value)) return [];
  // Docker's schema 1 era and some hand-made configs give a command as one string.
  if (typeof value === 'string') return [value];
  if (!isTexts(value)) invalid(`${where}${key} must be a list of strings`);
  return value;
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const fields = asObject(value, 'config.Labels');
  if (!isTextFields(fields)) invalid('config.Labels must hold strings only');
  return fields;
}

function diffIdsOf(value: unknown): readonly Digest[] {
  const rootfs = asObject(value, 'rootfs');
  const ids = rootfs['diff_ids'];
  if (absent(ids)) return [];
  if (!Array.isArray(ids) || !ids.every(isDigest)) invalid('rootfs.diff_ids must be a list of digests');
  if (rootfs['type'] !== 'layers') invalid('rootfs.type must be layers');
  return ids;
}

function historyOf(value: unknown): readonly HistoryEntry[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) invalid('history must be a list');
  return value.map((item, at) => {
    const step = asObject(item, `history[${at}]`);
    const createdBy = text(step, 'created_by', `history[${at}].`);
    return { ...(createdBy === undefined ? {} : { createdBy }), emptyLayer: step['empty_layer'] === true };
  });
}

/**
 * Parses an image configuration: strict where two readers could see two documents (UTF-8, duplicate keys, types of
 * fields), tolerant of null and absent fields, which real builders write.
 *
 * @param bytes the config blob
 * @throws WharfingerError MANIFEST_INVALID, naming the field
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseStrictJson(bytes, (what) => invalid(what));
  if (!isFields(document)) invalid('it must be an object');
  const fields = document;
  const config = asObject(fields['config'], 'config');
  const created = text(fields, 'created', '');
  if (created !== undefined && Number.isNaN(Date.parse(created))) invalid('created must be an RFC 3339 time');
  const variant = text(fields, 'variant', '');
  return {
    os: text(fields, 'os', '') ?? '',
    architecture: text(fields, 'architecture', '') ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(created === undefined ? {} : { created }),
    user: text(config, 'User', 'config.') ?? '',
    entrypoint: texts(config, 'Entrypoint', 'config.'),
    cmd: texts(config, 'Cmd', 'config.'),
    env: texts(config, 'Env', 'config.'),
    volumes: Object.keys(asObject(config['Volumes'], 'config.Volumes')).sort(),
    exposedPorts: Object.keys(asObject(config['ExposedPorts'], 'config.ExposedPorts')).sort(),
    labels: labelsOf(config['Labels']),
    diffIds: diffIdsOf(fields['rootfs']),
    history: historyOf(fields['history']),
  };
}
