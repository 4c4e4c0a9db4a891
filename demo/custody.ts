import { generateKeyPairSync } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import { stringify } from 'yaml';
import { push } from './client.ts';
import { addDocument, addLayer, createLayout, finishLayout, reuseLayer, type Blob } from './layout.ts';
import { expectThat, runWharf, settled, shown, step, typed, wharf } from './terminal.ts';

// An image that two teams made: who answers for which layer, who approved it, and what becomes of it when a key is lost.

const done = 0;
const changed = 1;
const held = 3;

/** Keys of two teams and of who approves, and the layout that says who may do what. */
export interface Teams {
  readonly layoutFile: string;
  readonly keys: ReadonlyArray<{
    readonly name: string;
    readonly file: string;
    readonly purposes: readonly string[];
  }>;
}

/** Makes their keys, and writes the custody file, as `wharf key generate` and `wharf custody init` would. */
export async function makeTeams(folder: string): Promise<Teams> {
  const keys = [];
  for (const name of ['yard', 'ferry', 'captain']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(folder, `${name}.pub`);
    await writeFile(file, publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(join(folder, `${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    keys.push({ name, file, purposes: name === 'captain' ? ['stamp'] : ['stamp', 'intake'] });
  }
  const none = { needed: 0, roles: {}, signers: [] };
  const stages = [
    {
      name: 'base',
      repositories: ['ferry/base'],
      teams: [{ team: 'shipyard', signers: ['yard'] }],
      kinds: ['origin'],
      intake: false,
      approvals: none,
    },
    {
      name: 'app',
      repositories: ['ferry/app'],
      teams: [{ team: 'ferry', signers: ['ferry'] }],
      kinds: ['extend'],
      intake: true,
      approvals: {
        needed: 1,
        roles: { release: ['captain'] },
        signers: ['captain'],
        notByTheTeam: true,
      },
    },
  ];
  const layout = { name: 'ferry', registry: 'wharfinger', stages };
  await writeFile(join(folder, 'custody.yaml'), stringify({ signers: keys, layout }));
  const layoutFile = join(folder, 'layout.yaml');
  await writeFile(layoutFile, stringify(layout));
  return { layoutFile, keys };
}

/** Where it happens, and the logins of those who take part. */
interface Scene {
  readonly folder: string;
  readonly host: string;
  readonly logins: Readonly<Record<'admin' | 'ci' | 'release', string>>;
}

/** Shows the chain of custody of an image, its approval, its archive, and the loss of a key. */
export async function showCustody({ folder, host, logins: { admin, ci, release } }: Scene): Promise<void> {
  const base = `${host}/ferry/base:1`;
  const app = `${host}/ferry/app:1`;
  const custody = (login: string, command: string, image: string, more: readonly string[], wanted = done) =>
    wharf(login, ['custody', command, image, ...more, '--layout', 'custody.yaml'], wanted, { folder });

  step(
    9,
    'Two teams',
    'The shipyard makes the base and answers for it. The ferry team takes it in, and adds a layer.',
  );
  await writeFile(join(folder, 'binding.yaml'), stringify(binding));
  await wharf(admin, ['binding', 'add', host, 'binding.yaml'], done, { folder });
  const layers = await pushImage(folder, host, 'base', ['package.json']);
  await settled(ci, base);
  await custody(ci, 'link', base, ['--team', 'shipyard', '--key', 'yard.key']);
  await custody(ci, 'intake', base, ['--team', 'ferry', '--key', 'ferry.key']);
  await pushImage(folder, host, 'app', ['server.js'], layers);
  await settled(ci, app);
  await custody(ci, 'link', app, ['--parent', base, '--team', 'ferry', '--key', 'ferry.key']);

  step(10, 'Approved', 'Somebody else has to approve. Until then the image is held.');
  await wharf(ci, ['verdict', app], held);
  await custody(release, 'approve', app, [
    '--role',
    'release',
    '--ticket',
    'FERRY-12',
    '--key',
    'captain.key',
  ]);
  await wharf(ci, ['verdict', app], done);
  await custody(release, 'show', app, []);

  step(
    11,
    'Taken along',
    'The image and all its evidence in one file, verified without a registry or a network.',
  );
  await wharf(release, ['save', app, '-o', 'app.tar'], done, { folder });
  await wharf(release, ['judgement', 'key', host, '-o', 'registry.pub'], done, { folder });
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  const offline = ['verify', '--offline', 'app.tar', '--registry-key', 'registry.pub'];
  await wharf(elsewhere, offline, done, { folder });
  shown('\nSomebody changes one byte of it:\n\n');
  await changeByte(join(folder, 'app.tar'));
  await wharf(elsewhere, offline, changed, { folder });

  step(12, 'A key is lost', 'What the approver signed does not count any more, from this moment on.');
  await wharf(admin, ['key', 'revoke', host, 'captain', '--reason', 'telephone stolen, FERRY-13'], done);
  typed(`wharf verdict ${app}`);
  const { code, output } = await runWharf(ci, ['verdict', app]);
  shown(output);
  expectThat(code === held, 'the image is still served');
  expectThat(output.includes('telephone stolen'), 'the verdict does not say why');
}

const binding = {
  id: 'ferry-custody',
  collection: 'standard',
  routine: 'custody-complete',
  scope: { repositories: ['ferry/app'] },
  purposes: ['pull'],
  effect: 'hold',
};

/** Builds a small image with files of demo/app, on the layers given, and pushes it. */
async function pushImage(
  folder: string,
  host: string,
  name: string,
  files: readonly string[],
  below: readonly Blob[] = [],
): Promise<Blob[]> {
  const layout = join(folder, `ferry-${name}`);
  await createLayout(layout);
  for (const layer of below) await reuseLayer(join(folder, 'ferry-base'), layout, layer);
  const added = await addLayer(
    layout,
    files.map((file) => ({
      type: 'file',
      source: join(import.meta.dirname, 'app', file),
      target: `srv/${file}`,
      mtime: new Date('2026-01-01T00:00:00Z'),
    })),
  );
  const layers = [...below, added];
  const created = new Date().toISOString();
  const config = await addDocument(layout, mediaTypes.ociConfig, {
    created,
    architecture: 'amd64',
    os: 'linux',
    config: { User: '65532:65532' },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created, created_by: `COPY demo/app` })),
  });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  await finishLayout(layout, await addDocument(layout, mediaTypes.ociManifest, manifest));
  typed(`docker push ${host}/ferry/${name}:1`);
  await push('ci', host, `ferry/${name}`, '1', layout);
  shown('pushed');
  return layers;
}

/** Changes the middle of a file. */
async function changeByte(path: string): Promise<void> {
  const middle = Math.floor((await readFile(path)).length / 2);
  const file = await open(path, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
    buffer[0]! ^= 1;
    await file.write(buffer, 0, 1, middle);
  } finally {
    await file.close();
  }
}
