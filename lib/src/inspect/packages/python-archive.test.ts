import { expect, it } from 'vitest';
import { imageOf, tarOf } from '../layer-fixture.ts';
import { zipOf } from '../zip/zip-fixture.ts';
import { observed } from './observed.fixtures.ts';

const metadata = (name: string): string => `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n\ntext\n`;
const read = (path: string, bytes: Buffer) => observed('python-archive', path, bytes);
const egg = zipOf([
  { name: 'EGG-INFO/PKG-INFO', body: metadata('Django') },
  { name: 'django/a.py', body: '1' },
]);

it('finds the package that an egg is', () => {
  const { packages, problems } = read('usr/lib/python3/site-packages/Django-1.0-py3.egg', egg);
  expect(packages).toMatchObject([
    { type: 'pypi', name: 'Django', version: '1.0', matchName: 'django', inside: 'EGG-INFO/PKG-INFO' },
  ]);
  expect(problems).toEqual([]);
});

it('finds all that a program brings along, behind the line that runs it', () => {
  const names = ['a', 'b'].map((name) => `.deps/${name}.whl/${name}-1.0.dist-info/METADATA`);
  const bytes = zipOf(
    names.map((name, at) => ({ name, body: metadata('ab'[at]!) })),
    { before: Buffer.from('#!/usr/bin/env python3\n') },
  );
  expect(read('app/run.pex', bytes).packages.map(({ name, inside }) => [name, inside])).toEqual([
    ['a', names[0]],
    ['b', names[1]],
  ]);
});

it.each([
  ['breaks off', egg.subarray(0, -40)],
  [
    'does not say the same in its directory',
    zipOf([{ name: 'EGG-INFO/PKG-INFO', body: metadata('a'), unlisted: true }]),
  ],
  ['is encrypted', zipOf([{ name: 'EGG-INFO/PKG-INFO', body: metadata('a'), flags: 1 }])],
  ['has no name', zipOf([{ name: 'EGG-INFO/PKG-INFO', body: 'Version: 1\n\n' }])],
])('does not pass one that %s', (_, bytes) => {
  expect(read('a.egg', bytes).problems).not.toEqual([]);
});

it('says nothing of wheels, which are there to be installed, and of files that are no archives', () => {
  const wheel = zipOf([{ name: 'a-1.0.dist-info/METADATA', body: metadata('a') }]);
  for (const [path, bytes] of [
    ['a-1.0-py3-none-any.whl', wheel],
    ['a.egg', Buffer.from('text')],
    ['a.egg', Buffer.alloc(0)],
  ] as const)
    expect(read(path, bytes)).toEqual({ packages: [], facts: [], problems: [] });
});

it('names the file, and the place in it', async () => {
  const { packages, complete } = await imageOf(tarOf({ name: 'srv/a.egg', body: egg }));
  expect(packages).toMatchObject([{ purl: 'pkg:pypi/django@1.0', path: 'srv/a.egg!/EGG-INFO/PKG-INFO' }]);
  expect(complete).toBe(true);
});
