import { observed } from '@wharfinger/lib/inspect/packages/observed.fixtures';
import { nothing, type Target } from '../target.ts';

const bytesOf = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** Says so where a record that counts was neither read nor told of as unreadable, or gives packages without a name or a version. */
function reader(format: string, path: string): Target['read'] {
  return (bytes) => {
    const { facts, packages, problems } = observed(format, path, bytes);
    if (facts.length === 0 && problems.length === 0) throw new Error(`nothing was told of ${path}`);
    if (packages.some(({ name, version }) => name === '' || version === '')) throw new Error('no name');
    return nothing(packages);
  };
}

const gemspec = `# -*- encoding: utf-8 -*-
# stub: rack 2.2.6.4 ruby lib

Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = Gem::Version.new('2.2.6.4')
  s.licenses = ["MIT".freeze, %q{Ruby}]
end
`;
const installed = [
  { name: 'monolog/monolog', version: 'v2.1.0', version_normalized: '2.1.0.0', license: ['MIT'] },
  { name: 'a/b', version: 'dev-main', version_normalized: 'dev-main' },
];
const target = '.NETCoreApp,Version=v8.0';
const dependencies = {
  runtimeTarget: { name: target, signature: '' },
  targets: { [target]: { 'A/1.0.0': { runtime: { 'lib/A.dll': {} } }, 'B/2.0.0': {} } },
  libraries: { 'A/1.0.0': { type: 'package' }, 'B/2.0.0': { type: 'package' }, 'C/1': { type: 'project' } },
};
const lock = { version: 1, dependencies: { 'net8.0': { A: { type: 'Direct', resolved: '1.0.0' } } } };
const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { component: { name: 'app', purl: 'pkg:npm/app@1.0.0' } },
  components: [
    {
      name: 'a',
      version: '1',
      purl: 'pkg:maven/g/a@1?type=jar',
      licenses: [{ license: { id: 'MIT' } }, { expression: 'MIT OR ISC' }],
      components: [{ name: 'b', purl: 'pkg:npm/%40s/b@2#sub' }],
    },
  ],
};
const spdx = {
  spdxVersion: 'SPDX-2.3',
  packages: [
    {
      name: 'redis',
      versionInfo: '7.2.4-3',
      licenseConcluded: 'BSD-3-Clause',
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:bitnami/redis@7.2.4-3?arch=amd64' }],
    },
  ],
};

/** Records of packages that tools of languages leave in images. */
export const recordedPackageTargets: readonly Target[] = [
  {
    name: 'gemspec',
    refuses: [],
    genuine: [bytesOf(gemspec)],
    read: reader('ruby', 'usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.6.4.gemspec'),
  },
  {
    name: 'installed.json of composer',
    refuses: [],
    genuine: [bytesOf(installed), bytesOf({ packages: installed, dev: true })],
    read: reader('php', 'srv/vendor/composer/installed.json'),
  },
  {
    name: 'deps.json',
    refuses: [],
    genuine: [bytesOf(dependencies)],
    read: reader('dotnet', 'app/a.deps.json'),
  },
  {
    name: 'packages.lock.json',
    refuses: [],
    genuine: [bytesOf(lock)],
    read: reader('dotnet', 'app/packages.lock.json'),
  },
  {
    name: 'SBOM in an image',
    refuses: [],
    genuine: [bytesOf(cycloneDx), bytesOf(spdx)],
    read: reader('sbom', 'usr/share/sbom/app.json'),
  },
];
