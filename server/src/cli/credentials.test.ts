import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLogin, removeLogin, storeLogin } from './credentials.ts';
import { inFolder } from './wharf.fixtures.ts';

/** Runs with docker's configuration in a folder of its own. */
function withConfig<T>(
  content: object | string | undefined,
  use: (environment: NodeJS.ProcessEnv, path: string) => Promise<T>,
): Promise<T> {
  return inFolder(async (folder) => {
    const path = join(folder, 'config.json');
    if (content !== undefined) {
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    }
    return use({ DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH']}` }, path);
  });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe("docker's configuration", () => {
  it('gives back the login that was stored, and keeps everything else in the file', async () => {
    await withConfig(
      { proxies: { default: { noProxy: 'x' } }, auths: { other: { auth: 'b3Ro' } } },
      async (environment, path) => {
        await storeLogin('localhost:5000', { username: 'ann', password: 'a:b c' }, environment);
        expect(await findLogin('localhost:5000', environment)).toEqual({
          username: 'ann',
          password: 'a:b c',
        });
        expect(await findLogin('localhost:5001', environment)).toBeUndefined();
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        expect(await removeLogin('localhost:5000', environment)).toBe(true);
        expect(await removeLogin('localhost:5000', environment)).toBe(false);
        expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
          proxies: { default: { noProxy: 'x' } },
          auths: { other: { auth: 'b3Ro' } },
        });
      },
    );
  });

  it('is made where there is none, in a folder for its owner alone', async () => {
    await inFolder(async (home) => {
      const path = await storeLogin('r.example', { username: 'u', password: 'p' }, { HOME: home });
      expect(path).toBe(join(home, '.docker', 'config.json'));
      expect((await stat(join(home, '.docker'))).mode & 0o777).toBe(0o700);
      expect(await findLogin('r.example', { HOME: home })).toEqual({ username: 'u', password: 'p' });
    });
  });

  it('knows Docker Hub and addresses with a scheme by the names that docker gives them', async () => {
    const auths = {
      'https://index.docker.io/v1/': { auth: base64('hub:1') },
      'https://old.example/v1/': { username: 'o', password: '2' },
    };
    await withConfig({ auths }, async (environment) => {
      expect(await findLogin('docker.io', environment)).toEqual({ username: 'hub', password: '1' });
      expect(await findLogin('old.example', environment)).toEqual({ username: 'o', password: '2' });
    });
  });

  it('asks the helper of a registry; a helper that fails is no anonymous user', async () => {
    const helpers = {
      'a.example': 'works',
      'b.example': 'empty',
      'c.example': 'broken',
      'd.example': '../evil',
      'e.example': 'absent',
    };
    await withConfig(
      { credHelpers: helpers, auths: { 'b.example': { auth: base64('file:3') } } },
      async (environment, path) => {
        const program = async (name: string, script: string) => {
          const file = join(path, '..', `docker-credential-${name}`);
          await writeFile(file, `#!/bin/sh\nread key\n${script}\n`);
          await chmod(file, 0o755);
        };
        await program('works', 'echo "{\\"Username\\":\\"h\\",\\"Secret\\":\\"$1 $key\\"}"');
        await program('empty', 'echo "credentials not found in native keychain"; exit 1');
        await program('broken', 'echo "keychain is locked"; exit 1');
        expect(await findLogin('a.example', environment)).toEqual({
          username: 'h',
          password: 'get a.example',
        });
        expect(await findLogin('b.example', environment)).toBeUndefined();
        await expect(findLogin('c.example', environment)).rejects.toThrow(
          /docker-credential-broken: keychain is locked/,
        );
        await expect(findLogin('d.example', environment)).rejects.toThrow(/not a name/);
        await expect(findLogin('e.example', environment)).rejects.toThrow(/could not be run/);
      },
    );
  });

  it('stores and erases with the helper of a registry, and takes its tokens for what they are', async () => {
    await withConfig({ credsStore: 'box' }, async (environment, path) => {
      const program = join(path, '..', 'docker-credential-box');
      await writeFile(
        program,
        `#!/bin/sh\ncd "$(dirname "$0")"\ncase $1 in\n` +
          'store) cat > box ;;\nerase) rm box ;;\n' +
          'get) [ -f box ] || { echo "credentials not found"; exit 1; }; sed s/ServerURL/Server/ box ;;\nesac\n',
      );
      await chmod(program, 0o755);
      expect(await findLogin('r.example', environment)).toBeUndefined();
      const login = { username: '<token>', password: 'refresh' };
      expect(await storeLogin('r.example', login, environment)).toBe('docker-credential-box');
      expect(await findLogin('r.example', environment)).toEqual({ identityToken: 'refresh' });
      expect(await readFile(path, 'utf8')).toBe('{"credsStore":"box"}');
      expect(await removeLogin('r.example', environment)).toBe(true);
      expect(await removeLogin('r.example', environment)).toBe(false);
      expect(await findLogin('r.example', environment)).toBeUndefined();
    });
  });

  it.each([
    ['{', /not valid JSON/],
    [{ auths: [] }, /auths is not an object/],
    [{ auths: { 'r.example': { auth: base64('no colon') } } }, /name:password/],
  ])('says what is wrong with %j', async (content, message) => {
    await withConfig(content, async (environment) => {
      await expect(findLogin('r.example', environment)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(message),
      });
    });
  });
});
