import { generateKeyPairSync } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobFile, indexFile, savedArtifact, type SavedImage } from '@wharfinger/lib/assess/saved/format';
import { verifySaved } from '@wharfinger/lib/assess/saved/verify';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { WharfingerError } from '@wharfinger/lib/errors';
import { readLayer } from '@wharfinger/lib/inspect/layer';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { advisoryFor, makeImage, makeIndex, pushImage, signPushed, type Made } from '../cli/small-image.ts';
import { attempt, run } from '../harness/command.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { settled, visitor } from '../harness/registry-client.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';

const launcher = join(import.meta.dirname, '../../server/bin/wharf.js');

let folder: string;
let product: Product;
let image: Made;
/** the archive, and the same unpacked */
let archive: string;
let unpacked: string;

function admin(...given: string[]): Promise<Ran> {
  return wharf(given, { environment: { HOME: folder }, folder });
}

interface Index {
  readonly manifests: ReadonlyArray<{ readonly digest: Digest; readonly artifactType?: string }>;
}

/** A fresh copy of what the archive unpacks to. */
function copied(): string {
  const copy = mkdtempSync(join(folder, 'copy-'));
  cpSync(unpacked, copy, { recursive: true });
  return copy;
}

/** Why an unpacked archive is refused; empty: it is not. */
async function refusalOf(copy: string): Promise<string> {
  const pem = readFileSync(join(folder, 'registry.pub'), 'utf8');
  try {
    await verifySaved(folderFiles(copy), {
      registryKeys: [{ name: 'registry', pem }],
      now: new Date(),
      async *inspectLayers(layers) {
        for (const layer of layers)
          yield await readLayer({ digest: layer.descriptor.digest, bytes: layer.open() });
      },
    });
    return '';
  } catch (error) {
    if (error instanceof WharfingerError) return error.message;
    throw error;
  }
}

/** Does what must succeed for the tests to mean anything. */
async function must(...given: string[]): Promise<void> {
  const { code, error } = await admin(...given);
  if (code !== 0) throw new Error(`wharf ${given.join(' ')}: ${error}`);
}

/** Waits until an image was checked and may be used. */
async function allowed(name: string): Promise<void> {
  let ran: Ran | undefined;
  for (let tries = 0; tries < 500; tries += 1) {
    ran = await admin('verdict', name);
    if (ran.code === 0) return;
    await pause(200);
  }
  throw new Error(ran?.output);
}

/** A vulnerability without a fix, which holds nothing by itself. */
const unfixed = JSON.stringify({
  id: 'CVE-2026-0007',
  modified: '2026-01-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }],
    },
  ],
});

/** Waits until the feeds were taken in. */
async function fed(): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { output } = await admin('advisories', 'feeds', '--server', product.host, '--json');
    if (output.includes('"succeeded"')) return;
    await pause(100);
  }
  throw new Error('the feeds were not taken in');
}

/** Verifies on another machine: nothing of this one's state, in a network namespace with nothing in it. */
async function verifyElsewhere(path: string, ...more: string[]) {
  const command = ['verify', '--offline', path, '--registry-key', join(folder, 'registry.pub'), ...more];
  const { code, stdout, stderr } = await attempt(['unshare', '-n', process.execPath, launcher, ...command], {
    env: { HOME: join(folder, 'elsewhere') },
  });
  return { code, output: stdout, error: stderr };
}

interface Confirmed {
  readonly receipts: readonly object[];
  readonly today: object;
}

