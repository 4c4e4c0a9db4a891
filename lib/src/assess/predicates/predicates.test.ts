import { anything, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { refusalReason } from '../../signing/refusal.ts';
import { readCycloneDxVex } from './cyclonedx-vex.ts';
import { readOpenVex } from './openvex.ts';
import { readProvenance02, readProvenance1 } from './provenance.ts';
import { cycloneDxOf, readCycloneDxSbom, readSpdx } from './sbom.ts';
import { aboutImage, purlMatches } from './vex.ts';

const image = { digest: digestOf('an image'), repository: 'team/app' };
const commit = 'c'.repeat(40);

function reasonOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return refusalReason(error) ?? `it threw ${String(error)}`;
  }
  return 'it was read';
}

describe('SLSA provenance', () => {
  const old = {
    builder: { id: 'https://ci.example/runner' },
    buildType: 'https://ci.example/make',
    invocation: { configSource: { uri: 'git+https://git.example/a', digest: { sha1: commit } } },
    materials: [{ uri: 'git+https://git.example/a', digest: { sha1: commit } }, { digest: { sha256: 'x' } }],
  };
  const source = { uri: 'git+https://git.example/a@refs/heads/main', digest: { gitCommit: commit } };
  const current = (definition: object) => ({
    buildDefinition: { buildType: 'https://ci.example/make', externalParameters: {}, ...definition },
    runDetails: { builder: { id: 'https://ci.example/runner' } },
  });

  it('0.2 names builder, source and materials', () => {
    expect(readProvenance02(old)).toEqual({
      builder: 'https://ci.example/runner',
      buildType: 'https://ci.example/make',
      source: 'git+https://git.example/a',
      sourceDigest: `sha1:${commit}`,
      materials: [{ uri: 'git+https://git.example/a', digest: `sha1:${commit}` }],
    });
  });

  it('1 names the one git repository that it depends on as its source', () => {
    const base = { uri: 'pkg:docker/debian@12', digest: { sha256: 'b'.repeat(64) } };
    expect(readProvenance1(current({ resolvedDependencies: [base, source] }))).toEqual({
      builder: 'https://ci.example/runner',
      buildType: 'https://ci.example/make',
      source: source.uri,
      sourceDigest: `sha1:${commit}`,
      materials: [
        { uri: base.uri, digest: `sha256:${'b'.repeat(64)}` },
        { uri: source.uri, digest: `sha1:${commit}` },
      ],
    });
  });

  it('1 chooses none of several repositories, unless a parameter says which is the source', () => {
    const other = { uri: 'git+https://git.example/b', digest: { gitCommit: commit } };
    const look = { uri: 'git+https://git.example/ab', digest: { gitCommit: commit } };
    const resolvedDependencies = [other, look, source];
    expect(readProvenance1(current({ resolvedDependencies }))).not.toHaveProperty('source');
    const workflow = { repository: 'https://git.example/a' };
    const named = readProvenance1(current({ resolvedDependencies, externalParameters: { workflow } }));
    expect(named.source).toBe(source.uri);
    const configSource = { uri: 'https://git.example/c.git', digest: { sha1: commit } };
    const kit = readProvenance1(current({ resolvedDependencies, externalParameters: { configSource } }));
    expect(kit.source).toBe(configSource.uri);
  });

  it('is refused where it names no builder, or is something else', () => {
    expect(reasonOf(() => readProvenance02({ ...old, builder: {} }))).toBe('builder.id is not a string');
    expect(reasonOf(() => readProvenance1(old))).toBe('buildDefinition is not an object');
    expect(reasonOf(() => readProvenance02(undefined))).toBe('the provenance is empty');
    expect(
      reasonOf(() => readProvenance02({ ...old, materials: [{ uri: 'a', digest: { sha1: 'zz' } }] })),
    ).toMatch(/materials\[0\]\.digest\.sha1 is not in hex/);
  });
});

