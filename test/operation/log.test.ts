import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushChecked, type SmallImage } from '../../server/src/testing/pushed-image.ts';
import { admin, adminPassword, callerOf } from '../../server/src/testing/running-server.ts';
import { addressOf, startProcess, TestFolder, type ServerProcess } from './server-process.ts';

let folder: TestFolder;
let server: ServerProcess;
let address: string;
let image: SmallImage;
const call = callerOf(() => address);

beforeAll(async () => {
  folder = new TestFolder();
  folder.write('log: { level: debug }\nusers: [{ name: ci, password: password-of-ci }]\n');
  server = startProcess({ ...folder.environment, WHARFINGER_ADMIN_PASSWORD: adminPassword });
  address = await addressOf(server);
  image = await pushChecked({ call }, 'team/app', 'v1');
  // the disk loses all blobs
  const blobs = join(folder.path, 'data/blobs/blobs');
  for (const entry of readdirSync(blobs, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) rmSync(join(entry.parentPath, entry.name));
  }
});
afterAll(async () => {
  server.signal('SIGKILL');
  await server.ended;
  folder.remove();
});

describe('an error of the server itself', () => {
  it.each([
    ['of the registry', () => `/v2/team/app/blobs/${image.layer}`],
    ['of the API', () => '/api/v1/images?repository=team/app&reference=v1'],
  ])('%s is told to the log, not to the client', async (_, pathOf) => {
    const path = pathOf();
    const { status, text } = await call('GET', path, { as: admin });
    expect(status).toBe(500);
    expect(text).toContain('see the log of the server');
    expect(text).not.toMatch(/ENOENT|\.ts|blobs\//);
    const said = new RegExp(`ENOENT.*"url":"${path.replaceAll('?', '\\?')}","msg":"request failed"`);
    await server.seen(said);
  });
});

describe('the log', () => {
  it('holds no credentials', async () => {
    const token = (await call('GET', '/auth/token?account=ci', { as: 'ci:password-of-ci' })).json().token;
    const path = `/v2/team/app/blobs/${image.layer}`;
    await call('GET', path, { as: admin });
    await call('GET', '/api/v1/whoami', { token });
    await call('GET', '/api/v1/whoami', { token: `${token}x` });
    await call('GET', '/api/v1/whoami', { as: 'ci:a-wrong-password' });
    await call('POST', '/auth/token', {
      body: 'grant_type=password&username=ci&password=password-of-ci',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    await call('POST', '/api/v1/holds', { as: admin, body: '{"reason":"password-of-ci"' });
    server.signal('SIGTERM');
    await server.ended;
    const secrets = ['password-of-ci', 'a-wrong-password', adminPassword, token];
    for (const secret of [...secrets, ...secrets.map((text) => btoa(text))]) {
      expect(server.output()).not.toContain(secret);
    }
    expect(server.output()).not.toMatch(/basic |bearer /i);
  });
});
