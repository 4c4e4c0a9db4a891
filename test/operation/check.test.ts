import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { checked, push, smallImage } from '../../server/src/testing/pushed-image.ts';
import { admin, adminPassword, callerOf } from '../../server/src/testing/running-server.ts';
import { addressOf, startProcess, TestFolder, type ServerProcess } from './server-process.ts';

let folder: TestFolder;
let server: ServerProcess;
let address: string;
const reached = { call: callerOf(() => address) };

async function begin(): Promise<void> {
  server = startProcess({ ...folder.environment, WHARFINGER_ADMIN_PASSWORD: adminPassword });
  address = await addressOf(server);
}
beforeEach(async () => {
  folder = new TestFolder();
  folder.write('namespaces: [{ name: strict, gate: hold }]\nregistry: { readBack: 0s }\n');
  await begin();
});
afterEach(async () => {
  server.signal('SIGKILL');
  await server.ended;
  folder.remove();
});

const manifest = async (repository: string) =>
  (await reached.call('GET', `/v2/${repository}/manifests/v1`, { as: admin })).status;

/** The file that holds a blob. Beside the blobs lie files that the server removes when it likes. */
function fileOf(digest: string): string {
  const blobs = join(folder.path, 'data/blobs/blobs');
  const files = readdirSync(blobs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.find((file) => digestOf(readFileSync(file)) === digest)!;
}

describe('a check', () => {
  it('that a crash ended is taken up again', async () => {
    const image = smallImage({ mark: 'crash' });
    expect(await push(reached, image, 'strict/app', 'v1')).toBe(201);
    server.signal('SIGKILL');
    await server.ended;
    expect(server.output()).not.toContain('a job failed');
    await begin();
    await checked(reached, 'strict/app', image.digest);
  });

  it('that fails is told of in the log, holds the image, and is tried again by itself', async () => {
    const image = smallImage({ mark: 'a disk that fails' });
    const [digest] = image.blobs[0]!;
    // pushed before, so that its file can be taken away before the check begins
    await reached.call('POST', `/v2/strict/app/blobs/uploads/?digest=${digest}`, {
      as: admin,
      body: image.blobs[0]![1],
      headers: { 'content-type': 'application/octet-stream' },
    });
    const file = fileOf(digest);
    renameSync(file, `${file}.away`);
    const rest = { ...image, blobs: image.blobs.slice(1) };
    expect(await push(reached, rest, 'strict/app', 'v1')).toBe(201);
    await server.seen(/"job":"check strict\/app@sha256:[^"]*","msg":"a job failed"/);
    expect(await manifest('strict/app')).toBe(403);
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.away`, file);
    await checked(reached, 'strict/app', image.digest);
  });
});
