import { describe, expect, it } from 'vitest';
import { parseApkInstalled, parseApkRepositories } from './apk.ts';
import { parseDpkgStatus } from './dpkg.ts';
import { parsePackageJson } from './node.ts';

describe('dpkg', () => {
  it('reads names, versions and sources of what is on the disk', () => {
    const { packages, broken } = parseDpkgStatus(`Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2
Description: x
 Version: 9

Package: bash
Status: install ok installed
Version: 5.2.15-2+b2
Source: bash (5.2.15-2)

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install reinstreq half-configured
VERSION: 2
`);
    expect(broken).toBe(0);
    expect(packages).toEqual([
      {
        name: 'libssl3',
        version: '3.0.11-1~deb12u2',
        architecture: 'amd64',
        source: 'openssl',
        sourceVersion: '3.0.11-1~deb12u2',
      },
      { name: 'bash', version: '5.2.15-2+b2', source: 'bash', sourceVersion: '5.2.15-2' },
      { name: 'half', version: '2', source: 'half', sourceVersion: '2' },
    ]);
  });

  it('reads records without a state, with other line ends, and counts broken ones', () => {
    expect(
      parseDpkgStatus('Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\nVersion: 2\r\n').packages,
    ).toHaveLength(2);
    expect(parseDpkgStatus('Package: a\n\nVersion: 1\n')).toMatchObject({ packages: [], broken: 2 });
  });

  it('takes away the blanks around a value that dpkg takes away, and no others', () => {
    const record = (source: string): string => `Package: a\nVersion: 1\nSource: ${source}\n`;
    const { packages, broken } = parseDpkgStatus(record(' \t\v\fb\r\f '));
    expect([packages[0]!.source, broken]).toEqual(['b', 0]);
    expect(parseDpkgStatus(record('\u00a0 b')).broken).toBe(1);
  });

  it.each([
    ['fields twice', 'Package: a\nVersion: 1\nPackage: b\nVersion: 2\n'],
    ['lines that are no fields', 'Package: a\nVersion: 1\nsomething\n'],
    ['text of another encoding', 'P\0a\0c\0k\0a\0g\0e\0'],
    ['a source that is none, by which advisories would name it', 'Package: a\nVersion: 1\nSource: b (2\n'],
    ['a source on a line of its own', 'Package: a\nVersion: 1\nSource:\n b\n'],
    ['names of fields that cannot be seen', 'Package: a\nVersion: 1\nSource\r: b\n'],
    ['a name with a NUL', 'Package: a\0b\nVersion: 1\n'],
    ['a state that is none, of a package that is not there', 'Status: deinstall ok config-files\n'],
  ])('counts %s as broken', (_, text) => {
    expect(parseDpkgStatus(text).broken).toBe(1);
  });

  it('takes no words behind a state for one in which nothing is installed', () => {
    const text = 'Package: a\nVersion: 1\nStatus: install ok installed config-files\n';
    expect(parseDpkgStatus(text).packages).toHaveLength(1);
    expect(parseDpkgStatus(text.replace('installed ', '')).packages).toHaveLength(0);
  });
});

describe('apk', () => {
  it('reads packages with their origin', () => {
    const text =
      'C:Q1\nP:a\nV:1-r0\nA:x86_64\no:src\nL:MIT\nF:etc\nR:f\na:0:0:755\nZ:Q1eVpkasfqZAukAXFYbgwt4xAMZWU=\nR:g\n\nP:b\nV:2\n\nV:3\n\n';
    expect(parseApkInstalled(text)).toEqual({
      packages: [
        { name: 'a', version: '1-r0', architecture: 'x86_64', origin: 'src', licence: 'MIT' },
        { name: 'b', version: '2', origin: 'b' },
      ],
      files: [
        {
          owner: { type: 'apk', name: 'a' },
          algorithm: 'sha1',
          paths: ['0 etc/f', '4 g'],
          digests: ['eVpkasfqZAukAXFYbgwt4xAMZWU', ''],
        },
      ],
      broken: 1,
    });
  });

  it('reads blocks that are parted by blanks, and counts those with two packages or other lines as broken', () => {
    expect(parseApkInstalled('\nP:a\r\nV:1\r\n\r\nP:b\nV:2\n \t\nP:c\nV:3')).toMatchObject({
      packages: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      broken: 0,
    });
    expect(parseApkInstalled('P:a\nV:1\nP:b\nV:2\n').broken).toBe(1);
    expect(parseApkInstalled('P:a\nV:1\nsomething\n').broken).toBe(1);
  });

  it('reads streams and leaves tagged repositories out', () => {
    const text =
      '# x\nhttps://a/alpine/v3.18/main\nhttps://a/alpine/v3.18/community\n@e https://a/alpine/edge/testing\n/media/cdrom/apks\n';
    expect(parseApkRepositories(text)).toEqual(['v3.18']);
  });
});

describe('package.json', () => {
  it.each([
    ['{"name":"a","version":"1","license":"MIT"}', { name: 'a', version: '1', licence: 'MIT' }],
    [
      '\ufeff{"name":"a","version":"1","license":{"type":"ISC"}}',
      { name: 'a', version: '1', licence: 'ISC' },
    ],
    [
      '{"name":"a","version":"1","licenses":[{"type":"A"},{"type":"B"}]}',
      { name: 'a', version: '1', licence: 'A OR B' },
    ],
    ['{"name":"a"}', undefined],
    ['{"type":"module"}', undefined],
    ['[]', undefined],
    ['{"name":1,"version":"1"}', undefined],
  ])('reads %s', (text, expected) => {
    expect(parsePackageJson(text)).toEqual(expected);
  });
});
