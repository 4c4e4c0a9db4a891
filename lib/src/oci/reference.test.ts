import { describe, expect, test } from 'vitest';
import { digestOf, isDigest, parseDigest } from './digest.ts';
import { formatReference, isRepositoryName, isTag, parseReference } from './reference.ts';

const digest = digestOf('x');

describe('references', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['team/app', 'docker.io/team/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['ghcr.io/a/b/c', 'ghcr.io/a/b/c:latest'],
    [`ghcr.io/a/b@${digest}`, `ghcr.io/a/b@${digest}`],
    [`ghcr.io/a/b:1@${digest}`, `ghcr.io/a/b:1@${digest}`],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['nginx:1.2', 'docker.io/library/nginx:1.2'],
  ])('%s is %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  test.each([
    '',
    'A',
    'a b',
    'a:',
    'a:-',
    'a@sha256:1',
    `a@${digest}@${digest}`,
    '/a',
    'a/',
    'a//b',
    'a/../b',
    'h:x/a',
  ])('%j is none', (text) => {
    expect(() => parseReference(text)).toThrow('reference');
  });

  test.each(['a', 'a/b', 'a.b', 'a_b', 'a__b', 'a--b', '0', 'a'.repeat(255)])(
    '%s names a repository',
    (name) => {
      expect(isRepositoryName(name)).toBe(true);
    },
  );

  test.each(['', '-', '.', '..', 'a/', '/a', 'a___b', 'a..b', 'a._b', 'A', 'a'.repeat(256), 'a\n', 'ä'])(
    '%j names none',
    (name) => {
      expect(isRepositoryName(name)).toBe(false);
    },
  );

  test('tags', () => {
    for (const tag of ['1', '_', 'a.b-c_D', 'x'.repeat(128)]) expect(isTag(tag)).toBe(true);
    for (const tag of ['', '.a', '-a', 'a b', 'a/b', 'a:b', 'x'.repeat(129), 'a\n'])
      expect(isTag(tag)).toBe(false);
  });
});

describe('digests', () => {
  test('are of sha256 or sha512, in lower case, of the right length', () => {
    expect(digestOf('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(isDigest(digestOf('', 'sha512'))).toBe(true);
    for (const text of [
      `sha256:${'A'.repeat(64)}`,
      `sha512:${'a'.repeat(64)}`,
      `sha256:${'a'.repeat(64)}\n`,
      'sha256:',
    ]) {
      expect(isDigest(text)).toBe(false);
      expect(() => parseDigest(text)).toThrow('digest');
    }
  });
});
