import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { noise } from '../storage/blob-store.contract.ts';
import { pushBlob, pushImage, startRegistry, stores, type TestRegistry } from './registry.fixtures.ts';

describe.each(stores)('blobs over %s', (store) => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry(store);
  });
  afterEach(() => registry.close());

  test.each(['sha256', 'sha512'] as const)('of %s are served with all headers', async (algorithm) => {
    const bytes = noise(2048);
    const digest = await pushBlob(registry, 'a', bytes, { algorithm });
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': '2048',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    };
    const get = await registry.call('GET', `/v2/a/blobs/${digest}`);
    expect(get).toMatchObject({ status: 200, headers });
    expect(get.body.equals(bytes)).toBe(true);
    const head = await registry.call('HEAD', `/v2/a/blobs/${digest}`);
    expect(head).toMatchObject({ status: 200, headers });
    expect(head.body).toHaveLength(0);
  });

  test('larger than every buffer come whole and in parts', async () => {
    const bytes = noise(5_000_000);
    const path = `/v2/a/blobs/${await pushBlob(registry, 'a', bytes)}`;
    expect((await registry.call('GET', path)).body.equals(bytes)).toBe(true);
    const part = await registry.call('GET', path, { headers: { range: 'bytes=1000000-4500000' } });
    expect(part.headers['content-range']).toBe('bytes 1000000-4500000/5000000');
    expect(part.body.equals(bytes.subarray(1_000_000, 4_500_001))).toBe(true);
  });

  test('are served in part', async () => {
    const bytes = noise(2048);
    const digest = await pushBlob(registry, 'a', bytes);
    const get = (range: string, more: Record<string, string> = {}) =>
      registry.call('GET', `/v2/a/blobs/${digest}`, { headers: { range, ...more } });
    const part = await get('bytes=500-1499');
    expect(part).toMatchObject({
      status: 206,
      headers: {
        'content-length': '1000',
        'content-range': 'bytes 500-1499/2048',
        'docker-content-digest': digest,
      },
    });
    expect(part.body.equals(bytes.subarray(500, 1500))).toBe(true);
    expect((await get('bytes=-48')).body.equals(bytes.subarray(2000))).toBe(true);
    expect(await get('bytes=5000-')).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */2048' },
    });
    expect(await get('bytes=500-0')).toMatchObject({ status: 416 });
    expect((await get('bytes=0-1,4-5')).status).toBe(200);
    expect((await get('bytes=0-1', { 'if-range': '"other"' })).status).toBe(200);
    expect((await get('bytes=0-1', { 'if-range': `"${digest}"` })).status).toBe(206);
    const head = await registry.call('HEAD', `/v2/a/blobs/${digest}`, { headers: { range: 'bytes=0-1' } });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '2048' } });
  });

  test('are not sent to who has them', async () => {
    const digest = await pushBlob(registry, 'a', 'abc');
    const headers = { 'if-none-match': `W/"other", "${digest}"` };
    const answer = await registry.call('GET', `/v2/a/blobs/${digest}`, { headers });
    expect(answer.status).toBe(304);
    expect(answer.body).toHaveLength(0);
  });

  test('are absent elsewhere', async () => {
    const digest = await pushBlob(registry, 'a', 'abc');
    await pushBlob(registry, 'b', 'other');
    expect(await registry.call('GET', `/v2/b/blobs/${digest}`)).toMatchObject({
      status: 404,
      code: 'BLOB_UNKNOWN',
    });
    expect(await registry.call('GET', `/v2/c/blobs/${digest}`)).toMatchObject({
      status: 404,
      code: 'NAME_UNKNOWN',
    });
    expect((await registry.call('HEAD', `/v2/b/blobs/${digest}`)).status).toBe(404);
  });

  test.each([
    'sha256:abc',
    'abc',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    `sha256:${'a'.repeat(128)}`,
  ])('have no digest such as %s', async (digest) => {
    const answer = await registry.call('GET', `/v2/a/blobs/${digest}`);
    expect(answer).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });

  test('are deleted at once', async () => {
    const digest = await pushBlob(registry, 'a', 'abc');
    await pushBlob(registry, 'b', 'abc');
    const path = `/v2/a/blobs/${digest}`;
    expect((await registry.call('DELETE', path)).status).toBe(202);
    expect((await registry.call('GET', path)).status).toBe(404);
    expect(await registry.call('DELETE', path)).toMatchObject({ status: 404, code: 'BLOB_UNKNOWN' });
    expect((await registry.call('GET', `/v2/b/blobs/${digest}`)).status).toBe(200);
    await pushBlob(registry, 'a', 'abc');
    expect((await registry.call('GET', path)).status).toBe(200);
  });

  test('are not deleted under a manifest', async () => {
    const { digest } = await pushImage(registry, 'a', 'v1', ['{}', 'layer']);
    const path = `/v2/a/blobs/${digestOf('layer')}`;
    const refused = await registry.call('DELETE', path);
    expect(refused).toMatchObject({ status: 409, code: 'DENIED' });
    expect(refused.json().errors[0]!.message).toContain(digest);
    expect((await registry.call('GET', path)).status).toBe(200);
  });

  test('whose bytes were lost are a failure of the registry, not a wrong question', async () => {
    const digest = await pushBlob(registry, 'a', 'abc');
    await registry.storage.remove((await registry.catalog.findBlob('a', digest))!.location);
    expect((await registry.call('GET', `/v2/a/blobs/${digest}`)).status).toBe(500);
    expect(String(registry.failures.splice(0)[0])).toContain(digest);
  });
});
