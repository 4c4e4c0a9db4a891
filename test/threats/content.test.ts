import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryBlocks } from '@wharfinger/lib/inspect/layer-fixture';
import { imageOf, rawLayer, smallRoot, type Layer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Answer } from '../harness/registry-client.ts';
import { openSetting, type Setting } from '../hostile/setting.ts';

let setting: Setting;
beforeAll(async () => {
  setting = await openSetting();
});
afterAll(() => setting[Symbol.asyncDispose]());

test('ambiguous manifest CVE-2021-41190', async () => {
  const { admin } = setting;
  const honest = imageOf([smallRoot('honest')]);
  const digest = await admin.push('strict/ambiguous', honest, 'v1');
  const fields = JSON.parse(honest.manifest.toString()) as Record<string, unknown>;
  const child = { mediaType: types.manifest, digest, size: honest.manifest.length };
  const index = { schemaVersion: 2, mediaType: types.index, manifests: [child] };
  const put = (body: string | Buffer, type: string, reference = 'v2'): Promise<Answer> =>
    admin.send('PUT', `/v2/strict/ambiguous/manifests/${reference}`, {
      headers: { 'content-type': type },
      body,
    });
  const { mediaType: _, ...untyped } = fields;
  expect((await put(JSON.stringify(index), types.index, 'index')).status).toBe(201);
  expect((await put(JSON.stringify(untyped), types.manifest, 'untyped')).status).toBe(201);

  const text = JSON.stringify(fields);
  const twice = text.replace('"layers":', `"layers":[],"layers":`);
  const hidden = Buffer.from(text.replace('"schemaVersion"', '"note":"\u00e9","schemaVersion"'), 'latin1');
  for (const [body, type, reason] of [
    [JSON.stringify({ ...fields, manifests: [child] }), types.manifest, /manifests/],
    [JSON.stringify({ ...untyped, manifests: [child] }), types.index, /config|layers/],
    [JSON.stringify({ ...index, layers: [] }), types.index, /layers/],
    [text, types.index, /mediaType|media type/],
    [JSON.stringify(index), types.manifest, /mediaType|media type/],
    [twice, types.manifest, /layers/],
    [hidden, types.manifest, /UTF-8/],
  ] as const) {
    const refused = await put(body, type);
    expect([refused.status, refused.code, refused.message]).toEqual([
      400,
      'MANIFEST_INVALID',
      expect.stringMatching(reason),
    ]);
  }
  // what was stored is served as what it was stored as, whatever is asked for
  for (const accept of [types.index, types.manifest, '*/*']) {
    const got = await admin.send('GET', '/v2/strict/ambiguous/manifests/untyped', { headers: { accept } });
    expect([got.status, got.headers.get('content-type')]).toEqual([200, types.manifest]);
    expect(got.body.toString()).toBe(JSON.stringify(untyped));
  }
});

test('diffID lies / layer bombs', async () => {
  const honest = smallRoot('a layer');
  expect(await setting.inspect('told-the-truth', imageOf([honest]))).toMatchObject({
    complete: true,
    status: 200,
  });

  const lie: Layer = { ...honest, diffId: sha256('another layer') };
  const liar = await setting.inspect('lied', imageOf([lie]));
  expect(liar).toMatchObject({ complete: false, status: 403, verdict: { outcome: 'hold' } });
  expect(liar.problems).toEqual(['diff-id-mismatch']);

  const MiB = 1024 ** 2;
  const zeros = gzipSync(Buffer.alloc(64 * MiB));
  const bytes = Buffer.concat([
    gzipSync(entryBlocks({ name: 'huge', size: 8 * 1024 ** 3 - 1 })),
    ...Array.from({ length: 128 }, () => zeros),
  ]);
  const bomb = await setting.inspect('bomb', imageOf([rawLayer(bytes, types.layerGzip)]));
  expect(bomb).toMatchObject({ complete: false, status: 403, verdict: { outcome: 'hold' } });
  expect(bomb.problems).toEqual(['ratio']);
  expect(setting.peaks.server).toBeLessThan(1024 * MiB);
  expect(await setting.inspect('afterwards', imageOf([smallRoot('next')]))).toMatchObject({ status: 200 });
});
