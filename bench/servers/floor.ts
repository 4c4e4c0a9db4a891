/**
 * What the runtime itself can do: a bare node:http server that answers every manifest request with one manifest from
 * memory and every blob request with a file. It checks nothing and knows nothing; it cannot take a push.
 */
import { createReadStream, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { SeedRepository, ServerKind } from './server.ts';

export const floor: ServerKind = {
  name: 'node:http (floor)',
  durability: 'stores nothing, checks nothing',
  find: () => process.execPath,
  launch: (_program, folder, port) => ({ args: [import.meta.filename, folder, String(port)] }),
  readyPath: '/v2/',
  seed(folder: string, repository: SeedRepository) {
    const [manifest] = repository.manifests.values();
    writeFileSync(join(folder, 'manifest'), manifest!.bytes);
    for (const blob of repository.blobs) {
      writeFileSync(join(folder, blob.digest.replace(':', '-')), blob.bytes);
    }
  },
  lacks: ['push', 'tag-put', 'list'],
};

function serve(folder: string, port: number): void {
  const manifest = readFileSync(join(folder, 'manifest'));
  const sizes = new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size]));
  createServer((request, response) => {
    const blob = /\/blobs\/sha256:(\w+)$/.exec(request.url!)?.[1];
    if (blob !== undefined) {
      const name = `sha256-${blob}`;
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-length': sizes.get(name),
      });
      createReadStream(join(folder, name), { highWaterMark: 1 << 20 }).pipe(response);
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'content-length': manifest.length,
    });
    response.end(request.method === 'HEAD' ? undefined : manifest);
  }).listen(port, '127.0.0.1');
}

if (import.meta.main) serve(process.argv[2]!, Number(process.argv[3]));
