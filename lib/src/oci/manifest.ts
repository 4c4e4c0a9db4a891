import { WharfingerError } from '../errors.ts';
import type { Descriptor, Platform } from './descriptor.ts';
import { digestOf, isDigest, type Digest } from './digest.ts';
import { isIndexType, isManifestType, isNonDistributable } from './media-types.ts';
import { parseStrictJson } from './strict-json.ts';

/** A parsed image manifest, OCI or Docker schema 2. */
export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A parsed image index or Docker manifest list. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a registry stores under /manifests/. */
export type Manifest = ImageManifest | ImageIndex;

type Fields = Readonly<Record<string, unknown>>;

function invalid(what: string, remedy?: string): never {
  throw new WharfingerError('MANIFEST_INVALID', { what, remedy });
}

function asObject(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(`${where} must be an object`);
  return value as Fields;
}

function optionalString(fields: Fields, key: string, where: string): string | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') invalid(`${where}.${key} must be a string`);
  return value;
}

function parseAnnotations(value: unknown, where: string): Readonly<Record<string, string>> | undefined {
  // Several builders write null where they have none.
  if (value === undefined || value === null) return undefined;
  const fields = asObject(value, where);
  for (const [key, text] of Object.entries(fields)) {
    if (typeof text !== 'string') invalid(`${where}[${JSON.stringify(key)}] must be a string`);
  }
  return fields as Readonly<Record<string, string>>;
}

function parsePlatform(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = asObject(value, where);
  for (const key of ['architecture', 'os']) {
    if (typeof fields[key] !== 'string') invalid(`${where}.${key} must be a string`);
  }
  return fields as unknown as Platform;
}

function parseData(text: string, descriptor: { size: number; digest: Digest }, where: string): string {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) invalid(`${where}.data is not valid base64`);
  const algorithm = descriptor.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  if (bytes.length !== descriptor.size || digestOf(bytes, algorithm) !== descriptor.digest) {
    invalid(`${where}.data does not have the digest and size of its descriptor`);
  }
  return text;
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = asObject(value, where);
  const { mediaType, digest, size, urls } = fields;
  if (typeof mediaType !== 'string' || mediaType === '') invalid(`${where}.mediaType must be a media type`);
  if (!isDigest(digest)) invalid(`${where}.digest is not a sha256 or sha512 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    invalid(`${where}.size must be a whole number of bytes`);
  }
  if (
    urls !== undefined &&
    urls !== null &&
    !(Array.isArray(urls) && urls.every((url) => typeof url === 'string'))
  ) {
    invalid(`${where}.urls must be a list of strings`);
  }
  const data = optionalString(fields, 'data', where);
  return {
    mediaType,
    digest,
    size,
    ...(urls ? { urls } : {}),
    ...(data === undefined ? {} : { data: parseData(data, { size, digest }, where) }),
    ...keep('annotations', parseAnnotations(fields['annotations'], `${where}.annotations`)),
    ...keep('artifactType', optionalString(fields, 'artifactType', where)),
    ...keep('platform', parsePlatform(fields['platform'], `${where}.platform`)),
  };
}

function keep<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function parseList(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) invalid(`${where} must be a list`);
  return value.map((item, at) => parseDescriptor(item, `${where}[${at}]`));
}

function refuseForeignType(mediaType: string): void {
  if (isManifestType(mediaType) || isIndexType(mediaType)) return;
  invalid(
    `media type ${JSON.stringify(mediaType.slice(0, 200))} is not one of an image manifest or index`,
    'send an OCI or a Docker schema 2 manifest; convert older ones, for example with skopeo copy --format oci',
  );
}

/**
 * Parses a manifest or index strictly, as an attacker's bytes deserve: UTF-8 only, no duplicate keys, no document that
 * is both a manifest and an index (CVE-2021-41190), a `mediaType` field that agrees with the Content-Type.
 *
 * @param bytes the document as it was sent
 * @param contentType media type that it was sent under, without parameters such as charset; undefined if it was sent
 *   under none: its own field says what it is then
 * @throws WharfingerError MANIFEST_INVALID, naming the field
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  if (contentType !== undefined) refuseForeignType(contentType);
  const fields = asObject(
    parseStrictJson(bytes, (what) => invalid(what)),
    'the manifest',
  );
  if (fields['schemaVersion'] !== 2) invalid('schemaVersion must be 2');
  const declared = optionalString(fields, 'mediaType', 'manifest');
  const mediaType = contentType ?? declared;
  if (mediaType === undefined) invalid('it was sent without a Content-Type and has no mediaType');
  refuseForeignType(mediaType);
  if (declared !== undefined && declared !== mediaType) {
    invalid(
      `its mediaType is ${JSON.stringify(declared)}, but it was sent as ${JSON.stringify(contentType)}`,
      'send it under the Content-Type that it declares',
    );
  }
  const asIndex = isIndexType(mediaType);
  const foreign = asIndex ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'];
  for (const key of foreign) {
    if (fields[key] !== undefined)
      invalid(`${asIndex ? 'an index' : 'a manifest'} must not have the field ${key}`);
  }
  const common = {
    mediaType,
    annotations: parseAnnotations(fields['annotations'], 'annotations') ?? {},
    ...keep('artifactType', optionalString(fields, 'artifactType', 'manifest')),
    ...(fields['subject'] === undefined || fields['subject'] === null
      ? {}
      : { subject: parseDescriptor(fields['subject'], 'subject') }),
  };
  if (asIndex) return { kind: 'index', ...common, manifests: parseList(fields['manifests'], 'manifests') };
  return {
    kind: 'manifest',
    ...common,
    config: parseDescriptor(fields['config'], 'config'),
    layers: parseList(fields['layers'] ?? [], 'layers'),
  };
}

/** What a referrers listing shows as artifactType: the manifest's own, else its config's media type (distribution specification). */
export function effectiveArtifactType(manifest: Manifest): string | undefined {
  if (manifest.artifactType) return manifest.artifactType;
  return manifest.kind === 'manifest' ? manifest.config.mediaType : undefined;
}

/** The parts of a manifest that a repository must hold for it to be complete. */
export interface RequiredParts {
  /** config and layers, but not non-distributable layers; children that are no manifests, as in BuildKit's cache indexes */
  readonly blobs: readonly Descriptor[];
  /** children of an index that are manifests or indexes */
  readonly manifests: readonly Descriptor[];
}

/** What must be there before a manifest is complete: config, layers, children; never its subject. */
export function requiredParts(manifest: Manifest): RequiredParts {
  if (manifest.kind === 'index') {
    const isManifest = ({ mediaType }: Descriptor) => isManifestType(mediaType) || isIndexType(mediaType);
    const others = manifest.manifests.filter((child) => !isManifest(child));
    return { blobs: others, manifests: manifest.manifests.filter(isManifest) };
  }
  const layers = manifest.layers.filter((layer) => !isNonDistributable(layer.mediaType));
  return { blobs: [manifest.config, ...layers], manifests: [] };
}

/** The descriptor that a referrers listing shows for a manifest (distribution specification, "Listing Referrers"). */
export function describeReferrer(digest: Digest, size: number, manifest: Manifest): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest,
    size,
    ...keep('artifactType', effectiveArtifactType(manifest)),
    ...(Object.keys(manifest.annotations).length === 0 ? {} : { annotations: manifest.annotations }),
  };
}
