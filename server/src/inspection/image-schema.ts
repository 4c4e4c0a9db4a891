import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { z } from 'zod';
import {
  inventoryFormat,
  licenceSources,
  type ImageInventory,
  type Package,
} from '@wharfinger/lib/inspect/inventory';
import { isFields } from '@wharfinger/lib/inspect/json-fields';
import { packageTypes } from '@wharfinger/lib/inspect/packages/package-types';
import type { ImageManifest } from '@wharfinger/lib/oci/manifest';
import { contamination, executables } from './contamination-schema.ts';
import { measured, problem } from './inventory-schema.ts';
import { count, text } from './schema-fields.ts';
import { imageAccounts } from './accounts-schema.ts';
import { imageBaked } from './baked-schema.ts';
import { imageSecrets } from './secrets-schema.ts';

const decompress = promisify(zstdDecompress);

const inventory = z
  .strictObject({
    format: z.literal(inventoryFormat),
    complete: z.boolean(),
    distribution: z
      .strictObject({
        id: text,
        version: text.optional(),
        name: text.optional(),
        ecosystem: text.optional(),
        source: z.enum(['os-release', 'packages', 'none']),
      })
      .optional(),
    // Checked by a plain loop below, which takes a fraction of the time: there may be many thousands.
    packages: z.custom<Package[]>((value) => Array.isArray(value) && value.every(isPackage)),
    problems: z.array(problem.extend({ layer: count.optional() })),
    layers: z.array(z.strictObject(measured)),
    removed: z
      .array(
        z.strictObject({
          type: z.enum(packageTypes),
          name: text,
          version: text,
          layer: count,
          removedIn: count,
          replacedBy: text.optional(),
        }),
      )
      .optional(),
    contamination: contamination.optional(),
    executables: executables.optional(),
    secrets: imageSecrets.optional(),
    baked: imageBaked.optional(),
    accounts: imageAccounts.optional(),
  })
  .refine(({ complete, problems }) => complete === !problems.some(({ hides }) => hides), 'complete is wrong');

const types: ReadonlySet<unknown> = new Set(packageTypes);
const texts: ReadonlySet<string> = new Set([
  'name',
  'version',
  'purl',
  'path',
  'architecture',
  'licence',
  'spdx',
]);
const sources: ReadonlySet<unknown> = new Set(licenceSources);
const required = ['type', 'name', 'version', 'match', 'purl', 'path', 'layer'];

function isPackage(value: unknown): boolean {
  if (!isFields(value)) return false;
  for (const name in value) {
    const field = value[name];
    if (name === 'match') {
      if (!isMatch(field)) return false;
    } else if (name === 'owner') {
      if (!isFields(field) || !types.has(field['type']) || !isText(field['name'])) return false;
    } else if (name === 'layer') {
      if (!Number.isSafeInteger(field) || (field as number) < 0) return false;
    } else if (name === 'licenceFrom') {
      if (!sources.has(field)) return false;
    } else if (name === 'partly') {
      if (!isPartlyKnown(field)) return false;
    } else if (name === 'type') {
      if (!types.has(field)) return false;
    } else if (!texts.has(name) || !isText(field)) return false;
  }
  return required.every((name) => name in value);
}

function isMatch(value: unknown): boolean {
  if (!isFields(value) || !isText(value['name']) || !isText(value['version'])) return false;
  const isKnown = 'ecosystem' in value;
  return Object.keys(value).length === (isKnown ? 3 : 2) && (!isKnown || isText(value['ecosystem']));
}

function isPartlyKnown(value: unknown): boolean {
  if (!isFields(value) || Object.keys(value).length !== 2 || !isText(value['spdx'])) return false;
  const { unknown } = value;
  return Array.isArray(unknown) && unknown.every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64 * 1024;
}

/**
 * Reads what the composing process says of an image; it is trusted no more than the layers that it is made from.
 *
 * @param limit bytes of the longest JSON
 * @returns undefined where it is not an inventory of this manifest
 */
export async function parseImage(
  bytes: Uint8Array,
  manifest: ImageManifest,
  limit: number,
): Promise<{ readonly inventory: ImageInventory; readonly bytes: Uint8Array } | undefined> {
  let value: unknown;
  try {
    value = JSON.parse((await decompress(bytes, { maxOutputLength: limit })).toString('utf8'));
  } catch {
    return undefined;
  }
  const { data } = inventory.safeParse(value);
  return data !== undefined && fits(data, manifest) ? { inventory: data, bytes } : undefined;
}

/** Whether it speaks of layers that the manifest has. */
function fits(
  {
    packages,
    problems,
    layers,
    removed,
    contamination,
    executables,
    secrets,
    baked,
    accounts,
  }: ImageInventory,
  manifest: ImageManifest,
): boolean {
  const digests = new Set(manifest.layers.map((layer) => layer.digest));
  const isThere = ({ layer = 0 }: { readonly layer?: number }): boolean =>
    layer === 0 || layer < manifest.layers.length;
  return (
    layers.length <= manifest.layers.length &&
    layers.every(({ digest }) => digests.has(digest)) &&
    packages.every(isThere) &&
    problems.every(isThere) &&
    (removed?.every((one) => isThere(one) && one.removedIn < manifest.layers.length) ?? true) &&
    (contamination?.files.every(isThere) ?? true) &&
    (executables?.files.every(isThere) ?? true) &&
    (secrets?.found.every(isThere) ?? true) &&
    (baked?.places.every(isThere) ?? true) &&
    (accounts?.found.every(isThere) ?? true)
  );
}
