import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SeedRepository } from './server.ts';

/** Writes a repository as the file system driver of distribution lays it out. */
export function seedDistribution(folder: string, repository: SeedRepository): void {
  const root = join(folder, 'docker/registry/v2');
  const own = join(root, 'repositories', repository.name);
  const write = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  const store = (digest: string, bytes: Uint8Array): string => {
    const hex = digest.slice('sha256:'.length);
    write(join(root, 'blobs/sha256', hex.slice(0, 2), hex, 'data'), bytes);
    return hex;
  };
  for (const blob of repository.blobs) {
    write(join(own, '_layers/sha256', store(blob.digest, blob.bytes), 'link'), blob.digest);
  }
  for (const [tag, manifest] of repository.manifests) {
    const hex = store(manifest.digest, manifest.bytes);
    write(join(own, '_manifests/revisions/sha256', hex, 'link'), manifest.digest);
    write(join(own, '_manifests/tags', tag, 'current/link'), manifest.digest);
    write(join(own, '_manifests/tags', tag, 'index/sha256', hex, 'link'), manifest.digest);
  }
}
