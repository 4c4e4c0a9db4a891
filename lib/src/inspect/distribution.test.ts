import { describe, expect, test } from 'vitest';
import { identifyDistribution, type DistributionEvidence } from './distribution.ts';
import type { RpmPackage } from './file-facts.ts';

const nothing: DistributionEvidence = {
  streams: [],
  dpkg: [],
  apk: [],
  rpm: [],
  contentSets: [],
  distributionFile: false,
  releases: [],
  strayDatabase: false,
  otherDatabases: [],
};

const rpm = (name: string, version: string, vendor?: string): RpmPackage => ({
  name,
  version,
  ...(vendor === undefined ? {} : { vendor }),
});

const release = (fields: Readonly<Record<string, string>>, ...packages: readonly RpmPackage[]) =>
  identifyDistribution({
    ...nothing,
    osRelease: fields,
    rpm: packages.length > 0 ? packages : [rpm('bash', '5.1-1.el9')],
    contentSets: ['rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms'],
  });

describe('distributions with packages of rpm', () => {
  test.each([
    ['almalinux', '9.2', {}, 'AlmaLinux:9'],
    ['rocky', '8.9', {}, 'Rocky Linux:8'],
    ['rhel', '9.4', {}, 'Red Hat:enterprise_linux:9'],
    ['sles', '15.5', {}, 'SUSE:Linux Enterprise Server 15 SP5'],
    ['sles', '15', {}, 'SUSE:Linux Enterprise Server 15'],
    ['opensuse-leap', '15.6', {}, 'openSUSE:Leap 15.6'],
    ['opensuse-tumbleweed', '20260101', {}, 'openSUSE:Tumbleweed'],
    ['photon', '4.0', {}, 'Photon OS:4.0'],
    ['mageia', '9', {}, 'Mageia:9'],
    ['mariner', '2.0.20240101', {}, 'Azure Linux:2'],
    ['openEuler', '22.03', { VERSION: '22.03 (LTS-SP3)' }, 'openEuler:22.03-LTS-SP3'],
  ])('%s %s are matched with advisories', (ID, VERSION_ID, more, ecosystem) => {
    const { distribution, problems } = release({ ID, VERSION_ID, ...more });
    expect(distribution.ecosystem).toBe(ecosystem);
    expect(problems).toEqual([]);
  });

  test.each(['amzn', 'ol', 'centos', 'fedora', 'unheard-of'])(
    '%s has no advisories that are known, and does not pass',
    (ID) => {
      const { distribution, problems } = release({ ID, VERSION_ID: '8' });
      expect(distribution.ecosystem).toBeUndefined();
      expect(problems).toMatchObject([{ code: 'unknown-distribution', hides: true }]);
    },
  );

  test.each([
    ['a release package', [rpm('rocky-release', '9.2-1.el9')], 'rocky', 'Rocky Linux:9'],
    ['its vendor', [rpm('bash', '5.1-1.el9', 'AlmaLinux'), rpm('x', '1-1')], 'almalinux', 'AlmaLinux:9'],
    ['days', [rpm('openSUSE-release', '20260101-1.1')], 'opensuse-tumbleweed', 'openSUSE:Tumbleweed'],
    ['Leap', [rpm('openSUSE-release', '15.5-1.1')], 'opensuse-leap', 'openSUSE:Leap 15.5'],
  ])('without os-release is inferred from %s, and does not pass', (_, packages, id, ecosystem) => {
    const { distribution, problems } = identifyDistribution({ ...nothing, rpm: packages });
    expect(distribution).toMatchObject({ id, ecosystem, source: 'packages' });
    expect(problems).toMatchObject([{ code: 'unknown-distribution', hides: true }]);
  });

  test.each([
    ['another distribution', { ID: 'almalinux', VERSION_ID: '9.2' }, [rpm('rocky-release', '9.2-1.el9')]],
    ['another release', { ID: 'rocky', VERSION_ID: '8.9' }, [rpm('rocky-release', '9.2-1.el9')]],
    ['packages of Debian alone', { ID: 'debian', VERSION_ID: '12' }, [rpm('mine', '1-1')]],
  ])('that claims %s does not pass', (_, fields, packages) => {
    expect(release(fields, ...packages).problems).toMatchObject([
      { code: 'distribution-mismatch', hides: true },
    ]);
  });

  test('updates of a release are of that release', () => {
    const packages = [rpm('almalinux-release', '9.4-1.el9')];
    expect(release({ ID: 'almalinux', VERSION_ID: '9.2' }, ...packages).problems).toEqual([]);
  });

  test.each([
    ['nothing says of which repositories', []],
    [
      'repositories are of other products',
      ['rhel-9-for-x86_64-baseos-rpms', 'rhocp-4.12-for-rhel-9-x86_64-rpms'],
    ],
    ['repositories have longer support', ['rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2']],
  ])('of Red Hat do not pass where %s', (_, contentSets) => {
    const { problems } = identifyDistribution({
      ...nothing,
      osRelease: { ID: 'rhel', VERSION_ID: '9.2' },
      rpm: [rpm('bash', '5.1-1.el9')],
      contentSets,
    });
    expect(problems).toMatchObject([{ code: 'unknown-distribution', hides: true }]);
  });
});
