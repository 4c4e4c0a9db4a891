import { mkdirSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import type { SeedRepository, ServerKind } from './server.ts';

/** zot without extensions; it does not sync unless told to. */
export const zot: ServerKind = {
  name: 'zot',
  durability: 'commit: true (fsync of the blob, never of directories), dedupe: false; no authentication',
  find: () => findProgram('zot'),
  launch(_program, folder, port) {
    const file = `${folder}.config.json`;
    const config = {
      distSpecVersion: '1.1.1',
      storage: { rootDirectory: folder, commit: true, dedupe: false, gc: false },
      http: { address: '127.0.0.1', port: String(port) },
      log: { level: 'error' },
    };
    writeFileSync(file, JSON.stringify(config));
    return { args: ['serve', file] };
  },
  readyPath: '/v2/',
  seed: seedLayout,
};

/** zot's repositories are OCI image layouts. */
function seedLayout(folder: string, repository: SeedRepository): void {
  const root = join(folder, repository.name);
  const blobs = join(root, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(root, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  for (const { digest, bytes } of [...repository.blobs, ...repository.manifests.values()]) {
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  const manifests = [...repository.manifests].map(([tag, { mediaType, digest, size }]) => ({
    mediaType,
    digest,
    size,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  writeFileSync(join(root, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
