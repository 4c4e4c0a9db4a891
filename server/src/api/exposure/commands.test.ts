import { join } from 'node:path';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFolder, wharf } from '../../cli/wharf.fixtures.ts';
import { adminPassword, startTestServer, until, type TestServer } from '../../testing/running-server.ts';
import { pushChecked } from '../../testing/pushed-image.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await pushChecked(server, 'team/app', 'v1', { packages: { 'left-pad': '1.2.9' } });
  await pushChecked(server, 'team/other', 'v1', { packages: { 'left-pad': '1.3.0' } });
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('wharf search and wharf exposure show people and scripts what the server knows', async () => {
  await inFolder(async (folder) => {
    const options = { folder, environment: { DOCKER_CONFIG: join(folder, 'docker'), HOME: folder } };
    const login = ['login', server.address, '--username', 'admin', '--password-stdin'];
    expect(await wharf(login, { ...options, input: adminPassword })).toMatchObject({ code: 0 });
    const below = ['search', server.address, '--package', 'left-pad', '--versions', '<1.3.0'];
    const found = await wharf(below, options);
    expect(found).toMatchObject({ code: 0, error: '' });
    expect(found.output).toMatch(/team\/app +sha256:[0-9a-f]{12} +v1 +left-pad 1\.2\.9/);
    expect(found.output).not.toContain('team/other');
    const { images, more } = JSON.parse((await wharf([...below, '--json'], options)).output);
    expect(images).toHaveLength(1);
    expect(more).toBe(false);
    const exposed = await wharf(['exposure', 'pkg:npm/left-pad@1.2.9', server.address], options);
    expect(exposed.output).toMatch(/^team\/app@sha256:[0-9a-f]{12}\n {2}tags +v1\n/);
    expect(exposed.output).toMatch(/last pulled +never/);
    const file = digestOf(JSON.stringify({ name: 'left-pad', version: '1.2.9', license: 'MIT' }));
    const byFile = ['search', server.address, '--file', file];
    await until(async () => (await wharf(byFile, options)).output.includes('team/app'));
    expect((await wharf(byFile, options)).output).toContain('app/node_modules/left-pad/package.json (');
    const asPrinted = ['search', server.address, '--file', file.slice('sha256:'.length)];
    expect((await wharf(asPrinted, options)).output).toContain('team/app');
    expect((await wharf(['exposure', file, server.address], options)).output).toContain('team/app@');
    const limited = ['search', server.address, '--package', 'left-pad', '--limit', '1'];
    expect((await wharf(limited, options)).output).toContain('There are more');
    expect(await wharf(['search', server.address], options)).toMatchObject({ code: 2 });
    const unknown = await wharf(['exposure', 'CVE-1', server.address], options);
    expect(unknown).toMatchObject({ code: 1, output: '' });
    expect(unknown.error).toContain('no advisory that was imported is called CVE-1');
  });
});
