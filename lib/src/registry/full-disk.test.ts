import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { noise } from '../storage/blob-store.contract.ts';
import { openFileSystemBlobStore } from '../storage/file-system.ts';
import { pushBlob, startRegistry, type TestRegistry } from './registry.fixtures.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!mayMount)('pushes to a full disk (needs root on Linux, to mount a small one)', () => {
  let root: string;
  let registry: TestRegistry;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
    registry = await startRegistry(await openFileSystemBlobStore(root));
  });
  afterEach(async () => {
    await registry.close();
    // a file that was just sent may not be closed yet
    execFileSync('umount', ['--lazy', root]);
    await rm(root, { recursive: true });
  });

  const big = noise(8 * 1024 * 1024);
  const digest = digestOf(big);

  test.each(['POST', 'PATCH', 'PUT'])('answer 507 to %s, leave nothing, and work again', async (method) => {
    const begun = await registry.call('POST', '/v2/a/blobs/uploads/');
    const path = method === 'POST' ? '/v2/a/blobs/uploads/' : begun.headers.location!;
    const refused = await registry.call(method, `${path}?digest=${digest}`, { body: big });
    expect(refused.status).toBe(507);
    expect(refused.json().errors[0]!.message).toContain('make room');
    if (method === 'POST') await registry.call('DELETE', begun.headers.location!);
    expect(await readdir(join(root, 'uploads'))).toEqual([]);
    expect((await registry.call('HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404);

    const small = noise(1024 * 1024);
    await pushBlob(registry, 'a', small);
    expect((await registry.call('GET', `/v2/a/blobs/${digestOf(small)}`)).body.equals(small)).toBe(true);
  });
});
