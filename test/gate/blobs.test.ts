import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  emptyConfig,
  imageOf,
  layerOf,
  manifestOf,
  rawLayer,
  smallRoot,
  type Layer,
} from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  publish,
  verdictOn,
  type Published,
  type Setting,
} from '../trust/setting.ts';

const sbomType = 'application/vnd.cyclonedx+json';
const sbom = rawLayer('{"bomFormat":"CycloneDX","specVersion":"1.6"}', sbomType);

describe('the blobs of a held image', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting([]);
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  /** An image in `strict` that is held, for its layer hides something. */
  async function heldImage(name: string): Promise<Published & { readonly layer: Layer }> {
    const layer = layerOf({ name: 'etc/os-release', body: `ID=unheard-of\nNAME=${name}\n` });
    const bad = { ...layer, diffId: sha256('another') };
    const image = await publish(setting, `strict/${name}`, imageOf([bad]));
    expect((await verdictOn(setting, image)).outcome).toBe('hold');
    await expectHeld(setting, image);
    return { ...image, layer };
  }

  /** Pushes a manifest alone, as somebody else who may push. */
  async function pushManifest(repository: string, { manifest, mediaType }: Pushable, tag: string) {
    return setting.as.other.send('PUT', `/v2/${repository}/manifests/${tag}`, {
      headers: { 'content-type': mediaType },
      body: manifest,
    });
  }

  async function expectBlobHeld(repository: string, blob: string): Promise<void> {
    for (const who of ['reader', 'other'] as const) {
      const answer = await setting.as[who].send('GET', `/v2/${repository}/blobs/${blob}`);
      expect([who, answer.status, answer.code]).toEqual([who, 403, 'DENIED']);
    }
  }

  it.each(['strict', 'official'])('are not served in %s as the config of a document', async (namespace) => {
    const root = smallRoot(`config in ${namespace}`);
    const held = await publish(
      setting,
      `${namespace}/as-config`,
      imageOf([{ ...root, diffId: sha256('another') }]),
    );
    await expectHeld(setting, held);
    for (const mediaType of [types.config, emptyConfig.mediaType, 'application/octet-stream']) {
      const posing = manifestOf([sbom], { ...root, mediaType }, { artifactType: sbomType });
      await setting.as.other.pushBlob(held.repository, sbom.bytes);
      expect(await pushManifest(held.repository, posing, 'posing')).toMatchObject({ status: 201 });
      const digest = sha256(posing.manifest);
      const verdict = await verdictOn(setting, { ...held, digest });
      expect([mediaType, verdict.outcome]).toEqual([mediaType, 'hold']);
      await expectBlobHeld(held.repository, sha256(root.bytes));
    }
  });

  it('are not served as a child of an index', async () => {
    const held = await heldImage('as-child');
    const child = {
      mediaType: types.layerGzip,
      digest: sha256(held.layer.bytes),
      size: held.layer.bytes.length,
    };
    const index = { schemaVersion: 2, mediaType: types.index, manifests: [child] };
    const posing = { manifest: Buffer.from(JSON.stringify(index)), mediaType: types.index, blobs: new Map() };
    expect(await pushManifest(held.repository, posing, 'posing')).toMatchObject({ status: 201 });
    const digest = sha256(posing.manifest);
    expect((await verdictOn(setting, { ...held, digest })).outcome).toBe('hold');
    await expectBlobHeld(held.repository, child.digest);
  });

  it('are served in a namespace that warns as a child of an index, as caches of BuildKit are', async () => {
    const layer = smallRoot('cached');
    const config = rawLayer('{"layers":[]}', 'application/vnd.buildkit.cacheconfig.v0');
    const manifests = [layer, config].map(({ bytes, mediaType }) => ({
      mediaType,
      digest: sha256(bytes),
      size: bytes.length,
    }));
    const index = { schemaVersion: 2, mediaType: types.index, manifests };
    const cache = await publish(setting, 'open/cache', {
      manifest: Buffer.from(JSON.stringify(index)),
      mediaType: types.index,
      blobs: new Map([layer, config].map(({ bytes }) => [sha256(bytes), bytes])),
    });
    expect((await verdictOn(setting, cache)).outcome).toBe('warn');
    await expectServed(setting, cache);
  });

  it('are not mounted out of their repository, and tell nothing of themselves', async () => {
    const held = await heldImage('mounted');
    for (const blob of [...held.image.blobs.keys(), sha256('nowhere')]) {
      for (const query of [`mount=${blob}&from=${held.repository}`, `mount=${blob}`]) {
        const answer = await setting.as.other.send('POST', `/v2/open/taken/blobs/uploads/?${query}`);
        expect([query, answer.status]).toEqual([query, 202]);
        const stranger = await setting.as.stranger.send(
          'POST',
          `/v2/elsewhere/taken/blobs/uploads/?${query}`,
        );
        expect([query, stranger.status]).toEqual([query, 202]);
      }
      for (const repository of ['open/taken', 'strict/taken', 'elsewhere/taken']) {
        expect((await setting.as.other.send('GET', `/v2/${repository}/blobs/${blob}`)).status).toBe(404);
      }
    }
  });

  it('are not served through a manifest of another repository', async () => {
    const held = await heldImage('cross');
    const elsewhere = await pushManifest('open/cross', held.image, 'v1');
    expect([elsewhere.status, elsewhere.code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
  });

  it('give nothing by ranges, conditions or HEAD', async () => {
    const held = await heldImage('ranges');
    for (const blob of held.image.blobs.keys()) {
      const path = `/v2/${held.repository}/blobs/${blob}`;
      const conditions: Array<Record<string, string>> = [
        { range: 'bytes=0-9' },
        { range: 'bytes=-5' },
        { range: 'bytes=999999999-' },
        { 'if-none-match': `"${blob}"` },
        { 'if-none-match': '*' },
      ];
      for (const headers of conditions) {
        const answer = await setting.as.reader.send('GET', path, { headers });
        expect([headers, answer.status]).toEqual([headers, 403]);
        for (const name of ['content-range', 'etag', 'docker-content-digest', 'accept-ranges']) {
          expect(answer.headers.get(name)).toBeNull();
        }
      }
    }
  });

  it('are served once an image of the same layers passes in this repository, and only there', async () => {
    const root = smallRoot('shared');
    const unsound = imageOf([{ ...root, diffId: sha256('another') }]);
    const held = await publish(setting, 'strict/shared', unsound);
    await expectHeld(setting, held);
    const good = await publish(setting, 'strict/shared', imageOf([root]), 'good');
    await expectServed(setting, good);
    const path = `/v2/strict/shared/manifests/${held.digest}`;
    expect((await setting.as.reader.send('GET', path)).status).toBe(403);
  });
});
