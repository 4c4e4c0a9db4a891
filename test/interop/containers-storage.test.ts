import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, words } from '../harness/command.ts';
import { entriesOf, readManifest } from '../harness/oci-layout.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { debianArchive, digestOfTag, openSetting, servedBlobs, type Setting } from './setting.ts';

/** Engines that keep images in containers/storage take the same options and differ in little else. */
describe.skipIf(lacksTools(['podman', 'buildah', 'skopeo', 'debootstrap']) || lacksRoot())(
  'engines of containers/storage',
  () => {
    let setting: Setting;
    let archive: string;
    beforeAll(async () => {
      setting = await openSetting();
      archive = await debianArchive(setting);
    });
    afterAll(() => setting[Symbol.asyncDispose]());

    const engine = (program: string, args: readonly string[]): Promise<string> => {
      const root = join(setting.folder, `${program}-root`);
      const storage = ['--root', root, '--runroot', `${root}-run`, '--storage-driver', 'vfs'];
      return run([program, ...storage, ...args], { env: setting.env });
    };

    describe.each(['podman', 'buildah'])('%s', (program) => {
      beforeAll(async () => {
        const { host, user, password } = setting.product;
        await engine(program, ['login', '--tls-verify=false', '-u', user, '-p', password, host]);
      });

      it('pushes and pulls the very same image', async () => {
        const { product } = setting;
        const remote = `${product.host}/${program}/debian:1`;
        const local = (await engine(program, ['pull', '--quiet', `docker-archive:${archive}`])).trim();
        const digestFile = join(setting.folder, `${program}.digest`);
        await engine(program, [
          'push',
          '--tls-verify=false',
          `--digestfile=${digestFile}`,
          local,
          `docker://${remote}`,
        ]);
        const digest = await digestOfTag(product, `${program}/debian`, '1');
        expect(await run(['cat', digestFile])).toBe(digest);
        expect(await servedBlobs(setting, `${program}/debian`, '1')).toContain(digest);

        await engine(program, ['rmi', '--all', '--force']);
        const pulled = await engine(program, ['pull', '--quiet', '--tls-verify=false', remote]);
        // an image's id is the digest of its configuration, which names all bytes of all layers
        expect(pulled.trim()).toBe(local);
      });

      it('pushes an index of two platforms', async () => {
        const { product, layouts } = setting;
        const list = `${program}-list`;
        await engine(program, ['manifest', 'create', list]);
        await engine(program, ['manifest', 'add', '--all', list, `oci:${layouts.multi}:multi`]);
        const remote = `docker://${product.host}/${program}/multi:1`;
        await engine(program, ['manifest', 'push', '--all', '--tls-verify=false', list, remote]);
        const digest = await digestOfTag(product, `${program}/multi`, '1');
        expect(await servedBlobs(setting, `${program}/multi`, '1')).toContain(digest);

        const pull = words`pull --quiet --tls-verify=false --arch arm64 ${remote}`;
        const arm = (await engine(program, pull)).trim();
        expect(`sha256:${arm}`).toBe(configOfArm(layouts.multi));
      });
    });
  },
);

/** Digest of the configuration of the layout's image for arm64, which is the id that engines give it. */
function configOfArm(layout: string): string {
  const index = readManifest(layout, entriesOf(layout)[0]!.digest);
  const arm = index.manifests?.find(({ platform }) => platform?.architecture === 'arm64');
  return readManifest(layout, arm!.digest).config!.digest;
}