describe('SBOMs', () => {
  it('tell format and number of components, wrapped as cosign wraps what it does not know or not', () => {
    const spdx = { spdxVersion: 'SPDX-2.3', packages: [{}, {}] };
    expect(readSpdx(spdx)).toEqual({ format: 'spdx', components: 2 });
    expect(readSpdx({ Data: spdx, Timestamp: '' })).toEqual({ format: 'spdx', components: 2 });
    expect(readSpdx({ Data: JSON.stringify(spdx) })).toEqual({ format: 'spdx', components: 2 });
    expect(readSpdx(JSON.stringify(spdx))).toEqual({ format: 'spdx', components: 2 });
    const tagged = 'SPDXVersion: SPDX-2.3\nPackageName: a\nPackageName: b\n';
    expect(readSpdx(tagged)).toEqual({ format: 'spdx', components: 2 });
    const cyclone = cycloneDxOf({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [{}] });
    expect(readCycloneDxSbom(cyclone)).toEqual({ format: 'cyclonedx', components: 1 });
  });

  it('are refused where they are something else', () => {
    expect(reasonOf(() => readSpdx({ spdxVersion: 'SPDX-3.0' }))).toBe('it is "SPDX-3.0", not SPDX 2');
    expect(reasonOf(() => readSpdx({ Data: '{"a":1,"a":2}' }))).toMatch(/stands twice/);
    expect(reasonOf(() => readSpdx('SPDXVersion: SPDX-3.0'))).toBe('it is not SPDX 2');
    expect(reasonOf(() => cycloneDxOf({ bomFormat: 'Cyclone' }))).toMatch(/bomFormat/);
  });

  it('of vulnerabilities alone are no SBOMs', () => {
    const vex = cycloneDxOf({ bomFormat: 'CycloneDX', specVersion: '1.5', vulnerabilities: [] });
    expect(readCycloneDxSbom(vex)).toBeUndefined();
  });
});

describe('OpenVEX', () => {
  const document = (statement: object) => ({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://vex.example/1',
    author: 'a',
    timestamp: '2026-01-02T00:00:00Z',
    version: 1,
    statements: [
      {
        vulnerability: { name: 'CVE-2026-1', aliases: ['GHSA-a'] },
        status: 'not_affected',
        justification: 'component_not_present',
        ...statement,
      },
    ],
  });
  const read = (predicate: unknown) => aboutImage(readOpenVex(predicate).statements, image);
  const productsOf = (products?: unknown) => read(document({ products })).map((one) => one.products);

  it('says what a statement says', () => {
    expect(read(document({}))).toEqual([
      {
        vulnerability: 'CVE-2026-1',
        aliases: ['GHSA-a'],
        status: 'not_affected',
        justification: 'component_not_present',
        products: [],
        at: Date.parse('2026-01-02T00:00:00Z'),
      },
    ]);
  });

  it('means the image, packages of it, or something else', () => {
    const encoded = encodeURIComponent(image.digest);
    const here = `pkg:oci/app@${encoded}?repository_url=r.example/team/app`;
    const other = `pkg:oci/app@${encodeURIComponent(digestOf('other'))}`;
    expect(productsOf([{ '@id': here }])).toEqual([[]]);
    expect(productsOf([{ '@id': 'pkg:oci/app' }])).toEqual([[]]);
    expect(productsOf([{ '@id': 'urn:x', identifiers: { purl: here } }])).toEqual([[]]);
    expect(productsOf([{ '@id': other }, { '@id': 'pkg:oci/elsewhere' }])).toEqual([]);
    expect(productsOf([{ '@id': here, subcomponents: [{ '@id': 'pkg:npm/a@1' }] }])).toEqual([
      ['pkg:npm/a@1'],
    ]);
    expect(productsOf([{ '@id': other, subcomponents: [{ '@id': 'pkg:npm/a@1' }] }])).toEqual([]);
    expect(productsOf(['pkg:npm/a'])).toEqual([['pkg:npm/a']]);
  });

  it.each([
    ['an unknown status', document({ status: 'fine' }), /status is not one of/],
    ['no reason', document({ justification: undefined }), /says not_affected and not why/],
    ['a product that is no purl', document({ products: [{ '@id': 'a' }] }), /products\[0\] is no purl/],
    ['a purl that is none', document({ products: [{ '@id': 'pkg:' }] }), /no valid purl/],
    ['no vulnerability', document({ vulnerability: undefined }), /vulnerability is not an object/],
    ['another context', { ...document({}), '@context': 'https://x' }, /not that of OpenVEX/],
  ])('is refused with %s', (_, predicate, reason) => {
    expect(reasonOf(() => readOpenVex(predicate))).toMatch(reason);
  });
});

