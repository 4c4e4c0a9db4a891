import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { run, words } from '../harness/command.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { createLayout, writeEntries, type Part } from '../harness/oci-layout.ts';
import { sha256, until, type Pushable } from '../harness/registry-client.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { scriptProbe } from './setting.ts';

process.env['WHARFINGER_TEST_BUSYBOX'] ??= '/bin/busybox';

/** Whether a program takes connections on a Unix socket. */
async function accepts(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether a process was started with something below a folder. */
function isUsed(folder: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
    } catch {
      // it has ended meanwhile
      return false;
    }
  });
}

describe.skipIf(lacksTools(['podman', 'runc']) || lacksRoot() || lacksPath('WHARFINGER_TEST_BUSYBOX'))(
  'podman, by the API of Docker',
  () => {
    let folder: string;
    let service: ReturnType<typeof spawn>;
    let ended: Promise<unknown>;
    let podman: string[];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'wq-'));
      podman = words`podman --root ${folder}/root --runroot ${folder}/run --storage-driver vfs
        --cgroup-manager cgroupfs --runtime runc`;
      const [program, ...args] = [...podman, ...words`system service --time 0 unix://${folder}/podman.sock`];
      service = spawn(program!, args, { stdio: 'ignore' });
      ended = once(service, 'exit');
      // the socket is there before anybody listens on it
      await until(
        async () => ((await accepts(join(folder, 'podman.sock'))) ? true : undefined),
        'podman to listen',
      );
    });
    afterAll(async () => {
      service.kill('SIGTERM');
      await ended;
      // behind each container a process of its own clears up, which may write here after the container is gone
      await until(async () => (isUsed(folder) ? undefined : true), 'podman to clear up');
      rmSync(folder, { recursive: true, force: true });
    });

    /** An image as a layout of files. */
    function layoutOf(name: string, { manifest, mediaType, blobs }: Pushable): string {
      const layout = createLayout(join(folder, name));
      mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
      for (const bytes of [manifest, ...blobs.values()])
        writeFileSync(join(layout, 'blobs/sha256', sha256(bytes).slice('sha256:'.length)), bytes);
      const entry: Part = { mediaType, digest: sha256(manifest), size: manifest.length };
      writeEntries(layout, { [name]: entry });
      return layout;
    }

    it.each([
      ['finds something', `echo '{"findings":[{"rule":"x","severity":"low","path":"etc/passwd"}]}'`, 0],
      ['comes to no result', `echo '{"findings":[]}'; exit 7`, 4],
    ])('runs a probe that %s, and keeps nothing of it', async (what, script, expected) => {
      const name = what.replaceAll(' ', '-');
      const probe = layoutOf(name, scriptProbe('pod', script));
      const subject = layoutOf(`${name}-subject`, imageOf([smallRoot(name)]));
      const engine = `unix://${join(folder, 'podman.sock')}`;
      const { code, error } = await wharf(['probe', 'run', probe, subject, '--engine', engine, '--json']);
      expect([code, error]).toEqual([expected, '']);
      const left = await run([...podman, 'ps', '--all', '--quiet']);
      const volumes = await run([...podman, 'volume', 'ls', '--quiet']);
      const images = await run([...podman, 'images', '--all', '--quiet']);
      expect([left, volumes, images]).toEqual(['', '', '']);
    });
  },
);
