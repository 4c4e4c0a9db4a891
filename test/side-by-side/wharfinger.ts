import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdvisoryIndex } from '@wharfinger/lib/advisories/advisory-index';
import { subjectsOf } from '@wharfinger/lib/assess/findings-of-image';
import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import type { ImageInventory, LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { readLayer } from '@wharfinger/lib/inspect/layer';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { entriesOf } from '../harness/oci-layout.ts';
import type { Found } from './found.ts';

/** The inventory of the only image of a layout. */
export async function inventoryOf(layout: string): Promise<ImageInventory> {
  const blob = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
  const [entry] = entriesOf(layout);
  const manifest = parseManifest(readFileSync(blob(entry!.digest)), entry!.mediaType);
  if (manifest.kind !== 'manifest') throw new Error('a layout of one image was expected');
  const layers = new Map<Digest, LayerInventory>();
  for (const { digest } of manifest.layers) {
    layers.set(digest, await readLayer({ digest, bytes: createReadStream(blob(digest)) }));
  }
  return composeImage(manifest, readFileSync(blob(manifest.config.digest)), layers);
}

/** What we find in an image, in the words of Trivy: its packages at their places, and the advisories that match. */
export function findWithWharfinger(inventory: ImageInventory, index: AdvisoryIndex): Found {
  const packages = inventory.packages.map(({ type, name, version, path }) => ({
    type,
    name,
    version,
    path: ['deb', 'apk', 'rpm'].includes(type) ? '' : path,
  }));
  const matches = Map.groupBy(index.findMatches(subjectsOf(inventory)), ({ subject }) =>
    JSON.stringify([subject.ecosystem, subject.name, subject.version]),
  );
  const findings = new Set<string>();
  const undecided = new Set<string>();
  for (const { type, name, version, match: asked } of inventory.packages) {
    const found = matches.get(JSON.stringify([asked.ecosystem, asked.name, asked.version])) ?? [];
    for (const { advisory, match } of found) {
      const finding = `${type} ${name} ${version} ${advisory.id}`;
      findings.add(finding);
      if (match.undecided !== undefined) undecided.add(finding);
    }
  }
  return { packages, findings, undecided };
}
