import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { addBlob, createLayout, types, writeEntries, type Part } from '../harness/oci-layout.ts';
import { output } from '../requirements.ts';

/** Writes an OCI layout of one image with these layers, archives that may be gzipped, and returns its folder. */
export function layoutOf(folder: string, layers: readonly Buffer[]): string {
  mkdirSync(folder, { recursive: true });
  const layout = createLayout(folder);
  const parts: Part[] = [];
  const diffIds: string[] = [];
  for (const layer of layers) {
    const isPacked = layer[0] === 0x1f && layer[1] === 0x8b;
    parts.push(addBlob(layout, isPacked ? types.layerGzip : types.layerGzip.replace('+gzip', ''), layer));
    const content = isPacked ? gunzipSync(layer) : layer;
    diffIds.push(`sha256:${createHash('sha256').update(content).digest('hex')}`);
  }
  const config = addBlob(layout, types.config, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map(() => ({ created_by: 'made by a test' })),
  });
  const content = { schemaVersion: 2, mediaType: types.manifest, config, layers: parts };
  const manifest = addBlob(layout, types.manifest, content);
  writeEntries(layout, { image: { ...manifest, platform: { architecture: 'amd64', os: 'linux' } } });
  return layout;
}

/** The layers of an image that `docker save` wrote into an archive. */
export function layersOfSaved(archive: string, folder: string): Buffer[] {
  mkdirSync(folder, { recursive: true });
  output('tar', ['-C', folder, '-xf', archive]);
  const [image] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Array<{
    readonly Layers: readonly string[];
  }>;
  return image!.Layers.map((path) => readFileSync(join(folder, path)));
}
