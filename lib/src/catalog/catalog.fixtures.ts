import { isWharfingerError, type ErrorCode } from '../errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { Catalog, Change, ManifestPut } from './catalog.ts';

/** The moment `seconds` after a fixed one. */
export function moment(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
}

/** A change by alice, `seconds` after a fixed moment. */
export function byAlice(seconds: number): Change {
  return { by: 'alice', at: moment(seconds) };
}

/** Runs something that must fail with a WharfingerError and returns its code. */
export async function codeOf(run: () => Promise<unknown>): Promise<ErrorCode | 'no failure'> {
  try {
    await run();
  } catch (error) {
    if (isWharfingerError(error)) return error.code;
    throw error;
  }
  return 'no failure';
}

/** Links a blob of this text, as bytes at a location of their own. */
export async function addBlob(catalog: Catalog, repository: string, text: string): Promise<Digest> {
  const digest = digestOf(text);
  await catalog.linkBlob({ repository, digest, size: text.length, location: `at/${text}`, ...byAlice(0) });
  return digest;
}

/** What putManifest wants for a document of these fields. */
export function putOf(
  repository: string,
  fields: Record<string, unknown>,
  rest: Partial<ManifestPut> = {},
): ManifestPut {
  const mediaType = 'manifests' in fields ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  const manifest = parseManifest(bytes, mediaType);
  return {
    repository,
    digest: digestOf(bytes),
    bytes,
    manifest,
    tags: [],
    missing: [],
    ...byAlice(0),
    ...rest,
  };
}

/** Fields of a manifest with this config text and these layer texts. */
export function imageFields(config: string, ...layers: string[]): Record<string, unknown> {
  const part = (mediaType: string, text: string) => ({
    mediaType,
    digest: digestOf(text),
    size: text.length,
  });
  return {
    config: part(mediaTypes.ociConfig, config),
    layers: layers.map((text) => part(mediaTypes.ociLayer, text)),
  };
}

/** Stores an image with its parts; returns its digest. */
export async function addImage(
  catalog: Catalog,
  repository: string,
  name: string,
  rest: Partial<ManifestPut> = {},
): Promise<Digest> {
  await addBlob(catalog, repository, `config of ${name}`);
  await addBlob(catalog, repository, `layer of ${name}`);
  const put = putOf(repository, imageFields(`config of ${name}`, `layer of ${name}`), rest);
  await catalog.putManifest(put);
  return put.digest;
}
