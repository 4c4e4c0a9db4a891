import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { documentOf, pushImage, putDocument, startRegistry, type TestRegistry } from './registry.fixtures.ts';

/** All entries of a list, by its Link headers, and how many pages there were. */
async function follow(registry: TestRegistry, path: string, key: 'tags' | 'repositories') {
  const found: string[] = [];
  let pages = 0;
  for (let next: string | undefined = path; next !== undefined; pages += 1) {
    const answer = await registry.call('GET', next, { user: 'alice' });
    found.push(...answer.json()[key]);
    next = /^<(.*)>; rel="next"$/.exec(answer.headers.link?.toString() ?? '')?.[1];
  }
  return { found, pages };
}

describe('lists', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry('memory', { pageSize: 4 });
  });
  afterEach(() => registry.close());

  const tags = ['1.0', '1.0-rc1', 'B', '_x', 'a', 'latest'];

  async function pushTags(): Promise<void> {
    const bytes = documentOf({ manifests: [] });
    const query = tags
      .toReversed()
      .map((tag) => `tag=${tag}`)
      .join('&');
    await putDocument(registry, 'team/app', `${digestOf(bytes)}?${query}`, bytes);
  }

  test('of tags are in byte order, page by page, never longer than the setting', async () => {
    await pushTags();
    const first = await registry.call('GET', '/v2/team/app/tags/list');
    expect(first.headers['content-type']).toBe('application/json');
    expect(first.json()).toEqual({ name: 'team/app', tags: tags.slice(0, 4) });
    expect(await follow(registry, '/v2/team/app/tags/list', 'tags')).toEqual({ found: tags, pages: 2 });
    expect(await follow(registry, '/v2/team/app/tags/list?n=1', 'tags')).toEqual({ found: tags, pages: 6 });
    expect(await follow(registry, '/v2/team/app/tags/list?n=3', 'tags')).toEqual({ found: tags, pages: 2 });
    expect(await follow(registry, '/v2/team/app/tags/list?n=1000000', 'tags')).toEqual({
      found: tags,
      pages: 2,
    });
    expect(await follow(registry, '/v2/team/app/tags/list?last=B', 'tags')).toEqual({
      found: tags.slice(3),
      pages: 1,
    });
  });

  test('of no tags, and n=0', async () => {
    await pushTags();
    const none = await registry.call('GET', '/v2/team/app/tags/list?n=0');
    expect(none.json().tags).toEqual([]);
    expect(none.headers.link).toBeUndefined();
    await pushImage(registry, 'other', undefined, ['{}']);
    expect((await registry.call('GET', '/v2/other/tags/list')).json()).toEqual({ name: 'other', tags: [] });
    expect(await registry.call('GET', '/v2/none/tags/list')).toMatchObject({
      status: 404,
      code: 'NAME_UNKNOWN',
    });
  });

  test.each(['-1', 'x', '1.5', '', '1e3', '9'.repeat(30)])('with n=%s', async (n) => {
    expect((await registry.call('GET', `/v2/team/app/tags/list?n=${n}`)).status).toBe(400);
  });

  test('of repositories', async () => {
    const names = ['a', 'a/b', 'b', 'c-d', 'c/d', 'e'];
    for (const name of names.toReversed()) await pushImage(registry, name, undefined, ['{}']);
    expect(await follow(registry, '/v2/_catalog', 'repositories')).toEqual({ found: names, pages: 2 });
    expect(await follow(registry, '/v2/_catalog?n=2', 'repositories')).toEqual({ found: names, pages: 3 });
    registry.rules.may = (_, __, name) => name !== 'b' && name !== 'a';
    const seen = names.filter((name) => name !== 'b' && name !== 'a');
    expect(await follow(registry, '/v2/_catalog?n=1', 'repositories')).toEqual({ found: seen, pages: 4 });
    const head = await registry.call('HEAD', '/v2/_catalog', { user: 'alice' });
    expect(head.body).toHaveLength(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
  });
});
