import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, words } from '../harness/command.ts';
import { entriesOf, verifiedBlobs } from '../harness/oci-layout.ts';
import type { Product } from '../harness/product.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { digestOfTag, openSetting, type Setting } from './setting.ts';

/** A client that copies between an OCI layout and a registry; each command is one that its users type. */
interface CopyingClient {
  readonly name: string;
  login(product: Product): ReadonlyArray<readonly string[]>;
  push(layout: string, tag: string, remote: string): readonly string[];
  pull(remote: string, layout: string, tag: string): readonly string[];
  tags(repository: string): readonly string[];
}

const clients: readonly CopyingClient[] = [
  {
    name: 'skopeo',
    login: ({ host, user, password }) => [
      words`skopeo login --tls-verify=false -u ${user} -p ${password} ${host}`,
    ],
    push: (layout, tag, remote) =>
      words`skopeo copy --all --preserve-digests --dest-tls-verify=false oci:${layout}:${tag} docker://${remote}`,
    pull: (remote, layout, tag) =>
      words`skopeo copy --all --preserve-digests --src-tls-verify=false docker://${remote} oci:${layout}:${tag}`,
    tags: (repository) => words`skopeo list-tags --tls-verify=false docker://${repository}`,
  },
  {
    name: 'crane',
    login: ({ host, user, password }) => [words`crane auth login ${host} -u ${user} -p ${password}`],
    push: (layout, _tag, remote) => words`crane --insecure push ${layout} ${remote}`,
    pull: (remote, layout) => words`crane --insecure pull --format=oci ${remote} ${layout}`,
    tags: (repository) => words`crane --insecure ls ${repository}`,
  },
  {
    name: 'oras',
    login: ({ host, user, password }) => [words`oras login --plain-http -u ${user} -p ${password} ${host}`],
    push: (layout, tag, remote) =>
      words`oras cp --from-oci-layout --to-plain-http ${layout}:${tag} ${remote}`,
    pull: (remote, layout, tag) =>
      words`oras cp --from-plain-http --to-oci-layout ${remote} ${layout}:${tag}`,
    tags: (repository) => words`oras repo tags --plain-http ${repository}`,
  },
  {
    name: 'regctl',
    login: ({ host, user, password }) => [
      words`regctl registry set --tls disabled ${host}`,
      words`regctl registry login -u ${user} -p ${password} ${host}`,
    ],
    push: (layout, tag, remote) => words`regctl image copy ocidir://${layout}:${tag} ${remote}`,
    pull: (remote, layout, tag) => words`regctl image copy ${remote} ocidir://${layout}:${tag}`,
    tags: (repository) => words`regctl tag ls ${repository}`,
  },
];

const tools = [...clients.map(({ name }) => name), 'debootstrap'];

describe.skipIf(lacksTools(tools) || lacksRoot())('clients that copy', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting();
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  describe.each(clients)('$name', (client) => {
    beforeAll(async () => {
      for (const command of client.login(setting.product)) await run(command, { env: setting.env });
    });

    it.each(['debian', 'multi'] as const)('pushes and pulls %s, byte-identical', async (image) => {
      const { product, layouts, env, folder } = setting;
      const repository = `${client.name}/${image}`;
      const remote = `${product.host}/${repository}:1`;
      const [entry] = entriesOf(layouts[image]);
      await run(client.push(layouts[image], image, remote), { env });
      expect(await digestOfTag(product, repository, '1')).toBe(entry!.digest);

      const pulled = join(folder, `pulled-${client.name}-${image}`);
      await run(client.pull(remote, pulled, image), { env });
      expect(entriesOf(pulled).map(({ digest }) => digest)).toContain(entry!.digest);
      expect(await verifiedBlobs(pulled)).toEqual(await verifiedBlobs(layouts[image]));
    });

    it('lists the tags of a repository', async () => {
      const { product, env } = setting;
      const printed = await run(client.tags(`${product.host}/${client.name}/debian`), { env });
      expect(printed).toMatch(/(^|")1("|$)/m);
    });
  });
});
