import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { requiredParts, type ImageIndex, type ImageManifest } from '../oci/manifest.ts';
import { parseImageConfig, type ImageConfig } from './config.ts';
import {
  inventoryFormat,
  type ImageInventory,
  type LayerInventory,
  type MeasuredLayer,
  type Problem,
} from './inventory.ts';
import { mergeLayers, type MergedImage, type PlacedLayer } from './merge-layers.ts';
import { findConfigSecrets } from './secrets/config-secrets.ts';
import { SecretList } from './secrets/image-secrets.ts';
import { classifySubject } from './subject.ts';

/**
 * Composes what an image contains from the inventories of its layers, without reading bytes again.
 *
 * Whiteouts and opaque folders hide lower layers; of an entry that stands twice the last counts; links are followed
 * inside the root. Each package has the first layer from which on the image held it in this version. The measured diffIDs are
 * compared with the config's. Whatever hides something makes the inventory incomplete. For what is no image (see
 * `classifySubject`), the inventory says only whether its layers could be read.
 *
 * @param config bytes of the config blob; undefined where it is missing
 * @param layers inventories of the manifest's layers by digest; one that is not there makes the inventory incomplete
 * @param steps that following paths and links may take, for who cannot wait; where they do not suffice, a problem `too-many-entries` says so
 */
export function composeImage(
  manifest: ImageManifest,
  config: Uint8Array | undefined,
  layers: ReadonlyMap<Digest, LayerInventory>,
  steps?: number,
): ImageInventory {
  const problems: Problem[] = [];
  // in its place each: a layer may stand in an image twice, and the upper one brings back what was taken away between them
  const present: PlacedLayer[] = [];
  for (const [layer, { digest }] of manifest.layers.entries()) {
    const inventory = layers.get(digest);
    if (inventory === undefined) {
      problems.push({
        code: 'missing-part',
        layer,
        message: `the layer ${digest} was not read`,
        hides: true,
      });
      continue;
    }
    present.push({ inventory, layer });
    problems.push(...inventory.problems.map((problem) => ({ ...problem, layer })));
    if (!inventory.complete && !inventory.problems.some((problem) => problem.hides)) {
      problems.push({ code: 'crashed', layer, message: 'the layer could not be read whole', hides: true });
    }
  }
  const measured = present.map(({ inventory }) => measuredOf(inventory));
  if (classifySubject(manifest, config, layers) !== 'image')
    return finish({ packages: [], problems }, measured);
  problems.push(...checkConfig(manifest, config, layers), ...checkContents(manifest, layers));
  const secrets = new SecretList();
  lookIntoConfig(config, secrets);
  if (present.length < manifest.layers.length || present.some(({ inventory }) => !inventory.complete))
    secrets.lacks('a layer could not be read whole');
  const merged = mergeLayers(present, secrets, steps);
  problems.push(...merged.problems, ...checkSecondArchives(present, merged, steps));
  return finish({ ...merged, problems }, measured);
}

/**
 * What is known of an index that points to blobs, as BuildKit's caches do: that they were not read. An index of manifests
 * has no inventory.
 */
export function composeIndex(index: ImageIndex): ImageInventory | undefined {
  const { blobs } = requiredParts(index);
  if (blobs.length === 0) return undefined;
  const message = `it is an index that points to blobs, which are not read: ${blobs[0]!.digest}`;
  return finish({ packages: [], problems: [{ code: 'unsupported', message, hides: true }] }, []);
}

function finish(merged: MergedImage, layers: readonly MeasuredLayer[]): ImageInventory {
  return {
    format: inventoryFormat,
    complete: !merged.problems.some((problem) => problem.hides),
    ...merged,
    layers,
  };
}

function measuredOf(inventory: LayerInventory): MeasuredLayer {
  const { digest, content, document, compression, diffId, size, entries } = inventory;
  return {
    digest,
    content,
    ...(document === undefined ? {} : { document }),
    compression,
    ...(diffId === undefined ? {} : { diffId }),
    size,
    entries,
  };
}

function readConfig(bytes: Uint8Array): ImageConfig | string {
  try {
    return parseImageConfig(bytes);
  } catch (error) {
    if (error instanceof WharfingerError) return error.message;
    throw error;
  }
}

function lookIntoConfig(bytes: Uint8Array | undefined, secrets: SecretList): void {
  const config = bytes === undefined ? 'it is missing' : readConfig(bytes);
  if (typeof config === 'string') secrets.lacks('the configuration cannot be read');
  else findConfigSecrets(config, secrets);
}

function checkConfig(
  manifest: ImageManifest,
  bytes: Uint8Array | undefined,
  layers: ReadonlyMap<Digest, LayerInventory>,
): Problem[] {
  if (bytes === undefined) {
    const message = 'the image configuration is missing, or too large to be one';
    return [{ code: 'missing-part', message, hides: true }];
  }
  const config = readConfig(bytes);
  if (typeof config === 'string') return [{ code: 'config-invalid', message: config, hides: true }];
  const problems: Problem[] = [];
  if (config.os === 'windows') {
    problems.push({ code: 'unsupported', message: 'images for Windows are not read', hides: true });
  }
  if (config.diffIds.length !== manifest.layers.length) {
    const message = `the config names ${config.diffIds.length} layers, the manifest ${manifest.layers.length}`;
    problems.push({ code: 'diff-id-mismatch', message, hides: true });
    return problems;
  }
  for (const [layer, { digest }] of manifest.layers.entries()) {
    const measured = layers.get(digest)?.diffId;
    if (measured === undefined || measured === config.diffIds[layer]) continue;
    const message = `the layer unpacks to ${measured}, the config names ${config.diffIds[layer]}`;
    problems.push({ code: 'diff-id-mismatch', layer, message, hides: true });
  }
  return problems;
}

/** Layers of an image that are no file systems: an engine may see in them what Wharfinger does not. */
function checkContents(manifest: ImageManifest, layers: ReadonlyMap<Digest, LayerInventory>): Problem[] {
  return manifest.layers.flatMap(({ digest }, layer): Problem[] => {
    const content = layers.get(digest)?.content;
    if (content !== 'opaque' && content !== 'json') return [];
    const message =
      content === 'json' ? 'a layer of an image is a JSON document' : 'a layer is no archive that is known';
    return [{ code: 'unsupported', layer, message, hides: true }];
  });
}

/**
 * Some readers stop at the first end marker of an archive, others go on. Both must find the same packages.
 */
function checkSecondArchives(
  present: readonly PlacedLayer[],
  merged: MergedImage,
  steps?: number,
): Problem[] {
  if (!present.some(({ inventory }) => inventory.tree.secondArchive !== undefined)) return [];
  const shorter = mergeLayers(
    present.map((placed) => {
      const { secondArchive: end } = placed.inventory.tree;
      return end === undefined ? placed : { ...placed, end };
    }),
    undefined,
    steps,
  );
  const summary = (one: MergedImage): string =>
    JSON.stringify([one.distribution, one.packages.map(({ purl, path }) => `${purl} ${path}`).sort()]);
  if (summary(shorter) === summary(merged)) return [];
  const message = 'what the image contains depends on whether a reader stops at the first end marker';
  return [{ code: 'concatenated', message, hides: true }];
}
