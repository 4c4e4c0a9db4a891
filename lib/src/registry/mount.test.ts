import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { pushBlob, startRegistry, stores, type TestRegistry } from './registry.fixtures.ts';

describe.each(stores)('mounts over %s', (store) => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry(store);
  });
  afterEach(() => registry.close());

  const mount = (digest: string, from: string | undefined, user = 'bob') => {
    const source = from === undefined ? '' : `&from=${encodeURIComponent(from)}`;
    return registry.call('POST', `/v2/b/blobs/uploads/?mount=${digest}${source}`, { user });
  };

  test.each([
    ['named', 'team/a'],
    ['anonymous', undefined],
  ])('%s', async (_, from) => {
    const digest = await pushBlob(registry, 'team/a', 'abc');
    const answer = await mount(digest, from);
    expect(answer).toMatchObject({
      status: 201,
      headers: { location: `/v2/b/blobs/${digest}`, 'docker-content-digest': digest },
    });
    expect((await registry.call('GET', `/v2/b/blobs/${digest}`)).body.toString()).toBe('abc');
  });

  test('of what is not there begin an upload', async () => {
    for (const from of ['team/a', undefined, '../x', '']) {
      const answer = await mount(digestOf('none'), from);
      expect(answer.status).toBe(202);
      const put = `${answer.headers.location!}?digest=${digestOf('none')}`;
      expect((await registry.call('PUT', put, { body: 'none', user: 'bob' })).status).toBe(201);
      await registry.call('DELETE', `/v2/b/blobs/${digestOf('none')}`);
    }
    const digest = await pushBlob(registry, 'team/a', 'abc');
    expect((await mount(digest, 'team/other')).status).toBe(202);
  });

  test('of what is no digest', async () => {
    expect(await mount('sha256:abc', 'team/a')).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });

  test('from a repository that the caller may not read look like mounts of nothing', async () => {
    const digest = await pushBlob(registry, 'team/a', 'abc');
    registry.rules.may = ({ principal }, _, name) => name !== 'team/a' || principal === 'alice';
    const withoutNames = (text: string | undefined) => text?.replace(/[0-9a-f-]{32,}/, '');
    for (const from of ['team/a', undefined]) {
      const hidden = await mount(digest, from);
      const absent = await mount(digestOf('none'), from);
      expect(hidden.status).toBe(202);
      expect(Object.keys(hidden.headers)).toEqual(Object.keys(absent.headers));
      expect(withoutNames(hidden.headers.location)).toBe(withoutNames(absent.headers.location));
    }
    expect((await mount(digest, 'team/a', 'alice')).status).toBe(201);
  });

  test('do not take out what the gate of the source holds', async () => {
    const digest = await pushBlob(registry, 'team/a', 'abc');
    registry.rules.gateBlob = ({ repository, caller }) =>
      repository === 'team/a' && caller.principal !== 'signer'
        ? { serve: false, reasons: ['held'] }
        : { serve: true };
    expect((await mount(digest, 'team/a')).status).toBe(202);
    expect((await mount(digest, undefined)).status).toBe(202);
    expect((await mount(digest, 'team/a', 'signer')).status).toBe(201);
  });

  test('of what the caller sent pass on when he did, and no later time', async () => {
    const digest = await pushBlob(registry, 'team/a', 'abc', { user: 'bob' });
    const sent = await registry.catalog.findBlob('team/a', digest);
    expect((await mount(digest, 'team/a')).status).toBe(201);
    expect(await registry.catalog.findBlob('b', digest)).toMatchObject({
      pushedBy: 'bob',
      pushedAt: sent?.pushedAt,
    });
  });

  test('make nobody else the sender of the bytes: there is no reading back what was only mounted', async () => {
    const digest = await pushBlob(registry, 'team/a', 'abc', { user: 'alice' });
    expect((await mount(digest, 'team/a')).status).toBe(201);
    expect(await registry.catalog.findBlob('b', digest)).toMatchObject({ pushedBy: null });
    await pushBlob(registry, 'b', 'abc', { user: 'bob' });
    expect(await registry.catalog.findBlob('b', digest)).toMatchObject({ pushedBy: 'bob' });
  });

  test('bytes that another repository has are stored once, and are verified all the same', async () => {
    const digest = await pushBlob(registry, 'team/a', 'abc', { user: 'alice' });
    for (const readable of [true, false]) {
      registry.rules.may = (_, action, name) => readable || action === 'push' || name !== 'team/a';
      const wrong = await registry.call('POST', `/v2/b/blobs/uploads/?digest=${digest}`, {
        body: 'xyz',
        user: 'bob',
      });
      expect(wrong).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
      await pushBlob(registry, 'b', 'abc', { user: 'bob' });
      await registry.call('DELETE', `/v2/b/blobs/${digest}`, { user: 'bob' });
    }
    const locations: string[] = [];
    for await (const { location } of registry.storage.locations()) locations.push(location);
    expect(locations).toHaveLength(1);
  });
});
