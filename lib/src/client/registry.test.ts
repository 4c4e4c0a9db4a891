import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { getBlob, hasBlob, pushBlob, readBlob } from './blobs.ts';
import { remoteContent } from './content-source.ts';
import { copyImage } from './copy.ts';
import { getManifest, headManifest, pushManifest } from './manifests.ts';
import { layoutContent } from './oci-layout.ts';
import { folderFiles } from './file-set.ts';
import { listReferrers, pushReferrer } from './referrers.ts';
import { RegistrySession } from './registry-session.ts';
import { listTags } from './tags.ts';
import { startDockerRegistry, type RunningRegistry } from './testing/docker-registry.ts';
import { makeImage, makeIndex, writeLayout, type MadeImage } from './testing/images.ts';
import { startOwnRegistry } from './testing/own-registry.ts';
import { lacks, run } from './testing/programs.ts';
import { collect } from './verified-stream.ts';

/** Of `p:w`: docker-registry takes no other kind. */
const bcryptOfPassword = '$2b$05$abcdefghijklmnopqrstuuM7E59t/pBLB8x4aZysvBLD.kgRitkEK';

async function* piecesOf(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const registries = [
  ['docker-registry', () => startDockerRegistry()],
  ['this library', () => startOwnRegistry()],
] as const;

describe.skipIf(lacks('docker-registry', 'crane')).each(registries)('a registry of %s', (_, start) => {
  let registry: RunningRegistry;
  let session: RegistrySession;
  let folder: string;
  let image: MadeImage;

  beforeAll(async () => {
    registry = await start();
    session = new RegistrySession(registry.host);
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-client-'));
    image = await makeImage(['one', 'two']);
    const other = await makeImage(['three'], 'linux/arm64');
    const index = makeIndex([image, other]);
    await writeLayout(join(folder, 'layout'), [
      { image, name: 'app' },
      { image: index, name: 'multi' },
    ]);
  });

  afterAll(async () => {
    await session.close();
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  it('takes a whole index from a layout, which crane then finds valid', async () => {
    const from = await layoutContent(folderFiles(join(folder, 'layout')));
    const target = { session, repository: 'a/multi' };
    const copied = await copyImage(from, target, 'multi', { referrers: true });
    expect(copied.blobs).toEqual({ present: 0, mounted: 0, pushed: 5 });
    expect(copied.manifests).toBe(3);
    await run('crane', ['validate', '--remote', `${registry.host}/a/multi:multi`]);
    const again = await copyImage(from, target, 'multi', { referrers: true });
    expect(again.blobs).toEqual({ present: 5, mounted: 0, pushed: 0 });
    expect((await headManifest(session, 'a/multi', 'multi'))?.digest).toBe(copied.digest);
  });

  it('mounts blobs from another repository', async () => {
    const from = remoteContent(session, 'a/multi');
    const options = { referrers: false, tag: 'x', mountFrom: 'a/multi' };
    const copied = await copyImage(
      from,
      { session, repository: 'a/mounted' },
      image.manifest.digest,
      options,
    );
    expect(copied.blobs).toEqual({ present: 0, mounted: 3, pushed: 0 });
  });

  it('gives manifests byte for byte, undefined for what is not there', async () => {
    const fetched = await getManifest(session, 'a/multi', image.manifest.digest);
    expect(Buffer.from(fetched!.bytes)).toEqual(image.blobs.get(image.manifest.digest));
    expect(fetched?.mediaType).toBe(mediaTypes.ociManifest);
    expect(await headManifest(session, 'a/multi', image.manifest.digest)).toEqual(image.manifest);
    expect(await getManifest(session, 'a/multi', 'absent')).toBeUndefined();
    expect(await headManifest(session, 'a/none', 'absent')).toBeUndefined();
    await expect(getManifest(session, 'a/../b', 'v1')).rejects.toMatchObject({ code: 'NAME_INVALID' });
    await expect(getManifest(session, 'a/b', '../v1')).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });

  it('gives and takes blobs as checked streams', async () => {
    const bytes = Buffer.alloc(300_000, 'x');
    const content = { digest: digestOf(bytes), size: bytes.length };
    expect(await hasBlob(session, 'a/blobs', content.digest)).toBe(false);
    expect(await readBlob(session, 'a/blobs', content, 400_000)).toBeUndefined();
    expect(await pushBlob(session, 'a/blobs', content, () => piecesOf(bytes))).toBe('pushed');
    expect(await pushBlob(session, 'a/blobs', content, () => piecesOf(bytes))).toBe('present');
    expect(Buffer.from(await collect(getBlob(session, 'a/blobs', content)))).toEqual(bytes);
    expect(await readBlob(session, 'a/blobs', content, 300_000)).toHaveLength(300_000);
    await expect(readBlob(session, 'a/blobs', content, 299_999)).rejects.toMatchObject({
      code: 'SIZE_INVALID',
    });
    const short = collect(getBlob(session, 'a/blobs', { ...content, size: 5 }));
    await expect(short).rejects.toMatchObject({ code: 'SIZE_INVALID' });
    const missing = { digest: digestOf('never pushed'), size: 12 };
    await expect(collect(getBlob(session, 'a/blobs', missing))).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
    const empty = { digest: digestOf(''), size: 0 };
    expect(await pushBlob(session, 'a/blobs', empty, () => piecesOf(Buffer.alloc(0)))).toBe('pushed');
    expect(await hasBlob(session, 'a/blobs', empty.digest)).toBe(true);
  });

  it('refuses a blob that is not what it should be, in its own words', async () => {
    const content = { digest: digestOf('right'), size: 5 };
    const pushed = pushBlob(session, 'a/blobs', content, () => piecesOf(Buffer.from('wrong')));
    await expect(pushed).rejects.toMatchObject({
      code: 'REMOTE_FAILED',
      message: expect.stringMatching(
        /PUT http:\/\/127\.0\.0\.1:\d+\/v2\/a\/blobs\/blobs\/uploads\/[^?]+: 400 DIGEST_INVALID/,
      ),
    });
  });

  it('lists tags over its pages', async () => {
    const manifest = { mediaType: mediaTypes.ociManifest, bytes: image.blobs.get(image.manifest.digest)! };
    const wanted = Array.from({ length: 12 }, (_, at) => `tag-${10 + at}`);
    for (const tag of wanted) await pushManifest(session, 'a/mounted', tag, manifest);
    const listed = await Array.fromAsync(listTags(session, 'a/mounted'));
    expect(listed.sort()).toEqual([...wanted, 'x']);
    await expect(Array.fromAsync(listTags(session, 'a/none'))).rejects.toMatchObject({
      code: 'REMOTE_FAILED',
      message: expect.stringContaining('404 NAME_UNKNOWN'),
    });
  });

  it('lists referrers, or keeps them under the fallback tag', async () => {
    const artifact = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.test',
      config: { mediaType: mediaTypes.ociEmpty, digest: digestOf('{}'), size: 2 },
      layers: [],
      subject: image.manifest,
      annotations: { a: 'b' },
    };
    const bytes = Buffer.from(JSON.stringify(artifact));
    const pushed = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
    expect(await listReferrers(session, 'a/multi', image.manifest.digest)).toEqual([]);
    await pushBlob(session, 'a/multi', artifact.config, () => piecesOf(Buffer.from('{}')));
    await pushReferrer(session, 'a/multi', pushed);
    await pushReferrer(session, 'a/multi', pushed);
    const [listed, ...more] = await listReferrers(session, 'a/multi', image.manifest.digest);
    expect(more).toEqual([]);
    expect(listed).toMatchObject({ digest: pushed.digest, artifactType: 'application/vnd.test' });
    const target = { session, repository: 'a/copied' };
    await copyImage(remoteContent(session, 'a/multi'), target, 'multi', { referrers: true });
    expect(await listReferrers(session, 'a/copied', image.manifest.digest)).toHaveLength(1);
  });

  it('is reached with a password, and not without', async () => {
    const users = join(folder, 'htpasswd');
    await writeFile(users, `ann:${bcryptOfPassword}`);
    const closed = await startDockerRegistry(`auth: {htpasswd: {realm: here, path: ${users}}}`);
    const nobody = new RegistrySession(closed.host);
    const ann = new RegistrySession(closed.host, { credentials: { username: 'ann', password: 'p:w' } });
    const wrong = new RegistrySession(closed.host, { credentials: { username: 'ann', password: 'x' } });
    try {
      for (const refused of [nobody, wrong]) {
        await expect(getManifest(refused, 'a/b', 'c')).rejects.toMatchObject({
          code: 'REMOTE_FAILED',
          message: expect.stringContaining('401 UNAUTHORIZED authentication required'),
          remedy: expect.stringContaining(`wharf login ${closed.host}`),
        });
      }
      expect(await getManifest(ann, 'a/b', 'c')).toBeUndefined();
    } finally {
      await Promise.all([nobody, ann, wrong].map((session) => session.close()));
      await closed.stop();
    }
  });
});

it('that holds an image says why', async () => {
  const reasons = ['it has a known vulnerability', 'nobody signed it'];
  let held = false;
  const registry = await startOwnRegistry(() => (held ? { serve: false, reasons } : { serve: true }));
  const session = new RegistrySession(registry.host);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
  await pushManifest(session, 'a/b', 'v1', { mediaType: mediaTypes.ociIndex, bytes: Buffer.from(manifest) });
  held = true;
  const failing = getManifest(session, 'a/b', 'v1');
  await expect(failing).rejects.toThrow(/403 DENIED held.*it has a known vulnerability.*nobody signed it/);
  await session.close();
  await registry.stop();
});
