import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, startProcess, TestFolder, type ServerProcess } from './server-process.ts';

let folder: TestFolder;
let server: ServerProcess;
let url: string;

const user = (name: string, rights: string) =>
  `  - { name: ${name}, password: password-of-${name}, rights: [${rights}] }\n`;
const pulls = '{ repositories: "**", actions: [pull] }';

beforeAll(async () => {
  folder = new TestFolder();
  const environment = { ...folder.environment, WHARFINGER_ADMIN_PASSWORD: 'chosen-by-the-operator' };
  folder.write(`users:\n${user('ann', pulls)}${user('bob', '')}`);
  server = startProcess(environment);
  url = `http://${await addressOf(server)}`;
});
afterAll(async () => {
  server.signal('SIGTERM');
  await server.ended;
  folder.remove();
});

/** Says SIGHUP and waits for the `n`th line of the log about it. */
async function reload(yaml: string, said: RegExp): Promise<string> {
  const before = server.output().length;
  folder.write(yaml);
  server.signal('SIGHUP');
  await server.seen(new RegExp(`^[^]{${before}}[^]*(?:${said.source})`));
  return server.output().slice(before);
}
const done = /were read again/;

async function statusFor(name: string, path: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${name}:password-of-${name}`).toString('base64')}`;
  const answer = await fetch(`${url}${path}`, { headers: { authorization } });
  await answer.arrayBuffer();
  return answer.status;
}
const gateOf = async (namespace: string): Promise<string | undefined> => {
  const authorization = `Basic ${Buffer.from('admin:chosen-by-the-operator').toString('base64')}`;
  const answer = await fetch(`${url}/api/v1/judgement`, { headers: { authorization } });
  const { payload } = (await answer.json()) as { payload: string };
  const { repositories } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as {
    repositories: { pattern: string; gate: string }[];
  };
  return repositories.find(({ pattern }) => pattern === namespace)?.gate;
};

describe('SIGHUP', () => {
  it('changes users, rights, namespaces and trust at once', async () => {
    const absent = '/api/v1/tags?repository=private/none';
    expect([await statusFor('ann', '/api/v1/whoami'), await statusFor('bob', '/api/v1/whoami')]).toEqual([
      200, 200,
    ]);
    const token = await fetch(`${url}/auth/token`, {
      headers: { authorization: `Basic ${Buffer.from('ann:password-of-ann').toString('base64')}` },
    });
    const { token: bearer } = (await token.json()) as { token: string };
    expect(await gateOf('strict')).toBeUndefined();
    const output = await reload(
      `users:\n${user('bob', pulls)}${user('eve', '')}namespaces: [{ name: strict, gate: hold }]\n`,
      done,
    );
    expect(output).not.toContain('need a new start');
    expect(await statusFor('ann', '/api/v1/whoami')).toBe(401);
    expect(await statusFor('bob', absent)).toBe(404);
    expect(await statusFor('eve', '/api/v1/whoami')).toBe(200);
    expect(await gateOf('strict')).toBe('hold');
    const old = await fetch(`${url}/api/v1/whoami`, { headers: { authorization: `Bearer ${bearer}` } });
    expect(old.status).toBe(401);
  });

  it('leaves all as it was where the file is wrong, and says everything that is', async () => {
    const output = await reload(
      'users: [{ name: BAD, password: hunter2 }]\nnamespaces: [{ name: strict, gate: perhaps }]\n',
      /stays in force/,
    );
    for (const part of ['users.0.name', 'users.0.password', 'namespaces.0.gate']) {
      expect(output).toContain(part);
    }
    expect(output).not.toContain('hunter2');
    expect(await statusFor('bob', '/api/v1/whoami')).toBe(200);
    expect(await gateOf('strict')).toBe('hold');
  });

  it('says which settings need a new start', async () => {
    const output = await reload(
      'registry: { missingParts: hold }\nlog: { level: warn }\npublicUrl: https://registry.example.com\n',
      /need a new start/,
    );
    expect(output).toContain('"settings":["log.level","registry.missingParts"]');
    const challenge = await fetch(`${url}/v2/`);
    expect(challenge.headers.get('www-authenticate')).toContain('https://registry.example.com/auth/token');
  });
});