describe('VEX of CycloneDX', () => {
  const document = (vulnerability: object) => ({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { timestamp: '2026-01-02T00:00:00Z', component: { 'bom-ref': 'me' } },
    components: [{ 'bom-ref': 'outer', components: [{ 'bom-ref': 'a', purl: 'pkg:npm/a@1' }] }],
    vulnerabilities: [{ id: 'CVE-2026-1', references: [{ id: 'GHSA-a' }], ...vulnerability }],
  });
  const read = (vulnerability: object) =>
    aboutImage(readCycloneDxVex(document(vulnerability)).statements, image);

  it('has the states of VEX, and finds what a reference means', () => {
    const [statement] = read({
      analysis: { state: 'false_positive', justification: 'code_not_reachable' },
      affects: [{ ref: 'a' }, { ref: 'urn:cdx:1/1#pkg:npm/b@2' }],
    });
    expect(statement).toEqual({
      vulnerability: 'CVE-2026-1',
      aliases: ['GHSA-a'],
      status: 'not_affected',
      justification: 'code_not_reachable',
      products: ['pkg:npm/a@1', 'pkg:npm/b@2'],
      at: Date.parse('2026-01-02T00:00:00Z'),
    });
    expect(read({ analysis: { state: 'exploitable' }, affects: [{ ref: 'me' }] })).toMatchObject([
      { status: 'affected', products: [] },
    ]);
    expect(read({})).toEqual([]);
  });

  it('is refused where it is not clear what is meant', () => {
    const analysis = { state: 'not_affected' };
    expect(reasonOf(() => read({ analysis, affects: [{ ref: 'b' }] }))).toMatch(
      /affects\[0\] is no purl: "b"/,
    );
    expect(reasonOf(() => read({ analysis, affects: [{ ref: 'a', versions: [{}] }] }))).toMatch(
      /versions\[0\]/,
    );
    expect(reasonOf(() => read({ analysis: { state: 'fine' } }))).toMatch(/state is not known/);
  });
});

describe('a product', () => {
  it.each([
    ['pkg:deb/debian/curl', 'pkg:deb/debian/curl@7.88?arch=amd64&distro=debian-12', true],
    ['pkg:deb/debian/curl@7.88', 'pkg:deb/debian/curl@7.88?arch=amd64', true],
    ['pkg:deb/debian/curl@7.88?arch=amd64', 'pkg:deb/debian/curl@7.88?arch=amd64&distro=x', true],
    ['pkg:deb/debian/curl@7.88?arch=arm64', 'pkg:deb/debian/curl@7.88?arch=amd64', false],
    ['pkg:deb/debian/curl@7.89', 'pkg:deb/debian/curl@7.88', false],
    ['pkg:deb/ubuntu/curl', 'pkg:deb/debian/curl@7.88', false],
    ['pkg:npm/%40a/b', 'pkg:npm/%40a/b@1', true],
    ['pkg:npm/b', 'pkg:npm/%40a/b@1', false],
    ['no purl', 'pkg:npm/b@1', false],
  ])('%s names %s: %s', (product, installed, expected) => {
    expect(purlMatches(product, installed)).toBe(expected);
  });
});

describe('any predicate', () => {
  const readers = [
    readProvenance02,
    readProvenance1,
    readSpdx,
    (it: unknown) => readCycloneDxSbom(cycloneDxOf(it)),
    (it: unknown) => readCycloneDxVex(cycloneDxOf(it)),
    readOpenVex,
  ];
  const names = [
    'builder',
    'buildType',
    'materials',
    'buildDefinition',
    'runDetails',
    'spdxVersion',
    'packages',
    'bomFormat',
    'specVersion',
    'components',
    'vulnerabilities',
    '@context',
    'statements',
    'Data',
  ];
  const values = [
    'CycloneDX',
    '1.6',
    'SPDX-2.3',
    'https://openvex.dev/ns',
    'pkg:npm/a',
    null,
    1,
    [],
    {},
    [null],
    [{}],
    { id: 'a' },
    { name: 'a' },
    { analysis: { state: 'not_affected' }, affects: [{ ref: 'pkg:npm/a' }] },
  ];

  it('is read or refused with a reason, never anything else', () => {
    const holds = property(
      constantFrom(...readers),
      constantFrom(...names),
      constantFrom(...names),
      constantFrom(...values),
      anything(),
      (read, one, two, value, rest) => {
        for (const predicate of [{ [one]: value, [two]: rest }, { [one]: { [two]: value } }, rest])
          if (reasonOf(() => read(predicate)).startsWith('it threw')) return false;
        return true;
      },
    );
    expect(() => assert(holds, { numRuns: 3000 })).not.toThrow();
  });
});