async function confirmed(path: string): Promise<Confirmed> {
  return JSON.parse((await verifyElsewhere(path, '--json')).output) as Confirmed;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-offline-'));
  mkdirSync(join(folder, 'elsewhere'));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(folder, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const key = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
  product = await startProduct({
    folder: join(folder, 'product'),
    config: {
      namespaces: [{ name: 'team', official: true, department: 'web' }],
      trust: [{ repositories: 'team/**', keys: [{ name: 'release', file: join(folder, 'key.pub') }] }],
      advisories: { feeds: [{ name: 'exploited', kind: 'kev', source: join(folder, 'kev.json') }] },
    },
  });
  await wharf(['login', product.host, '-u', product.user, '--password-stdin'], {
    environment: { HOME: folder },
    input: product.password,
  });
  writeFileSync(
    join(folder, 'osv.jsonl'),
    [advisoryFor('TEST-0', 'elsewhere', '1.0.0'), advisoryFor('TEST-1', 'left', '1.0.0'), unfixed].join('\n'),
  );
  const exploited = [{ cveID: 'CVE-2026-0007', dateAdded: '2026-01-02', dueDate: '2026-02-02' }];
  writeFileSync(join(folder, 'kev.json'), JSON.stringify({ vulnerabilities: exploited }));
  await must('advisories', 'update', '--server', product.host);
  await fed();
  await admin('advisories', 'import', join(folder, 'osv.jsonl'), '--server', product.host);
  image = await makeImage(join(folder, 'image'), { left: '2.0.0', right: '1.0.0' });
  await pushImage(product, image, 'team/app', '1');
  await signPushed(product, image, 'team/app', key);
  archive = join(folder, 'app.tar');
  await allowed(`${product.host}/team/app:1`);
  await must('save', `${product.host}/team/app:1`, '-o', archive);
  await must('judgement', 'key', product.host, '-o', join(folder, 'registry.pub'));
  unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  await run(['tar', '-xf', archive, '-C', unpacked]);
});
afterAll(async () => {
  await product?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(lacksRoot())('an archive of wharf save, on a machine without any network', () => {
  test('is confirmed: receipts equal byte for byte, and judged again', async () => {
    const { code, output, error } = await verifyElsewhere(archive);
    expect(error).toBe('');
    expect(output).toContain('receipt equal byte for byte');
    expect(output).toContain('allow');
    expect(code).toBe(0);
    const json = await confirmed(archive);
    expect(json).toMatchObject({
      equal: true,
      image: image.manifest.digest,
      repository: 'team/app',
      tag: '1',
    });
    expect(json.receipts).toHaveLength(1);
    expect(json.today).toMatchObject({
      facts: {
        signatures: { signers: ['release'] },
        findings: [
          {
            advisory: 'CVE-2026-0007',
            exploited: { added: '2026-01-02T00:00:00.000Z', due: '2026-02-02T00:00:00.000Z' },
          },
        ],
        advisories: { ages: [{ of: 'KEV' }, { of: 'npm' }] },
      },
    });
  });

  test('is confirmed unpacked as well, as the layout that it is', async () => {
    expect(await verifyElsewhere(unpacked)).toMatchObject({ code: 0, error: '' });
  });

  test.skipIf(lacksTools(['oras']))('is read by other tools as an image with its signature', async () => {
    const place = `${unpacked}@${image.manifest.digest}`;
    expect(await run(['oras', 'manifest', 'fetch', '--oci-layout', place])).toContain('"layers"');
    expect(await run(['oras', 'discover', '--oci-layout', place])).toContain('sigstore.bundle');
  });

  test('is refused without the key of the registry, or with another one', async () => {
    const without = await attempt([process.execPath, launcher, 'verify', '--offline', archive]);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--registry-key') });
    const other = await attempt([
      process.execPath,
      launcher,
      'verify',
      '--offline',
      archive,
      '--registry-key',
      join(folder, 'key.pub'),
    ]);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('none of the trusted keys') });
  });

  test('is refused where any byte of any file is another, naming the file', async () => {
    const files = (await run(['tar', '-tf', archive])).trim().split('\n');
    expect(files.length).toBeGreaterThan(9);
    const said: string[] = [];
    for (const file of files) {
      const copy = copied();
      const bytes = readFileSync(join(copy, file));
      bytes[Math.floor(bytes.length / 2)]! ^= 1;
      writeFileSync(join(copy, file), bytes);
      said.push(`${file} ${await refusalOf(copy)}`);
    }
    for (const line of said) {
      const [file, ...message] = line.split(' ');
      expect(message.join(' ')).toContain(file!.split('/').at(-1)!.slice(0, 12));
    }
    const copy = copied();
    writeFileSync(join(copy, files.at(-1)!), 'other bytes');
    expect(await verifyElsewhere(copy)).toMatchObject({ code: 1, output: '' });
  });

  test('is refused where a file is missing, or one more is there', async () => {
    const files = (await run(['tar', '-tf', archive])).trim().split('\n');
    const said: string[] = [];
    for (const file of files) {
      const copy = copied();
      rmSync(join(copy, file));
      said.push(await refusalOf(copy));
    }
    expect(said).not.toContain('');
    const copy = copied();
    writeFileSync(join(copy, 'blobs', 'sha256', 'more'), 'x');
    expect(await refusalOf(copy)).toContain('blobs/sha256/more');
  });

  test('is refused where a signature is taken out as a whole, lists and all', async () => {
    const copy = copied();
    const index = JSON.parse(readFileSync(join(copy, 'index.json'), 'utf8')) as Index;
    const carrier = index.manifests.find(
      ({ digest, artifactType }) => !artifactType && digest !== image.manifest.digest,
    )!;
    const saved = index.manifests.find(({ artifactType }) => artifactType)!;
    const artifact = JSON.parse(readFileSync(join(copy, blobFile(saved.digest)), 'utf8')) as {
      config: { digest: Digest };
    };
    const config = JSON.parse(
      readFileSync(join(copy, blobFile(artifact.config.digest)), 'utf8'),
    ) as SavedImage;
    const entries = config.entries.filter(({ digest }) => digest !== carrier.digest);
    // as careful as an attacker who writes every unsigned file anew
    const manifest = JSON.parse(readFileSync(join(copy, blobFile(carrier.digest)), 'utf8')) as {
      config: { digest: Digest };
      layers: Index['manifests'];
    };
    for (const digest of [
      carrier.digest,
      manifest.config.digest,
      manifest.layers[0]!.digest,
      saved.digest,
      artifact.config.digest,
    ])
      rmSync(join(copy, blobFile(digest)));
    const parts = (JSON.parse(JSON.stringify(artifact)) as { layers: Descriptor[] }).layers;
    const made = savedArtifact(
      { ...config, entries },
      parts.map((descriptor) => ({ descriptor, bytes: Buffer.alloc(0) })),
    );
    for (const { descriptor, bytes } of [made.manifest, made.config])
      writeFileSync(join(copy, blobFile(descriptor.digest)), bytes);
    writeFileSync(join(copy, 'index.json'), indexFile(entries, made.manifest.descriptor));
    expect(await refusalOf(copy)).toContain('other are: signatures and attestations, the facts, the verdict');
  });

  test('is refused where it is cut off', async () => {
    const cut = join(folder, 'cut.tar');
    writeFileSync(cut, readFileSync(archive).subarray(0, Math.floor(statSync(archive).size / 2)));
    expect((await verifyElsewhere(cut)).code).toBe(1);
  });

  test('is not left half written where saving fails', async () => {
    const target = join(folder, 'none.tar');
    expect((await admin('save', `${product.host}/team/none:1`, '-o', target)).code).toBe(1);
    expect(existsSync(target)).toBe(false);
  });
});

describe.skipIf(lacksRoot())('an archive of an index', () => {
  test('holds the images that were chosen, each with a receipt', async () => {
    const arm = await makeImage(join(folder, 'arm'), { left: '2.0.0', arm: '1.0.0' });
    const index = makeIndex(join(folder, 'index'), { amd64: image, arm64: arm });
    await pushImage(product, index, 'team/multi', '1');
    await settled(visitor(product.url, { name: product.user, password: product.password }));
    const [all, one] = [join(folder, 'all.tar'), join(folder, 'one.tar')];
    expect(await admin('save', `${product.host}/team/multi:1`, '-o', all)).toMatchObject({ code: 0 });
    expect(
      await admin('save', `${product.host}/team/multi:1`, '-o', one, '--platform', 'linux/amd64'),
    ).toMatchObject({ code: 0 });
    const whole = await confirmed(all);
    expect(whole).toMatchObject({ equal: true, leftOut: [] });
    expect(whole.receipts).toHaveLength(3);
    const part = await confirmed(one);
    expect(part).toMatchObject({ equal: true, leftOut: [arm.manifest.digest] });
    expect(part.receipts).toHaveLength(2);
  });
});
