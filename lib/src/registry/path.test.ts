import { describe, expect, test } from 'vitest';
import { WharfingerError } from '../errors.ts';
import { parsePath } from './path.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('paths of the distribution protocol', () => {
  test.each([
    ['/v2/', { kind: 'ping' }],
    ['/v2', { kind: 'ping' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/a/tags/list', { kind: 'tags', repository: 'a' }],
    ['/v2/a/b/c/manifests/v1', { kind: 'manifest', repository: 'a/b/c', name: 'v1' }],
    [`/v2/a/blobs/${digest}`, { kind: 'blob', repository: 'a', name: digest }],
    [`/v2/a/blobs/${digest.replace(':', '%3A')}`, { kind: 'blob', repository: 'a', name: digest }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads', { kind: 'uploads', repository: 'a' }],
    ['/v2/a/blobs/uploads/x.sha512', { kind: 'upload', repository: 'a', name: 'x.sha512' }],
    [`/v2/a/referrers/${digest}`, { kind: 'referrers', repository: 'a', name: digest }],
    // Repositories may be called like parts of the protocol.
    ['/v2/blobs/uploads/manifests/v1', { kind: 'manifest', repository: 'blobs/uploads', name: 'v1' }],
    ['/v2/a/manifests/tags/list', { kind: 'tags', repository: 'a/manifests' }],
    ['/v2/a/blobs/uploads/blobs/uploads/', { kind: 'uploads', repository: 'a/blobs/uploads' }],
    ['/v2/manifests/blobs/uploads/id', { kind: 'upload', repository: 'manifests', name: 'id' }],
    ['/v2/tags/tags/list', { kind: 'tags', repository: 'tags' }],
    ['/v2/a%2Db/tags/list', { kind: 'tags', repository: 'a-b' }],
  ])('%s', (path, route) => {
    expect(parsePath(path)).toEqual(route);
  });

  test.each([
    '',
    '/',
    '/v1/a/tags/list',
    '/v2/a',
    '/v2/a/b',
    '/v2/a/tags',
    '/v2/a/tags/other',
    '/v2//',
    '/v3/',
    '/v2x/a/tags/list',
    'http://host/v2/a/tags/list',
    '/v2/a%2Fb/manifests/v1',
    '/v2/a%252Fb/manifests/v1',
    '/v2/a/manifests/%2e%2e%2f%2e%2e',
    '/v2/a%5Cb/manifests/v1',
    '/v2/a/manifests/v1%00',
    '/v2/a/manifests/v1%0d%0aX:y',
    '/v2/a/manifests/%',
    '/v2/a/manifests/%ff',
    '/v2/uploads/x',
  ])('%j is not one of them', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });

  test.each([
    '/v2/A/manifests/v1',
    '/v2/../manifests/v1',
    '/v2/a/../b/manifests/v1',
    '/v2/a/%2e%2e/b/manifests/v1',
    '/v2/a/./b/manifests/v1',
    '/v2/a//b/manifests/v1',
    '/v2//manifests/v1',
    '/v2/-a/manifests/v1',
    '/v2/a b/manifests/v1',
    '/v2/a%20b/manifests/v1',
    '/v2/ä/manifests/v1',
    `/v2/${'a/'.repeat(200)}a/manifests/v1`,
    '/v2/_catalog/tags/list',
    '/v2/-/tags/list',
  ])('%j has no valid name', (path) => {
    expect(() => parsePath(path)).toThrow(WharfingerError);
  });

  test('a name of the worst shape is refused at once', () => {
    expect(() => parsePath(`/v2/${'a-'.repeat(50_000)}/tags/list`)).toThrow('name');
    expect(() => parsePath(`/v2/${'a'.repeat(100_000)}!/tags/list`)).toThrow('name');
  });
});
