import type { Digest } from '../oci/digest.ts';
import { requiredParts, type Manifest } from '../oci/manifest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { parseHeader } from '../oci/tar/header.ts';
import { parseImageConfig } from './config.ts';
import type { DocumentKind, MeasuredLayer } from './inventory.ts';

/** What the bytes of a manifest's parts are, whatever their media types claim. */
export type SubjectKind = 'image' | 'index' | 'signature' | 'attestation' | 'sbom' | 'chart' | 'artifact';

/**
 * Says what a manifest is for, by bytes alone: media types, `artifactType` and annotations are never asked.
 *
 * - `index`: the manifest points to other manifests, and to nothing else.
 * - `image`: at least one layer is a file system, whatever stands beside it; or a layer is not known, is empty or is
 *   opaque, and the config is an image configuration with diffIDs: an engine may know how to run it, so the rules for
 *   images apply. Layers that engines unpack and Wharfinger does not (bzip2, xz) count as file systems already. So does
 *   what could bring a layer past inspection in another place: a config that is no JSON document, or too large to be
 *   read, and an index that points to blobs (BuildKit writes such indexes for its caches).
 * - `signature`, `attestation`, `sbom`: every layer is a JSON document of that kind, which no engine can unpack. This is
 *   where the manifests of cosign, of referrers and of BuildKit's attestations (whose config looks like an image's, with
 *   the platform unknown) belong.
 * - `chart`: one layer is a Helm chart; beside it at most its provenance, a clear-signed text.
 * - `artifact`: all else; no layers, or the empty descriptor only, included.
 *
 * @param config bytes of the config blob; undefined where it is missing or too large
 * @param layers what is known of each layer, by digest
 */
export function classifySubject(
  manifest: Manifest,
  config: Uint8Array | undefined,
  layers: ReadonlyMap<Digest, Pick<MeasuredLayer, 'content' | 'document'>>,
): SubjectKind {
  if (manifest.kind === 'index') return requiredParts(manifest).blobs.length === 0 ? 'index' : 'image';
  if (!isDocument(config)) return 'image';
  const parts = manifest.layers.map(({ digest }) => layers.get(digest));
  if (parts.some((part) => part?.content === 'filesystem')) return 'image';
  const known = parts.filter((part) => part !== undefined);
  const isWholeJson = known.length === parts.length && known.every((part) => part.content === 'json');
  if (isWholeJson) return kindOfDocuments(known.map((part) => part.document));
  const mayRun = parts.some(
    (part) => part === undefined || part.content === 'empty' || part.content === 'opaque',
  );
  if (mayRun && isRunnableConfig(config)) return 'image';
  const charts = known.filter((part) => part.content === 'chart');
  const rest = known.filter((part) => part.content !== 'chart');
  const isChart =
    charts.length === 1 && rest.every((part) => part.document === 'provenance') && rest.length <= 1;
  return isChart && known.length === parts.length ? 'chart' : 'artifact';
}

function kindOfDocuments(documents: readonly (DocumentKind | undefined)[]): SubjectKind {
  const [first] = documents;
  if (first !== 'signature' && first !== 'attestation' && first !== 'sbom') return 'artifact';
  return documents.every((one) => one === first) ? first : 'artifact';
}

/** One JSON document and no archive, or nothing at all, which some clients send. What is not there may be anything. */
function isDocument(config: Uint8Array | undefined): config is Uint8Array {
  if (config === undefined) return false;
  if (config.length === 0) return true;
  if (parseHeader(Buffer.from(config.buffer, config.byteOffset, config.byteLength)) !== undefined)
    return false;
  try {
    parseStrictJson(config, (what) => {
      throw new SyntaxError(what);
    });
    return true;
  } catch {
    return false;
  }
}

function isRunnableConfig(bytes: Uint8Array): boolean {
  try {
    return parseImageConfig(bytes).diffIds.length > 0;
  } catch {
    return looksLikeImageConfig(bytes);
  }
}

/** A config with a fault that an engine may overlook. */
function looksLikeImageConfig(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"diff_ids"');
}
