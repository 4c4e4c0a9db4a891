import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt } from '../harness/command.ts';
import { addressOf, startProcess, TestFolder, type ServerProcess } from './server-process.ts';

let folder: TestFolder;
let processes: ServerProcess[];
const source = join(import.meta.dirname, '../../server');
const password = { WHARFINGER_ADMIN_PASSWORD: 'chosen-by-the-operator' };

beforeEach(() => {
  folder = new TestFolder();
  processes = [];
});
afterEach(async () => {
  for (const one of processes) one.signal('SIGKILL');
  await Promise.all(processes.map((one) => one.ended));
  folder.remove();
});

function start(environment: Readonly<Record<string, string>> = {}): ServerProcess {
  const server = startProcess({ ...folder.environment, ...environment });
  processes.push(server);
  return server;
}

/** A process that must not come up: what it said, and that it said it without a stack. */
async function refused(environment: Readonly<Record<string, string>>): Promise<string> {
  const server = start(environment);
  expect(await server.ended).toBe(1);
  expect(server.output()).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  return server.output();
}

async function signsIn(server: ServerProcess, secret: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`;
  const answer = await fetch(`http://${await addressOf(server)}/api/v1/audit`, {
    headers: { authorization },
  });
  await answer.arrayBuffer();
  return answer.status === 200;
}

describe('the first password', () => {
  it('is printed once, and never again; one that is configured wins', async () => {
    const first = start();
    const [, made] = await first.seen(/with the password (\S+)/);
    expect(await signsIn(first, made!)).toBe(true);
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = start();
    expect(await signsIn(second, made!)).toBe(true);
    expect(second.output()).not.toContain('password');
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);

    const third = start(password);
    expect(await signsIn(third, made!)).toBe(false);
    expect(await signsIn(third, password.WHARFINGER_ADMIN_PASSWORD)).toBe(true);
    expect(third.output()).not.toContain(password.WHARFINGER_ADMIN_PASSWORD);
  });
});

describe('what cannot start says why', () => {
  it('names all mistakes of the configuration at once, and shows no secret', async () => {
    const output = await refused({
      WHARFINGER_CONFIG: folder.write(
        'users: [{ name: ci, password: hunter2 }]\nregistry: { missingParts: maybe }\nlisten: 127.0.0.1:99999\n',
      ),
      WHARFINGER_LISTEN: '127.0.0.1:99999',
      WHARFINGER_NAMESPACES: '[{"name": hunter2',
      WHARFINGER_NO_SUCH: 'hunter2',
    });
    for (const part of [
      'users.0.password',
      'registry.missingParts',
      'listen: a port is at most 65535',
      'WHARFINGER_NAMESPACES: this is not valid JSON',
      'WHARFINGER_NO_SUCH: there is no such setting',
    ]) {
      expect(output).toContain(part);
    }
    expect(output).not.toContain('hunter2');
  });

  it('says where a file is no YAML, and shows none of it', async () => {
    const output = await refused({
      WHARFINGER_CONFIG: folder.write('adminPassword: hunter2-hunter2\nadminPassword: hunter2-hunter2\n'),
    });
    expect(output).toMatch(/wharfinger\.yaml: .*line 2, column 1/);
    expect(output).not.toContain('hunter2');
  });

  it.each([
    ['main.ts', [join(source, 'src/main.ts')]],
    ['wharf serve', [join(source, 'bin/wharf.js'), 'serve']],
  ])('names the address that is taken: %s', async (_, command) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const listen = `127.0.0.1:${typeof address === 'object' ? address!.port : ''}`;
    const env = { ...folder.environment, ...password, WHARFINGER_LISTEN: listen };
    const { code, stderr } = await attempt([process.execPath, ...command], { env });
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`${listen}: another program listens there`);
    expect(stderr).toContain('WHARFINGER_LISTEN');
  });

  it('names the data folder that another process uses', async () => {
    await addressOf(start(password));
    const output = await refused(password);
    expect(output).toContain(`another process uses this data folder: ${join(folder.path, 'data')}`);
  });

  it('names a data folder that cannot be made', async () => {
    const output = await refused({ ...password, WHARFINGER_DATA: folder.write('') });
    expect(output).toContain(folder.path);
  });
});
