import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, launcher, wharf } from './wharf.fixtures.ts';

/** A Node older than what the product needs, where this machine has one besides the pinned runtime. */
const oldRuntime = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((file) => {
    const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
    return stdout && Number(stdout.slice(1).split('.')[0]) < 24;
  });

describe('the launcher', () => {
  it('starts the command line and gives its exit code', async () => {
    expect(await wharf(['--version'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect((await wharf(['no-such-command'])).code).toBe(2);
  });

  it.skipIf(oldRuntime === undefined)(
    'starts again with the pinned runtime where it is run by an old one (needs an old Node on the PATH)',
    async () => {
      const direct = await wharf(['--help']);
      expect(await wharf(['--help'], { runtime: oldRuntime })).toEqual(direct);
      expect((await wharf(['no-such-command'], { runtime: oldRuntime })).code).toBe(2);
    },
  );

  it.skipIf(oldRuntime === undefined)('says what to install where there is no pinned runtime', async () => {
    await inFolder(async (folder) => {
      const bin = join(folder, 'bin');
      await mkdir(bin);
      for (const file of ['wharf.js', 'package.json']) await cp(join(launcher, '..', file), join(bin, file));
      const { status, stderr } = spawnSync(oldRuntime!, [join(bin, 'wharf.js'), 'ls'], { encoding: 'utf8' });
      expect(status).toBe(1);
      expect(stderr).toMatch(/needs Node\.js 24 or newer.*\n.*npm ci/);
    });
  });

  it.skipIf(oldRuntime === undefined)(
    'hands signals on, and dies of the one that its child died of',
    async () => {
      await inFolder(async (folder) => {
        const bin = join(folder, 'bin');
        await mkdir(join(folder, 'src', 'cli'), { recursive: true });
        await mkdir(bin);
        for (const file of ['wharf.js', 'package.json'])
          await cp(join(launcher, '..', file), join(bin, file));
        await writeFile(join(folder, 'src', 'package.json'), '{"type":"module"}');
        await writeFile(
          join(folder, 'src', 'cli', 'main.ts'),
          "process.once('SIGHUP', () => { process.on('SIGTERM', () => process.exit(7)); console.log('again'); });" +
            "setInterval(() => {}, 1000); console.log('ready');",
        );
        const runtimeFolder = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
        await mkdir(runtimeFolder, { recursive: true });
        await cp(process.execPath, join(runtimeFolder, 'node'));

        const start = () => {
          const child = spawn(oldRuntime!, [join(bin, 'wharf.js')]);
          const ready = () => new Promise((resolve) => child.stdout.once('data', resolve));
          const ended = new Promise((resolve) =>
            child.once('exit', (code, signal) => resolve({ code, signal })),
          );
          return { child, ready, ended };
        };
        const first = start();
        await first.ready();
        first.child.kill('SIGTERM');
        expect(await first.ended).toEqual({ code: null, signal: 'SIGTERM' });

        const second = start();
        await second.ready();
        second.child.kill('SIGHUP');
        await second.ready();
        second.child.kill('SIGTERM');
        expect(await second.ended).toEqual({ code: 7, signal: null });
      });
    },
  );
});
