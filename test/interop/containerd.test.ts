import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, run, words } from '../harness/command.ts';
import { entriesOf, verifiedBlobs } from '../harness/oci-layout.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { openSetting, type Setting } from './setting.ts';

describe.skipIf(lacksTools(['containerd', 'ctr', 'skopeo', 'debootstrap']) || lacksRoot())(
  'containerd',
  () => {
    let setting: Setting;
    let daemon: ChildProcess;
    const ctr = (...args: string[]): string[] => ['ctr', '-a', join(setting.folder, 'c.sock'), ...args];

    beforeAll(async () => {
      setting = await openSetting();
      const { folder } = setting;
      const config = join(folder, 'containerd.toml');
      writeFileSync(
        config,
        [
          'version = 2',
          `root = "${folder}/c-root"`,
          `state = "${folder}/c-state"`,
          'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
          `[grpc]\naddress = "${folder}/c.sock"`,
        ].join('\n'),
      );
      daemon = spawn('containerd', ['--config', config, '--log-level', 'error'], { stdio: 'ignore' });
      for (let waited = 0; (await attempt(ctr('version'))).code !== 0; waited += 200) {
        if (daemon.exitCode !== null || waited > 180_000) throw new Error('containerd does not serve');
        await pause(200);
      }
      const { host, user, password } = setting.product;
      for (const image of ['debian', 'multi'] as const) {
        const copy = words`skopeo copy --all --preserve-digests --dest-tls-verify=false`;
        const from = `oci:${setting.layouts[image]}:${image}`;
        const to = `docker://${host}/containerd/${image}:1`;
        await run([...copy, `--dest-creds=${user}:${password}`, from, to], { env: setting.env });
      }
    });
    afterAll(async () => {
      const exited = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await exited;
      await setting[Symbol.asyncDispose]();
    });

    it.each(['debian', 'multi'] as const)('pulls %s, byte-identical', async (image) => {
      const { host, user, password } = setting.product;
      const reference = `${host}/containerd/${image}:1`;
      const pull = words`images pull --plain-http --snapshotter native --all-platforms --user ${user}:${password}`;
      await run(ctr(...pull, reference));
      const [entry] = entriesOf(setting.layouts[image]);
      expect(await run(ctr('images', 'ls'))).toContain(entry!.digest);
      const held = await run(ctr('content', 'ls', '-q'));
      // containerd checks each digest while it takes content in, and here it is hashed once more
      for (const digest of await verifiedBlobs(setting.layouts[image])) {
        expect(held).toContain(digest);
        const get = ctr('content', 'get', digest).join(' ');
        expect(await run(['sh', '-c', `${get} | sha256sum`])).toContain(digest.slice('sha256:'.length));
      }
    });
  },
);
