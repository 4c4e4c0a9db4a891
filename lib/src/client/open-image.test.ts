import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { copyImage } from './copy.ts';
import { folderFiles } from './file-set.ts';
import { layoutContent } from './oci-layout.ts';
import { openImage } from './open-image.ts';
import type { ImageSource } from './image-source.ts';
import { RegistrySession } from './registry-session.ts';
import { startDockerRegistry, type RunningRegistry } from './testing/docker-registry.ts';
import { makeImage, makeIndex, writeLayout, type MadeImage } from './testing/images.ts';
import { lacks, run } from './testing/programs.ts';
import { collect } from './verified-stream.ts';

const open = (text: string, platform = 'linux/amd64') =>
  openImage(text, { platform, session: (registry) => new RegistrySession(registry) });

/** Digests of the uncompressed layers, as read through the source; closes it. */
async function diffIdsOf(source: ImageSource): Promise<string[]> {
  const found: string[] = [];
  for (const layer of source.layers) {
    const bytes = await collect(layer.open());
    const tar = layer.descriptor.mediaType.endsWith('gzip') ? gunzipSync(bytes) : bytes;
    found.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
  }
  const config: { rootfs: { diff_ids: string[] } } = JSON.parse(
    Buffer.from(await source.config()).toString('utf8'),
  );
  expect(config.rootfs.diff_ids).toEqual(found);
  await source.close();
  return found;
}

