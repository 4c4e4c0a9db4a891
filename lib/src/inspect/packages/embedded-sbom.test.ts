import { describe, expect, it } from 'vitest';
import { isSbomPath } from './embedded-sbom.ts';
import { observed } from './observed.fixtures.ts';

const place = 'usr/share/sbom/app.json';
const cycloneDx = (components: unknown, metadata?: unknown) =>
  JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata, components });
const spdx = (packages: unknown) => JSON.stringify({ spdxVersion: 'SPDX-2.3', packages });
const spdxPackage = (purl: string, over: object = {}) => ({
  name: 'x',
  externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  ...over,
});

describe('packages of an SBOM', () => {
  it.each([
    ['pkg:npm/%40babel/core@7.1.0', { type: 'npm', name: '@babel/core', version: '7.1.0', ecosystem: 'npm' }],
    ['pkg:npm/JSONStream@1.0.0', { type: 'npm', name: 'JSONStream', ecosystem: 'npm' }],
    [
      'pkg:golang/github.com/Masterminds/semver@v1.5.0',
      { name: 'github.com/Masterminds/semver', ecosystem: 'Go' },
    ],
    ['pkg:pypi/Zope_Interface@5.0', { type: 'pypi', ecosystem: 'PyPI', version: '5.0' }],
    [
      'pkg:maven/org.slf4j/slf4j-api@2.0.7',
      { type: 'maven', name: 'org.slf4j:slf4j-api', ecosystem: 'Maven' },
    ],
    [
      'pkg:composer/monolog/monolog@2.1.0',
      { type: 'composer', name: 'monolog/monolog', ecosystem: 'Packagist' },
    ],
    [
      'pkg:nuget/Newtonsoft.Json@12.0.1',
      { name: 'Newtonsoft.Json', matchName: 'newtonsoft.json', ecosystem: 'NuGet' },
    ],
    [
      'pkg:bitnami/redis@7.2.4-3?arch=amd64',
      { type: 'bitnami', name: 'redis', version: '7.2.4-3', ecosystem: 'Bitnami' },
    ],
    ['pkg:hex/plug@1.15.0', { type: 'generic', name: 'plug', ecosystem: 'Hex' }],
    ['pkg:conan/zlib@1.2.13', { type: 'generic', name: 'zlib' }],
  ])('%s', (purl, expected) => {
    const { packages, problems } = observed('sbom', place, cycloneDx([{ name: 'x', purl }]));
    expect(packages).toMatchObject([{ ...expected, purl }]);
    expect(problems).toEqual([]);
    expect(observed('sbom', place, spdx([spdxPackage(purl)])).packages).toEqual(packages);
  });

  it('lie at any depth, and have licences', () => {
    const inner = {
      name: 'b',
      purl: 'pkg:gem/b@2',
      licenses: [{ license: { id: 'MIT' } }, { license: { name: 'X' } }],
    };
    const outer = {
      name: 'a',
      version: '1',
      purl: 'pkg:gem/a',
      components: [inner],
      licenses: [{ expression: 'MIT OR X' }],
    };
    const { packages } = observed('sbom', place, cycloneDx([], { component: outer }));
    expect(packages.map(({ name, version, licence }) => [name, version, licence])).toEqual([
      ['a', '1', 'MIT OR X'],
      ['b', '2', 'MIT AND X'],
    ]);
    const declared = { licenseConcluded: 'NOASSERTION', licenseDeclared: 'BSD-2-Clause' };
    expect(observed('sbom', place, spdx([spdxPackage('pkg:gem/a@1', declared)])).packages[0]?.licence).toBe(
      'BSD-2-Clause',
    );
  });

  it('without a version have one that no order places', () => {
    expect(observed('sbom', place, cycloneDx([{ purl: 'pkg:npm/a' }])).packages).toMatchObject([
      { name: 'a', version: 'unknown' },
    ]);
  });

  it('leave those of the distribution to its own database', () => {
    const wolfi = spdx([
      spdxPackage('pkg:apk/wolfi/busybox@1.36.1-r0?arch=x86_64'),
      spdxPackage('pkg:github/mirror/busybox@abc'),
    ]);
    expect(observed('sbom', 'var/lib/db/sbom/busybox-1.36.1-r0.spdx.json', wolfi)).toEqual({
      packages: [],
      facts: [{ kind: 'packages', format: 'sbom', packages: [] }],
      problems: [],
    });
  });
});

describe('an SBOM that cannot be read hides something', () => {
  it.each([
    ['no JSON', '{"bomFormat":'],
    ['SPDX 3', '{"@context":"x","@graph":[]}'],
    ['a broken package URL', cycloneDx([{ purl: 'npm/a@1' }])],
    ['an endless package URL', cycloneDx([{ purl: `pkg:npm/${'a'.repeat(70_000)}@1` }])],
    ['a version that cannot be shown', cycloneDx([{ purl: 'pkg:npm/a', version: '1\u0007' }])],
    ['components that are no list', cycloneDx({ purl: 'pkg:npm/a@1' })],
    ['packages that are no list', spdx({})],
    ['tag and value', 'SPDXVersion: SPDX-2.3\nPackageName: a\n'],
  ])('%s', (_, text) => {
    expect(observed('sbom', place, text).problems).toHaveLength(1);
    expect(observed('sbom', 'srv/test/example.json', text).problems).toEqual([]);
  });

  it('but other JSON beside it does not', () => {
    expect(observed('sbom', place, '{"signatures":[]}').problems).toEqual([]);
  });
});

describe('SBOMs count where tools put them', () => {
  it.each([
    ['opt/bitnami/redis/.spdx-redis.spdx', true],
    ['opt/bitnami/common/share/.spdx-wait-for-port.spdx', true],
    ['var/lib/db/sbom/busybox-1.36.1-r0.spdx.json', true],
    ['layers/sbom/launch/paketo-buildpacks_npm-install/launch-modules/sbom.cdx.json', true],
    ['workspace/META-INF/sbom/application.cdx.json', true],
    ['usr/lib/python3/site-packages/a-1.dist-info/sboms/auditwheel.cdx.json', true],
    ['usr/share/sbom/app.json', true],
    ['sbom.cdx.json', true],
    ['bom.json', true],
    ['app/node_modules/tool/test/bom.json', false],
    ['srv/downloads/other.spdx.json', false],
  ])('%s: %s', (path, expected) => {
    expect(isSbomPath(path)).toBe(expected);
  });
});
