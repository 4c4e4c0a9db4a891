import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { TarSource } from 'modern-tar/fs';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { addDocument, addLayer, createLayout, finishLayout, reuseLayer, type Blob } from './layout.ts';

const checkout = join(import.meta.dirname, '..');

/** Layers are the same each time: files have one time and one owner. */
const fixed = { mtime: new Date('2026-01-01T00:00:00Z'), uid: 0, gid: 0, uname: '', gname: '' };

/** What the image is made of, apart from the runtime. */
export interface Recipe {
  readonly version: string;
  /** name of the package → its folder in node_modules of this checkout */
  readonly packages: Readonly<Record<string, string>>;
  /** who the process runs as */
  readonly user: string;
  readonly created: Date;
}

/** The layer with the runtime, in the layout where it was packed. */
export interface Base {
  readonly layout: string;
  readonly layer: Blob;
}

/** Packs the runtime that this program runs on, and the system libraries that it is linked with. */
export async function packRuntime(layout: string): Promise<Base> {
  await createLayout(layout);
  const runtime = realpathSync(process.execPath);
  const files = [{ source: runtime, target: 'usr/local/bin/node' }, ...linkedLibraries(runtime)];
  const layer = await addLayer(
    layout,
    files.map(({ source, target }): TarSource => ({ ...fixed, type: 'file', source, target, mode: 0o755 })),
  );
  return { layout, layer };
}

/** Builds an image of the small application in demo/app as an OCI layout. */
export async function buildImage(layout: string, base: Base, recipe: Recipe): Promise<Blob> {
  await createLayout(layout);
  await reuseLayer(base.layout, layout, base.layer);
  const folders = Object.entries(recipe.packages).map(([name, folder]): TarSource => ({
    type: 'directory',
    source: realpathSync(join(checkout, 'node_modules', folder)),
    target: `app/node_modules/${name}`,
  }));
  const application = await addLayer(
    layout,
    [
      { type: 'file', source: join(checkout, 'demo/app/package.json'), target: 'app/package.json' },
      { type: 'file', source: join(checkout, 'demo/app/server.js'), target: 'app/server.js' },
      ...folders,
    ].map((source) => ({ ...source, ...fixed }) as TarSource),
  );
  const config = await addDocument(layout, mediaTypes.ociConfig, {
    created: recipe.created.toISOString(),
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      User: recipe.user,
      WorkingDir: '/app',
      Entrypoint: ['/usr/local/bin/node', 'server.js'],
      Labels: { 'org.opencontainers.image.version': recipe.version },
    },
    rootfs: { type: 'layers', diff_ids: [base.layer.digest, application.digest] },
    history: [
      { created: recipe.created.toISOString(), created_by: 'the runtime of this checkout' },
      { created: recipe.created.toISOString(), created_by: 'demo/app and its packages' },
    ],
  });
  const manifest = await addDocument(layout, mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [base.layer, application],
  });
  await finishLayout(layout, manifest);
  return manifest;
}

/** Shared libraries of a program, as the loader of this system finds them; none where there is no ldd to ask. */
function linkedLibraries(program: string): Array<{ source: string; target: string }> {
  if (process.platform !== 'linux') return [];
  const found = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(?:=> )?(\/\S+) \(0x/g);
  return [...found].map(([, path]) => ({ source: realpathSync(path!), target: path!.slice(1) }));
}
