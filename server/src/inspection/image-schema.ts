import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { z } from 'zod';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { ImageManifest } from '@wharfinger/lib/oci/manifest';
import { count, measured, problem, text } from './inventory-schema.ts';

const decompress = promisify(zstdDecompress);

const inventory = z
  .strictObject({
    format: z.literal(1),
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
    packages: z.array(
      z.strictObject({
        type: z.enum(['deb', 'apk', 'npm', 'golang']),
        name: text,
        version: text,
        match: z.strictObject({ ecosystem: text.optional(), name: text, version: text }),
        purl: text,
        architecture: text.optional(),
        licence: text.optional(),
        path: text,
        layer: count,
      }),
    ),
    problems: z.array(problem.extend({ layer: count.optional() })),
    layers: z.array(z.strictObject(measured)),
  })
  .refine(({ complete, problems }) => complete === !problems.some(({ hides }) => hides), 'complete is wrong');

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
  return data !== undefined && fits(data as ImageInventory, manifest)
    ? { inventory: data as ImageInventory, bytes }
    : undefined;
}

/** Whether it speaks of layers that the manifest has. */
function fits({ packages, problems, layers }: ImageInventory, manifest: ImageManifest): boolean {
  const digests = new Set(manifest.layers.map((layer) => layer.digest));
  const isThere = ({ layer = 0 }: { readonly layer?: number }): boolean =>
    layer === 0 || layer < manifest.layers.length;
  return (
    layers.length <= manifest.layers.length &&
    layers.every(({ digest }) => digests.has(digest)) &&
    packages.every(isThere) &&
    problems.every(isThere)
  );
}
