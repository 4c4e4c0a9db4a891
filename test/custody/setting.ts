import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { smallRoot, type Layer } from '../harness/images.ts';
import { addBlob, addIndex, createLayout, types, writeEntries, type Part } from '../harness/oci-layout.ts';

export const secret = { COSIGN_PASSWORD: 'a password of custody' };

/** An OCI layout with the images of the tests: a base, an app on top of it, an index of the app, and an app that was tampered with. */
export interface Images {
  readonly layout: string;
  readonly base: Part;
  readonly app: Part;
  readonly index: Part;
  readonly tampered: Part;
}

export function makeImages(folder: string): Images {
  const layout = createLayout(join(folder, 'layout'));
  const [root, tool, evil] = ['root', 'tool', 'evil'].map(smallRoot) as [Layer, Layer, Layer];
  const base = addImage(layout, [root], ['/bin/sh']);
  const app = addImage(layout, [root, tool], ['/bin/app']);
  const tampered = addImage(layout, [root, tool, evil], ['/bin/app']);
  const index = addIndex(layout, [{ ...app, platform: { os: 'linux', architecture: 'amd64' } }]);
  writeEntries(layout, { base, app, index, tampered });
  return { layout, base, app, index, tampered };
}

function addImage(layout: string, layers: readonly Layer[], cmd: readonly string[]): Part {
  const config = addBlob(layout, types.config, {
    created: '2026-11-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: { User: '1000', Cmd: cmd, Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created_by: 'made by a test' })),
  });
  return addBlob(layout, types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: layers.map(({ bytes, mediaType }) => addBlob(layout, mediaType, bytes)),
  });
}

/** Pushes the images where their layout says that they belong: base/debian:12, prod/api:app, :index, :tampered. */
export async function pushImages(images: Images, session: RegistrySession): Promise<void> {
  const content = await layoutContent(folderFiles(images.layout));
  const push = (repository: string, part: Part, tag: string) =>
    copyImage(content, { session, repository }, part.digest, { referrers: false, tag });
  await push('base/debian', images.base, '12');
  for (const tag of ['app', 'index', 'tampered'] as const) await push('prod/api', images[tag], tag);
}

/** Keys of both teams and of two people, and the custody file that `wharf custody init` writes. */
export async function makePolicy(folder: string): Promise<string> {
  mkdirSync(join(folder, 'keys'));
  for (const name of ['base', 'app', 'alice', 'bob']) {
    await done(folder, 'key', 'generate', '--output-key-prefix', join(folder, 'keys', name));
  }
  const file = join(folder, 'custody.yaml');
  await done(folder, 'custody', 'init', file);
  return file;
}

export function attempted(home: string, ...given: readonly string[]): Promise<Ran> {
  return wharf(given, { environment: { HOME: home, DOCKER_CONFIG: home, ...secret } });
}

/** Runs a command that has to work; what it printed as JSON. */
export async function done(home: string, ...given: readonly string[]): Promise<unknown> {
  const { code, output, error } = await attempted(home, ...given, '--json');
  if (code !== 0) throw new Error(`${given.join(' ')}: ${code}: ${output}\n${error}`);
  return JSON.parse(output) as unknown;
}

/** A login that clients find in this home. */
export function logIn(home: string, host: string, authorization: string): void {
  const auth = authorization.replace('Basic ', '');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
}

/** cosign of both versions says whether a statement of this type by this key is attached. */
export async function cosignVerifies(
  folder: string,
  reference: string,
  type: string,
  key: string,
): Promise<void> {
  const root = join(folder, 'root.json');
  // cosign 2 wants a root even where nothing of it is used
  writeFileSync(
    root,
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }),
  );
  const flags = ['--key', join(folder, 'keys', `${key}.pub`), '--type', type, '--insecure-ignore-tlog=true'];
  const env = { ...secret, HOME: folder, DOCKER_CONFIG: folder };
  const last = ['--allow-insecure-registry', reference];
  await run(['cosign3', 'verify-attestation', ...flags, ...last], { env });
  const bundles = ['--new-bundle-format', '--trusted-root', root];
  await run(['cosign2', 'verify-attestation', ...bundles, ...flags, ...last], { env });
}
