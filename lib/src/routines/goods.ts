import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { artifactTypes } from '../oci/wharfinger-names.ts';
import { loadCollection } from './collection.ts';
import type { Collection } from './routine.ts';
import { runRoutineTests } from './test-collection.ts';

/** A collection as an OCI artifact, ready to be pushed: first the blobs, then the manifest. */
export interface PackedCollection {
  readonly name: string;
  readonly version: string;
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Buffer };
  readonly blobs: ReadonlyArray<{ readonly descriptor: Descriptor; readonly bytes: Buffer }>;
}

/** Larger collection files are not fetched; readYaml counts characters, of which each is at most four bytes. */
const longestText = 4 * 1024 * 1024;

const names = {
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  description: 'org.opencontainers.image.description',
} as const;

/**
 * Packs a collection as an OCI artifact: its file is the one layer, name and version are annotations. The same file gives the same digest,
 * wherever and whenever it is packed.
 *
 * @throws WharfingerError ROUTINE_INVALID: a test does not pass, or a routine has none
 */
export function packCollection(collection: Collection): PackedCollection {
  refuseFailing(collection);
  const { name, version, description, text } = collection;
  const layer = describe(artifactTypes.routinesText, Buffer.from(text), { [names.title]: `${name}.yaml` });
  const config = describe(mediaTypes.ociEmpty, Buffer.from('{}'));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: artifactTypes.routines,
      config: config.descriptor,
      layers: [layer.descriptor],
      annotations: { [names.title]: name, [names.version]: version, [names.description]: description },
    }),
  );
  const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
  return { name, version, manifest, blobs: [config, layer] };
}

/**
 * Where the file of a packed collection lies.
 * @throws WharfingerError ROUTINE_INVALID: the manifest is none of a collection
 */
export function fileOfPacked(manifest: Manifest): Descriptor {
  if (manifest.kind === 'index' || manifest.artifactType !== artifactTypes.routines)
    refuse('it is not a collection of routines');
  const [layer] = manifest.layers;
  if (layer === undefined || manifest.layers.length !== 1 || layer.mediaType !== artifactTypes.routinesText)
    return refuse('it does not have the collection file as its one layer');
  if (layer.size > longestText) refuse(`the collection file is larger than ${longestText} bytes`);
  return layer;
}

/**
 * Reads the file of a packed collection, and runs its tests: one whose tests fail here does not do here what its author saw.
 *
 * @param bytes of the file, its digest checked
 * @throws WharfingerError ROUTINE_INVALID, also where the manifest calls it other than it calls itself
 */
export function readPacked(manifest: Manifest, bytes: Uint8Array): Collection {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('the collection file is not valid UTF-8');
  }
  const collection = loadCollection(text);
  const { [names.title]: title, [names.version]: version } = manifest.annotations;
  if (title !== collection.name || version !== collection.version)
    refuse(
      `it is called ${title ?? 'nothing'} ${version ?? ''}, and calls itself ${collection.name} ${collection.version}`,
    );
  refuseFailing(collection);
  return collection;
}

function refuseFailing(collection: Collection): void {
  const failed = runRoutineTests(collection).filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  const shown = failed
    .slice(0, 10)
    .map(({ routine, test, mistake }) => `${[routine, test].filter(Boolean).join(': ')}: ${mistake}`);
  const more = failed.length > shown.length ? [`and ${failed.length - shown.length} more`] : [];
  refuse(['its tests do not pass', ...shown, ...more].join('\n'));
}

function refuse(what: string): never {
  throw new WharfingerError('ROUTINE_INVALID', { what });
}

function describe(mediaType: string, bytes: Buffer, annotations?: Readonly<Record<string, string>>) {
  const descriptor: Descriptor = {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(annotations && { annotations }),
  };
  return { descriptor, bytes };
}
