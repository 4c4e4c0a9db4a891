import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, run } from '../harness/command.ts';
import { startDockerDaemon, type DockerDaemon } from '../harness/docker-daemon.ts';
import { checkedVerdict, visitor } from '../harness/registry-client.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { debianArchive, digestOfTag, openSetting, servedBlobs, type Setting } from './setting.ts';

const reader = { name: 'reader', password: 'reads-and-nothing-else' };
const config = {
  namespaces: [{ name: 'strict', official: true }],
  users: [{ ...reader, rights: [{ repositories: '**', actions: ['pull'] }] }],
};

describe.skipIf(lacksTools(['dockerd', 'docker', 'skopeo', 'debootstrap']) || lacksRoot())('docker', () => {
  let setting: Setting;
  let daemon: DockerDaemon;
  let imageId: string;
  const docker = (...args: string[]): Promise<string> => run(daemon.command(...args), { env: setting.env });

  beforeAll(async () => {
    setting = await openSetting(config);
    daemon = await startDockerDaemon(setting.folder);
    await docker('load', '-i', await debianArchive(setting));
    imageId = await docker('image', 'inspect', '--format={{.Id}}', 'made/debian:1');
    const { host, user, password } = setting.product;
    await run(daemon.command('login', '-u', user, '--password-stdin', host), {
      env: setting.env,
      input: password,
    });
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await setting[Symbol.asyncDispose]();
  });

  it('pushes, pulls the very same image, and runs a container from it', async () => {
    const { product } = setting;
    const remote = `${product.host}/docker/debian:1`;
    await docker('tag', 'made/debian:1', remote);
    const pushed = await docker('push', remote);
    const digest = /digest: (sha256:\w+)/.exec(pushed)?.[1];
    expect(await digestOfTag(product, 'docker/debian', '1')).toBe(digest);
    expect(await servedBlobs(setting, 'docker/debian', '1')).toContain(digest);

    await docker('rmi', '--force', imageId.trim());
    expect(await docker('images', '--quiet')).toBe('');
    await docker('pull', remote);
    expect(await docker('image', 'inspect', '--format={{.Id}}', remote)).toBe(imageId);
    expect(await docker('run', '--rm', '--network', 'none', remote)).toContain(
      'PRETTY_NAME="Debian GNU/Linux 12',
    );
  });

  it('pulls by digest', async () => {
    const { product } = setting;
    const digest = await digestOfTag(product, 'docker/debian', '1');
    const pulled = await docker('pull', `${product.host}/docker/debian@${digest}`);
    expect(pulled).toContain(digest);
  });

  it('shows the reason on the screen when an image is held', async () => {
    const { product } = setting;
    const remote = `${product.host}/strict/debian:1`;
    await docker('tag', `${product.host}/docker/debian:1`, remote);
    await docker('push', remote);
    await docker('rmi', remote);
    await checkedVerdict(visitor(product.url, reader), 'strict/debian', '1');
    // the one who pushed may read back for a while; others may not
    await docker('login', '-u', reader.name, '-p', reader.password, product.host);
    const refused = await attempt(daemon.command('pull', remote), { env: setting.env });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/held by wharfinger/);
    expect(refused.stderr).toMatch(/signature|signed/);
  });
});
