import { expect, test } from 'vitest';
import type { Facts } from '../routines/facts.ts';
import { diffImages } from './diff-images.ts';

type Packages = NonNullable<Facts['inventory']>['packages'];

interface Made {
  readonly packages?: ReadonlyArray<readonly [type: string, name: string, version: string, licence?: string]>;
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly layers?: readonly string[];
  readonly findings?: ReadonlyArray<readonly [advisory: string, aliases: readonly string[], name: string]>;
  readonly complete?: boolean;
}

function factsOf({
  packages = [],
  env = [],
  labels = {},
  layers = ['1'],
  findings,
  complete = true,
}: Made): Facts {
  const listed: Packages = packages.map(([type, name, version, licence]) => ({
    type,
    name,
    version,
    purl: `pkg:${type}/${name}@${version}`,
    layer: 0,
    ...(licence === undefined ? {} : { licence }),
  }));
  const config = { user: '', entrypoint: [], cmd: [], env, volumes: [], exposedPorts: [], labels };
  return {
    image: {
      digest: 'sha256:0',
      repository: 'team/app',
      mediaType: '',
      size: 1,
      missing: [],
      annotations: {},
      base: {},
      config,
      layers: layers.map((digest) => ({ digest, size: 1 })),
    },
    inventory: { complete, packages: listed, licences: [], problems: [] },
    ...(findings && {
      findings: findings.map(([advisory, aliases, name]) => ({
        advisory,
        aliases,
        package: name,
        version: '1',
        ecosystem: 'npm',
        purl: '',
        severity: 'high',
        summary: '',
        malicious: false,
        since: '2026-01-01T00:00:00Z',
        layer: 0,
      })),
    }),
  };
}

test('packages that came, went, or moved up or down are told apart by the order of their ecosystem', () => {
  const before = factsOf({
    packages: [
      ['deb', 'up', '1.9'],
      ['deb', 'down', '1.0'],
      ['npm', 'gone', '1.0.0'],
      ['generic', 'odd', 'b'],
    ],
  });
  const after = factsOf({
    packages: [
      ['deb', 'up', '1.10'],
      ['deb', 'down', '1.0~rc1'],
      ['npm', 'come', '1.0.0'],
      ['generic', 'odd', 'a'],
    ],
  });
  expect(diffImages(before, after)).toMatchObject({
    same: false,
    packages: {
      added: [{ type: 'npm', name: 'come', version: '1.0.0' }],
      removed: [{ type: 'npm', name: 'gone', version: '1.0.0' }],
      changed: [
        { name: 'down', direction: 'down' },
        { name: 'up', before: '1.9', after: '1.10', direction: 'up' },
        { name: 'odd', direction: 'other' },
      ],
    },
  });
});

test('of a package in several versions only those count that one image has alone', () => {
  const before = factsOf({
    packages: [
      ['npm', 'a', '1.0.0'],
      ['npm', 'a', '2.0.0'],
      ['npm', 'a', '2.0.0'],
    ],
  });
  const after = factsOf({
    packages: [
      ['npm', 'a', '2.0.0'],
      ['npm', 'a', '10.0.0'],
      ['npm', 'a', '3.0.0'],
    ],
  });
  expect(diffImages(before, after).packages).toEqual({
    added: [{ type: 'npm', name: 'a', version: '10.0.0' }],
    removed: [],
    changed: [{ type: 'npm', name: 'a', before: '1.0.0', after: '3.0.0', direction: 'up' }],
  });
});

test('configuration, findings by any name, licences and shared layers are compared', () => {
  const before = factsOf({
    env: ['PATH=/bin', 'OLD=1'],
    labels: { a: '1' },
    layers: ['1', '2'],
    packages: [['npm', 'a', '1', 'MIT']],
    findings: [
      ['GHSA-1', ['CVE-1'], 'a'],
      ['GHSA-2', [], 'a'],
    ],
  });
  const after = factsOf({
    env: ['PATH=/usr/bin'],
    labels: { a: '1', b: '2' },
    layers: ['1', '3'],
    packages: [['npm', 'a', '1', 'ISC']],
    findings: [
      ['CVE-1', [], 'a'],
      ['GHSA-2', [], 'b'],
    ],
  });
  expect(diffImages(before, after)).toMatchObject({
    sharedLayers: 1,
    configuration: [
      { field: 'env OLD', before: '1' },
      { field: 'env PATH', before: '/bin', after: '/usr/bin' },
      { field: 'label b', after: '2' },
    ],
    findings: { new: [{ advisory: 'GHSA-2', package: 'b' }], gone: [{ advisory: 'GHSA-2', package: 'a' }] },
    licences: { added: ['ISC'], removed: ['MIT'] },
  });
});

test('what is not known is never called the same', () => {
  const one = factsOf({});
  expect(diffImages(one, one)).toMatchObject({ same: true, complete: true });
  expect(diffImages(one, one)).not.toHaveProperty('findings');
  expect(diffImages(one, factsOf({ complete: false }))).toMatchObject({ same: false, complete: false });
  const counts = { added: 0, removed: 0, changed: 0 };
  expect(diffImages(one, one, { counts, files: [], complete: false }).same).toBe(false);
});

test('files that differ count though none is listed', () => {
  const one = factsOf({});
  const counts = { added: 1, removed: 0, changed: 0 };
  expect(diffImages(one, one, { counts, files: [], complete: true }).same).toBe(false);
});
