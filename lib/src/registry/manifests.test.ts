import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import {
  descriptorOf,
  documentOf,
  pushBlob,
  pushImage,
  putDocument,
  startRegistry,
} from './registry.fixtures.ts';
import type { TestRegistry } from './registry.fixtures.ts';

describe('manifests', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry();
    await pushBlob(registry, 'a', '{}');
  });
  afterEach(() => registry.close());

  const config = descriptorOf(mediaTypes.ociConfig, '{}');
  const image = (fields: Record<string, unknown> = {}) => documentOf({ config, layers: [], ...fields });

  test('come back as they were sent, by tag and digest, by GET and HEAD', async () => {
    const bytes = Buffer.from(`\n ${image().toString()}\n\n`);
    const digest = digestOf(bytes);
    const put = await putDocument(registry, 'a', 'v1', bytes);
    expect(put).toMatchObject({
      status: 201,
      headers: {
        location: `/v2/a/manifests/${digest}`,
        'docker-content-digest': digest,
        'content-length': '0',
      },
    });
    for (const reference of ['v1', digest]) {
      const headers = {
        'content-type': mediaTypes.ociManifest,
        'content-length': String(bytes.length),
        'docker-content-digest': digest,
        etag: `"${digest}"`,
      };
      const get = await registry.call('GET', `/v2/a/manifests/${reference}`);
      expect(get).toMatchObject({ status: 200, headers });
      expect(get.body.equals(bytes)).toBe(true);
      const head = await registry.call('HEAD', `/v2/a/manifests/${reference}`);
      expect(head).toMatchObject({ status: 200, headers });
      expect(head.body).toHaveLength(0);
      const known = await registry.call('GET', `/v2/a/manifests/${reference}`, {
        headers: { 'if-none-match': `"${digest}"` },
      });
      expect(known).toMatchObject({ status: 304, headers: { 'docker-content-digest': digest } });
    }
  });

  test('that are not there', async () => {
    for (const reference of ['none', digestOf('none')]) {
      const path = `/v2/a/manifests/${reference}`;
      expect(await registry.call('GET', path)).toMatchObject({ status: 404, code: 'MANIFEST_UNKNOWN' });
      expect((await registry.call('HEAD', path)).status).toBe(404);
      expect(await registry.call('DELETE', path)).toMatchObject({ status: 404, code: 'MANIFEST_UNKNOWN' });
      expect((await registry.call('GET', path.replace('/a/', '/b/'))).code).toBe('NAME_UNKNOWN');
    }
  });

  test.each([
    ['-v1', 'TAG_INVALID'],
    ['.v1', 'TAG_INVALID'],
    ['v'.repeat(129), 'TAG_INVALID'],
    ['sha256:abc', 'DIGEST_INVALID'],
    [`sha256:${'a'.repeat(63)}`, 'DIGEST_INVALID'],
    [`sha384:${'a'.repeat(96)}`, 'DIGEST_INVALID'],
    ['v1%2B1', 'TAG_INVALID'],
  ])('under a reference such as %s', async (reference, code) => {
    expect(await registry.call('GET', `/v2/a/manifests/${reference}`)).toMatchObject({ status: 400, code });
    expect(await putDocument(registry, 'a', reference, image())).toMatchObject({ status: 400, code });
  });

  test('under a digest that is not theirs', async () => {
    const answer = await putDocument(registry, 'a', digestOf('other'), image());
    expect(answer).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
    expect((await registry.call('GET', `/v2/a/manifests/${digestOf(image())}`)).status).toBe(404);
  });

  test('of four mebibytes and more are taken, above the limit refused, announced or not', async () => {
    const annotated = (size: number) => image({ annotations: { text: 'x'.repeat(size) } });
    const large = annotated(4 * 1024 * 1024 + 1000);
    expect((await putDocument(registry, 'a', 'large', large)).status).toBe(201);
    expect((await registry.call('GET', '/v2/a/manifests/large')).body.equals(large)).toBe(true);
    const tooLarge = annotated(8 * 1024 * 1024);
    const headers = { 'content-type': mediaTypes.ociManifest };
    for (const body of [tooLarge, [tooLarge]]) {
      const answer = await registry.call('PUT', '/v2/a/manifests/x', { body, headers });
      expect(answer).toMatchObject({ status: 413, code: 'SIZE_INVALID' });
    }
  });

  test.each([
    ['parameters of the Content-Type', `${mediaTypes.ociManifest}; charset=utf-8`, {}, 201],
    ['another type than declared', mediaTypes.dockerManifest, {}, 400],
    ['an index sent as a manifest', mediaTypes.ociManifest, { mediaType: mediaTypes.ociIndex }, 400],
    ['no declared type', mediaTypes.ociManifest, { mediaType: undefined }, 201],
    ['a type that is none', 'application/json', { mediaType: undefined }, 400],
    ['schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws', { mediaType: undefined }, 400],
  ])('with %s', async (_, contentType, fields, status) => {
    expect((await putDocument(registry, 'a', 'v1', image(fields), { contentType })).status).toBe(status);
  });

  test('without a Content-Type are what they say', async () => {
    expect((await registry.call('PUT', '/v2/a/manifests/v1', { body: image() })).status).toBe(201);
    const silent = image({ mediaType: undefined });
    const answer = await registry.call('PUT', '/v2/a/manifests/v1', { body: silent });
    expect(answer).toMatchObject({ status: 400, code: 'MANIFEST_INVALID' });
  });

  const layer = descriptorOf(mediaTypes.ociLayer, 'layer');
  test.each([
    ['both a manifest and an index', { manifests: [] }, 'manifests'],
    ['signatures of schema 1', { fsLayers: [] }, 'fsLayers'],
    ['another schema version', { schemaVersion: 1 }, 'schemaVersion'],
    ['no config', { config: undefined }, 'config'],
    ['layers that are no list', { layers: {} }, 'layers'],
    ['a layer without digest', { layers: [{ ...layer, digest: undefined }] }, 'layers[0].digest'],
    [
      'a layer with a digest that is none',
      { layers: [{ ...layer, digest: 'sha256:../../x' }] },
      'layers[0].digest',
    ],
    ['a negative size', { layers: [{ ...layer, size: -1 }] }, 'layers[0].size'],
    ['a size that is no whole number', { layers: [{ ...layer, size: 1.5 }] }, 'layers[0].size'],
    ['a size that is text', { layers: [{ ...layer, size: '5' }] }, 'layers[0].size'],
    ['a size that no integer holds', { layers: [{ ...layer, size: 2 ** 60 }] }, 'layers[0].size'],
    ['annotations that are no text', { annotations: { a: 1 } }, 'annotations'],
    ['data that is not its content', { config: { ...config, data: 'eHg=' } }, 'config.data'],
    ['a subject that is none', { subject: 'x' }, 'subject'],
    ['the wrong size of its config', { config: { ...config, size: 3 } }, config.digest],
  ])('with %s', async (_, fields, names) => {
    await pushBlob(registry, 'a', 'layer');
    const bytes = documentOf({ config, layers: [], mediaType: mediaTypes.ociManifest, ...fields });
    const answer = await putDocument(registry, 'a', 'v1', bytes, { contentType: mediaTypes.ociManifest });
    expect(answer).toMatchObject({ status: 400, code: 'MANIFEST_INVALID' });
    expect(answer.json().errors[0]!.message).toContain(names);
    expect((await registry.call('GET', '/v2/a/manifests/v1')).status).toBe(404);
  });

  const text = image().toString();
  test.each([
    ['keys that stand twice', text.replace('"layers"', '"layers":[],"layers"')],
    ['keys that stand twice by escapes', text.replace('"layers"', '"l\\u0061yers":[],"layers"')],
    ['keys that stand twice in a descriptor', text.replace('"digest"', '"digest":"x","digest"')],
    ['no end', text.slice(0, -1)],
    ['more after the end', `${text}{}`],
    ['a byte order mark', `\uFEFF${text}`],
    ['bytes that are no text', Buffer.from(text.replace('{}', '{}')).fill(0xff, 20, 22)],
    ['nesting without end', text.replace('{', `{"x":${'['.repeat(5000)}${']'.repeat(5000)},`)],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
  ])('with %s', async (_, body) => {
    const headers = { 'content-type': mediaTypes.ociManifest };
    const answer = await registry.call('PUT', '/v2/a/manifests/v1', { body, headers });
    expect(answer).toMatchObject({ status: 400, code: 'MANIFEST_INVALID' });
  });

  test('what their config and layers contain is no reason to refuse them', async () => {
    const { digest } = await pushImage(registry, 'a', 'v1', ['no JSON at all', 'no tar at all']);
    expect((await registry.call('GET', '/v2/a/manifests/v1')).headers['docker-content-digest']).toBe(digest);
  });

  describe('with parts that are not there', () => {
    const child = descriptorOf(mediaTypes.ociManifest, 'no such child');
    const missing: Array<[string, Record<string, unknown>, string]> = [
      ['a layer', { config, layers: [layer] }, layer.digest],
      ['a config', { config: layer, layers: [] }, layer.digest],
      ['a child', { manifests: [child] }, child.digest],
    ];

    test.each(missing)('are refused: %s', async (_, fields, digest) => {
      await pushBlob(registry, 'b', 'layer');
      const answer = await putDocument(registry, 'a', 'v1', documentOf(fields));
      expect(answer).toMatchObject({ status: 400, code: 'MANIFEST_BLOB_UNKNOWN' });
      expect(answer.json().errors[0]!.message).toContain(digest);
      expect(answer.json().errors[0]!.detail).toEqual({ digests: [digest] });
      expect((await registry.call('GET', '/v2/a/manifests/v1')).status).toBe(404);
    });

    test.each(missing)(
      'are kept where that is set, and recorded as incomplete: %s',
      async (_, fields, digest) => {
        const holding = await startRegistry('memory', { missingParts: 'hold' });
        const put = holding.catalog.putManifest.bind(holding.catalog);
        const recorded: unknown[] = [];
        holding.catalog.putManifest = (given) => {
          recorded.push(given.missing);
          return put(given);
        };
        if (digest === layer.digest) await pushBlob(holding, 'a', '{}');
        expect((await putDocument(holding, 'a', 'v1', documentOf(fields))).status).toBe(201);
        expect(recorded).toEqual([[digest]]);
        expect((await holding.call('GET', '/v2/a/manifests/v1')).status).toBe(200);
        const wrong = documentOf({ config: { ...config, size: 1 }, layers: [] });
        await pushBlob(holding, 'a', '{}');
        expect((await putDocument(holding, 'a', 'v2', wrong)).code).toBe('MANIFEST_INVALID');
        await holding.close();
      },
    );

    test('a deletion between check and put leaves no manifest without its parts', async () => {
      await pushBlob(registry, 'a', 'layer');
      const sizes = registry.catalog.partSizes.bind(registry.catalog);
      registry.catalog.partSizes = async (...given) => {
        const found = await sizes(...given);
        await registry.catalog.unlinkBlob('a', layer.digest, { by: null, at: new Date() });
        return found;
      };
      const answer = await putDocument(registry, 'a', 'v1', image({ layers: [layer] }));
      expect(answer.code).toBe('MANIFEST_BLOB_UNKNOWN');
    });
  });

  test('several tags at once, with their digest in the path', async () => {
    const bytes = image();
    const digest = digestOf(bytes);
    const answer = await putDocument(registry, 'a', `${digest}?tag=v1&tag=v1.0&tag=latest&tag=v1`, bytes);
    expect(answer).toMatchObject({ status: 201, headers: { 'oci-tag': 'v1, v1.0, latest' } });
    for (const tag of ['v1', 'v1.0', 'latest']) {
      expect((await registry.call('HEAD', `/v2/a/manifests/${tag}`)).headers['docker-content-digest']).toBe(
        digest,
      );
    }
    expect((await putDocument(registry, 'a', `${digest}?tag=-`, bytes)).code).toBe('TAG_INVALID');
    expect((await putDocument(registry, 'a', 'v1?tag=v2', bytes)).code).toBe('TAG_INVALID');
    const many = Array.from({ length: 65 }, (_, at) => `tag=t${at}`).join('&');
    expect((await putDocument(registry, 'a', `${digest}?${many}`, bytes)).status).toBe(414);
    expect((await registry.call('HEAD', '/v2/a/manifests/t0')).status).toBe(404);
  });

  test('deleted: a tag alone, or all with the manifest', async () => {
    const { digest } = await pushImage(registry, 'a', 'v1', ['{}']);
    await pushImage(registry, 'a', 'v2', ['{}']);
    expect((await registry.call('DELETE', '/v2/a/manifests/v1')).status).toBe(202);
    expect((await registry.call('GET', '/v2/a/manifests/v1')).status).toBe(404);
    expect((await registry.call('GET', `/v2/a/manifests/${digest}`)).status).toBe(200);
    expect((await registry.call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect((await registry.call('GET', `/v2/a/manifests/${digest}`)).status).toBe(404);
    expect((await registry.call('GET', '/v2/a/manifests/v2')).status).toBe(404);
    expect((await registry.call('GET', '/v2/a/tags/list')).json().tags).toEqual([]);
    expect((await registry.catalog.tagHistory('a', 'v2', 5)).map((move) => move.to)).toEqual([null, digest]);
  });

  test('under an immutable tag', async () => {
    registry.rules.isTagImmutable = (repository, tag) => repository === 'a' && tag.startsWith('v');
    const first = image();
    const second = image({ annotations: { a: 'b' } });
    expect((await putDocument(registry, 'a', 'v1', first)).status).toBe(201);
    expect((await putDocument(registry, 'a', 'v1', first)).status).toBe(201);
    const refused = await putDocument(registry, 'a', 'v1', second);
    expect(refused).toMatchObject({ status: 409, code: 'DENIED' });
    expect(refused.json().errors[0]!.message).toContain('v1');
    expect((await putDocument(registry, 'a', `${digestOf(second)}?tag=x&tag=v1`, second)).status).toBe(409);
    expect((await registry.call('GET', '/v2/a/manifests/x')).status).toBe(404);
    expect((await registry.call('DELETE', '/v2/a/manifests/v1')).status).toBe(409);
    expect((await registry.call('DELETE', `/v2/a/manifests/${digestOf(first)}`)).status).toBe(409);
    expect((await registry.call('GET', '/v2/a/manifests/v1')).body.equals(first)).toBe(true);
  });

  test('other methods', async () => {
    const answer = await registry.call('POST', '/v2/a/manifests/v1');
    expect(answer).toMatchObject({
      status: 405,
      code: 'UNSUPPORTED',
      headers: { allow: 'GET, HEAD, PUT, DELETE' },
    });
  });
});