describe('an image in a layout', () => {
  let folder: string;
  let image: MadeImage;
  let other: MadeImage;
  const layout = () => join(folder, 'layout');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-images-'));
    image = await makeImage(['one', 'two']);
    other = await makeImage(['three'], 'linux/arm64');
    const absent = {
      ...(await makeImage(['four'])).manifest,
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const gone = { ...absent, platform: { os: 'linux', architecture: 'riscv64' } };
    const attestation = {
      ...image.manifest,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    await writeLayout(layout(), [
      { image, name: 'app' },
      { image: { ...makeIndex([other, image], [absent, gone, attestation]) }, name: 'example.test/multi:2' },
    ]);
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('is found by name, by digest, with and without prefix', async () => {
    for (const text of [`oci:${layout()}:app`, `${layout()}:app`, `${layout()}@${image.manifest.digest}`]) {
      const source = await open(text);
      expect(source).toMatchObject({ digest: image.manifest.digest, digestOrigin: 'stored' });
      expect(await diffIdsOf(source)).toEqual(image.diffIds);
    }
  });

  it('is chosen from an index by platform; what is absent or an attestation is passed over', async () => {
    for (const [platform, wanted] of [
      ['linux/amd64', image],
      ['linux/arm64', other],
    ] as const) {
      const source = await open(`${layout()}:2`, platform);
      expect(source.digest).toBe(wanted.manifest.digest);
      expect(source.index).toMatch(/^sha256:/);
      await source.close();
    }
    await expect(open(`${layout()}:2`, 'linux/s390x')).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      remedy: 'choose one of its platforms: linux/arm64, linux/amd64, linux/riscv64',
    });
    await expect(open(`${layout()}:2`, 'linux/riscv64')).rejects.toThrow(
      /lists an image.*but it is not there/,
    );
  });

  it('must be named where there are several', async () => {
    await expect(open(layout())).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: expect.stringContaining('holds 2 images'),
      remedy: expect.stringContaining('app, example.test/multi:2'),
    });
    await expect(open(`${layout()}:none`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(open(`${folder}/none`)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    await expect(open('oci:none')).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  it('is not read where its bytes are others, or are no file', async () => {
    const bad = join(folder, 'bad');
    await writeLayout(bad, [{ image }]);
    const [layer] = (await open(bad)).layers;
    const path = (digest: string) => join(bad, 'blobs/sha256', digest.slice(7));
    await writeFile(path(layer!.descriptor.digest), Buffer.alloc(layer!.descriptor.size));
    await expect(collect(layer!.open())).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH' });
    await rm(path(layer!.descriptor.digest));
    await expect(collect(layer!.open())).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await symlink('/dev/zero', path(layer!.descriptor.digest));
    await expect(collect(layer!.open())).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await writeFile(path(image.manifest.digest), '{}');
    await expect(open(bad)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    await writeFile(join(bad, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await expect(open(bad)).rejects.toThrow(/version 2.0.0, not 1.0.0/);
  });

  it('lists what refers to it', async () => {
    const artifact = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.test',
      config: { mediaType: mediaTypes.ociEmpty, digest: digestOf('{}'), size: 2 },
      layers: [],
      subject: image.manifest,
    };
    const bytes = Buffer.from(JSON.stringify(artifact));
    const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const signed = join(folder, 'signed');
    const blobs = new Map([[manifest.digest, bytes]]);
    await writeLayout(signed, [{ image, name: 'app' }, { image: { manifest, blobs } }]);
    const content = await layoutContent(folderFiles(signed));
    expect(await content.referrers(image.manifest.digest)).toMatchObject([
      { digest: manifest.digest, artifactType: 'application/vnd.test' },
    ]);
    expect(await content.referrers(other.manifest.digest)).toEqual([]);
  });

  describe.skipIf(lacks('skopeo', 'crane', 'docker-registry', 'umoci'))('after real tools wrote it', () => {
    let registry: RunningRegistry;
    const at = (name: string) => join(folder, name);

    beforeAll(async () => {
      registry = await startDockerRegistry();
      const session = new RegistrySession(registry.host);
      const from = await layoutContent(folderFiles(layout()));
      await copyImage(from, { session, repository: 'app' }, 'app', { referrers: false });
      await session.close();
      const copy = (to: string) => run('skopeo', ['copy', `oci:${layout()}:app`, to]);
      await copy(`oci:${at('skopeo')}:v1`);
      await copy(`oci-archive:${at('oci.tar')}:v1`);
      await copy(`docker-archive:${at('docker.tar')}:test.local/app:v1`);
      const pull = ['pull', `${registry.host}/app:app`];
      await run('crane', [...pull, at('crane.tar')]);
      await run('crane', [...pull, at('crane'), '--format', 'oci']);
      await writeFile(at('oci.tar.gz'), gzipSync(await readFile(at('oci.tar'))));
      await writeFile(at('docker.tar.zst'), zstdCompressSync(await readFile(at('docker.tar'))));
    });

    afterAll(() => registry.stop());

    it.each([
      ['a registry', () => `${registry.host}/app:app`, 'stored', true],
      ['a registry, with prefix', () => `docker://${registry.host}/app:app`, 'stored', true],
      ['a layout of skopeo', () => `oci:${at('skopeo')}:v1`, 'stored', true],
      ['a layout of crane', () => at('crane'), 'stored', true],
      ['an OCI archive', () => `oci-archive:${at('oci.tar')}`, 'stored', true],
      ['an OCI archive by its path and name', () => `${at('oci.tar')}:v1`, 'stored', true],
      ['a compressed OCI archive', () => at('oci.tar.gz'), 'stored', true],
      ['an archive of docker save by skopeo', () => `docker-archive:${at('docker.tar')}`, 'made', false],
      ['the same, by name', () => `${at('docker.tar')}:test.local/app:v1`, 'made', false],
      ['a compressed archive of docker save', () => at('docker.tar.zst'), 'made', false],
      // crane leaves layers compressed, so that the same manifest can be made from them.
      ['an archive of docker save by crane', () => at('crane.tar'), 'made', true],
    ])('is the same in %s', async (_, text, origin, isTheSame) => {
      const source = await open(text());
      expect({
        origin: source.digestOrigin,
        isTheSame: source.digest === image.manifest.digest,
        hasEvidence: source.evidence !== undefined,
      }).toEqual({ origin, isTheSame, hasEvidence: origin === 'stored' });
      expect(await diffIdsOf(source)).toEqual(image.diffIds);
    });

    it('is not there under another name', async () => {
      await expect(open(`${at('docker.tar')}:v2`)).rejects.toMatchObject({
        code: 'MANIFEST_UNKNOWN',
        remedy: expect.stringContaining('test.local/app:v1'),
      });
      await expect(open(`${registry.host}/app:none`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    });
  });
});
