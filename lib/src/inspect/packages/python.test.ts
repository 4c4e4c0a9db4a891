import { describe, expect, it } from 'vitest';
import { debianRelease, imageOf, layerOf, readBytes, tarOf } from '../layer-fixture.ts';
import { decodePaths } from '../layer-tree.ts';
import { parseRecord } from './python-record.ts';
import { parseMetadata } from './python.ts';

const metadata = (name: string, version: string, more = ''): string =>
  `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${more}\nName: not this one\n`;

describe('metadata of Python', () => {
  it.each([
    ['', undefined],
    ['License-Expression: MIT OR Apache-2.0\nLicense: other\n', 'MIT OR Apache-2.0'],
    ['license: BSD-3-Clause\n', 'BSD-3-Clause'],
    ['License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n', 'MIT License'],
    [
      'Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: A\nClassifier: License :: B\n',
      'A AND B',
    ],
    ['License: MIT License\n        \n        Permission is hereby\n', 'MIT License'],
    ['License: UNKNOWN\n', undefined],
  ])('name the licence: %j', (more, licence) => {
    expect(parseMetadata(metadata('Foo.Bar', '1.0', more))).toEqual({
      type: 'pypi',
      name: 'Foo.Bar',
      version: '1.0',
      ecosystem: 'PyPI',
      matchName: 'foo-bar',
      ...(licence === undefined ? {} : { licence }),
    });
  });

  it('are none without a name and a version in their headers', () => {
    expect(parseMetadata('Name: a\n\nVersion: 1\n')).toBeUndefined();
    expect(parseMetadata('\ufeffName: a\r\nVersion: 1\r\n\r\n')).toMatchObject({ name: 'a', version: '1' });
  });

  it('count where the tools of Python look, by links too, and nowhere else', async () => {
    const one = metadata('one', '1');
    const image = await imageOf(
      layerOf(
        {
          'etc/os-release': debianRelease,
          'usr/lib/python3/dist-packages/one-1.dist-info/METADATA': one,
          'usr/lib/python3/dist-packages/two-1.egg-info': metadata('two', '1'),
          'usr/lib/python3/dist-packages/three-1.egg-info/PKG-INFO': metadata('three', '1'),
          'opt/four-1.egg/EGG-INFO/PKG-INFO': metadata('four', '1'),
          'data/five': metadata('five', '1'),
          'src/six/PKG-INFO': metadata('six', '1'),
        },
        { name: 'opt/app/five-1.dist-info/METADATA', flag: '2', link: '/data/five' },
      ),
    );
    expect(image.packages.map(({ name }) => name).sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
    expect(image.packages.find(({ name }) => name === 'one')).toMatchObject({
      purl: 'pkg:pypi/one@1',
      match: { ecosystem: 'PyPI', name: 'one', version: '1' },
    });
  });

  it('that cannot be read hide something where tools look, and nothing elsewhere', async () => {
    const broken = 'Metadata-Version: 2.1\nSummary: nameless\n';
    const place = 'lib/a-1.dist-info/METADATA';
    expect(await readBytes(tarOf({ name: place, body: broken }))).toMatchObject({ complete: false });
    expect(await readBytes(tarOf({ name: 'src/PKG-INFO', body: broken }))).toMatchObject({ complete: true });
  });
});

describe('a RECORD', () => {
  const sha256 = 'PBS_OTxGKtS-ZUUT6LKEnDwBb-cfrDkJq-rLeO2x-_w';
  const place = 'usr/lib/python3/dist-packages/Foo_Bar-1.0.dist-info/RECORD';

  it('says which files a package brought, by paths from the root', () => {
    const text = [
      `foo/__init__.py,sha256=${sha256},12`,
      `"foo/a, ""b"".py",sha256=${sha256}=,12`,
      '../../../bin/foo,,',
      '/etc/foo.conf,,',
      'Foo_Bar-1.0.dist-info/RECORD,,',
      `foo/old.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0`,
      '',
    ].join('\r\n');
    const { files, broken } = parseRecord(text, place, 100);
    expect(broken).toBe(0);
    expect(files.map((one) => ({ ...one, paths: [...decodePaths(one.paths)] }))).toEqual([
      {
        owner: { type: 'pypi', name: 'foo-bar' },
        algorithm: 'sha256',
        paths: [
          'usr/lib/python3/dist-packages/foo/__init__.py',
          'usr/lib/python3/dist-packages/foo/a, "b".py',
          'usr/bin/foo',
          'etc/foo.conf',
          'usr/lib/python3/dist-packages/Foo_Bar-1.0.dist-info/RECORD',
        ],
        digests: [
          'PBS/OTxGKtS+ZUUT6LKEnDwBb+cfrDkJq+rLeO2x+/w',
          'PBS/OTxGKtS+ZUUT6LKEnDwBb+cfrDkJq+rLeO2x+/w',
          '',
          '',
          '',
        ],
      },
      {
        owner: { type: 'pypi', name: 'foo-bar' },
        algorithm: 'md5',
        paths: ['usr/lib/python3/dist-packages/foo/old.py'],
        digests: ['1B2M2Y8AsgTpgAmY7PhCfg'],
      },
    ]);
  });

  it('is read as far as it may be long, and never taken for whole beyond', () => {
    const { files, broken } = parseRecord('a,,\nb,,\nc,,\n', place, 2);
    expect([files[0]?.paths.length, broken]).toEqual([2, 1]);
  });

  it.each(['"foo,sha256=x', ',sha256=x,1', `a,sha256=${sha256.slice(1)},1`, 'a,sha256=??,1', '"a"b,,'])(
    'is never taken for whole with the line %s',
    async (line) => {
      expect(parseRecord(`${line}\nb,,\n`, place, 100).broken).toBe(1);
      const layer = await readBytes(tarOf({ name: place, body: `${line}\nb,,\n` }));
      expect(layer.complete).toBe(false);
    },
  );
});
