import { randomBytes } from 'node:crypto';
import { blobOf, configOf, manifestOf, type ManifestBlob } from './image.ts';
import { openSender, pushBlob } from './load/send.ts';
import type { RunningServer } from './running-server.ts';
import type { SeedRepository } from './servers/server.ts';

/** A repository of `tags` small images that differ in one annotation each. */
export function taggedRepository(name: string, tags: number): SeedRepository {
  const layer = blobOf(randomBytes(4096));
  const config = configOf(layer.digest);
  const manifests = new Map<string, ManifestBlob>();
  for (let index = 0; index < tags; index += 1) {
    manifests.set(tagOf(index), manifestOf(config, [layer], `${name}-${index}`));
  }
  return { name, blobs: [config, layer], manifests };
}

export function tagOf(index: number): string {
  return `v${String(index).padStart(6, '0')}`;
}

/** A repository of one image whose layers have these sizes in bytes. */
export function blobRepository(name: string, sizes: readonly number[]): SeedRepository {
  const layers = sizes.map((size) => blobOf(randomBytes(size)));
  const config = configOf(layers[0]!.digest);
  return { name, blobs: [config, ...layers], manifests: new Map([['latest', manifestOf(config, layers)]]) };
}

/** Pushes a repository through the protocol, 32 manifests at once. */
export async function pushRepository(server: RunningServer, repository: SeedRepository): Promise<void> {
  const { send, close } = openSender({ port: server.port, ...authorizationOf(server) });
  for (const blob of repository.blobs) await pushBlob(send, repository.name, blob.digest, [blob.bytes]);
  const rest = repository.manifests.entries();
  const worker = async (): Promise<void> => {
    for (const [tag, manifest] of rest) {
      const path = `/v2/${repository.name}/manifests/${tag}`;
      await send('PUT', path, 201, [manifest.bytes], { 'content-type': manifest.mediaType });
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  close();
}

export function authorizationOf(server: RunningServer): { authorization?: string } {
  const { authorization } = server.kind;
  return authorization === undefined ? {} : { authorization };
}
