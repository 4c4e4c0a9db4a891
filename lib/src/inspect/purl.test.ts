import * as fc from 'fast-check';
import { PackageURL } from 'packageurl-js';
import { expect, test } from 'vitest';
import { packageTypes } from './packages/package-types.ts';
import { purlOf, type PurlParts } from './purl.ts';

const debian = { id: 'debian', version: '12', ecosystem: 'Debian:12', source: 'os-release' } as const;

test.each<readonly [PurlParts, string]>([
  [{ type: 'maven', name: 'org.slf4j:slf4j-api', version: '2.0.7' }, 'pkg:maven/org.slf4j/slf4j-api@2.0.7'],
  [{ type: 'maven', name: 'slf4j-api', version: '2.0.7' }, 'pkg:generic/slf4j-api@2.0.7'],
  [{ type: 'npm', name: '@scope/name', version: '1.0.0' }, 'pkg:npm/%40scope/name@1.0.0'],
  [{ type: 'npm', name: 'not a <name>', version: '1 2' }, 'pkg:npm/not%20a%20%3Cname%3E@1%202'],
  [{ type: 'golang', name: 'github.com/a/b', version: 'v1.0.0' }, 'pkg:golang/github.com/a/b@v1.0.0'],
  [
    { type: 'deb', name: 'libstdc++6', version: '1:2~x', architecture: 'amd64' },
    'pkg:deb/debian/libstdc%2B%2B6@1:2~x?arch=amd64&distro=debian-12',
  ],
  [{ type: 'rpm', name: 'bash', version: '1:5-1' }, 'pkg:rpm/debian/bash@5-1?distro=debian-12&epoch=1'],
])('%j has a package URL that others read', (parts, purl) => {
  expect(purlOf(parts, debian)).toBe(purl);
  expect(PackageURL.fromString(purl).toString()).toBe(purl);
});

test('whatever a package calls itself, it has one', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(' ', '/', '..', ':', '@', '@a/', '%', '\ud800'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...packageTypes), odd, odd, (type, name, version) => {
      const purl = purlOf({ type, name, version }, debian);
      expect(PackageURL.fromString(purl).toString()).toBe(purl);
    }),
    { numRuns: 3000 },
  );
});
