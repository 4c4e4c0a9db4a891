import { once } from 'node:events';
import { createServer } from 'node:http';
import { openMemoryCatalog } from '../../catalog/memory.ts';
import { createRegistryHandler } from '../../registry/handler.ts';
import type { GateAnswer } from '../../registry/host.ts';
import { openMemoryBlobStore } from '../../storage/memory.ts';
import type { RunningRegistry } from './docker-registry.ts';

/** Starts this library's own registry in memory, open to all, on a free port. Stop it. */
export async function startOwnRegistry(
  gate: () => GateAnswer = () => ({ serve: true }),
): Promise<RunningRegistry> {
  const handler = createRegistryHandler({
    storage: openMemoryBlobStore(() => new Date()),
    catalog: openMemoryCatalog(),
    settings: { challengeUnknown: false, referrersPageSize: 2 },
    host: {
      identify: () => ({ principal: null, address: '127.0.0.1', client: '' }),
      may: () => true,
      challenge: () => 'Basic realm="test"',
      gateManifest: gate,
      gateBlob: gate,
      isTagImmutable: () => false,
      now: () => new Date(),
    },
  });
  const server = createServer((request, response) => void handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    host: `127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
