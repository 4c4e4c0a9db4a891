import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalSigstore } from '../../lib/src/signing/sigstore/testing/local-sigstore.ts';
import { TufRepository } from '../../lib/src/signing/sigstore/testing/tuf-repository.ts';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'trusted-root-'));
const output = join(folder, 'trusted_root.json');
const root = join(folder, 'root.json');
const [first, second] = [new LocalSigstore().trustedRoot(), new LocalSigstore().trustedRoot()];
const repository = new TufRepository();
let server: Server;
let url: string;

beforeAll(async () => {
  writeFileSync(root, repository.rotate());
  repository.publish(first);
  server = createServer((request, response) => {
    const found = repository.files.get((request.url ?? '').slice(1));
    response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function update(address = url) {
  return wharf(['trusted-root', 'update', '--url', address, '--root', root, '-o', output], {
    environment: { HOME: folder },
  });
}

test('wharf trusted-root update writes what the repository has, and leaves the file alone where it cannot be trusted', async () => {
  expect(await update()).toMatchObject({ code: 0, error: '' });
  expect(readFileSync(output, 'utf8')).toBe(first);
  const before = new Map(repository.files);
  repository.version = 2;
  repository.publish(second);
  expect(await update(`${url}/`)).toMatchObject({ code: 0, error: '' });
  expect(readFileSync(output, 'utf8')).toBe(second);
  repository.files.clear();
  for (const [path, bytes] of before) repository.files.set(path, bytes);
  expect(await update()).toMatchObject({
    code: 1,
    error: expect.stringContaining('nothing that can be trusted'),
  });
  expect(readFileSync(output, 'utf8')).toBe(second);
});

test('wharf trusted-root update says what is wrong with the address', async () => {
  expect(await update('file:///etc')).toMatchObject({
    code: 2,
    error: expect.stringContaining('not an address'),
  });
  expect(await update('http://127.0.0.1:1')).toMatchObject({
    code: 1,
    error: expect.stringContaining('cannot be reached'),
  });
});
