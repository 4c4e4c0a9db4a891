import { describe, expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { debianRelease, dpkgStatus, imageOf, layerOf } from '../layer-fixture.ts';
import { mistakesInSpdx } from './spdx-rules.fixtures.ts';
import { toSpdx } from './spdx.ts';

const subject = { digest: digestOf('image'), name: 'team/app', time: new Date('2026-11-22T00:00:00.123Z') };

const inventory = () =>
  imageOf(
    layerOf({
      'etc/os-release': debianRelease,
      'var/lib/dpkg/status': dpkgStatus({ 'base-files': '12.4', 'libstdc++6': '1:2~x' }),
    }),
    layerOf({
      'a/node_modules/@s/é/package.json': '{"name":"@s/é","version":"1.0.0","license":"Odd License"}',
      'b/node_modules/m/package.json': '{"name":"m","version":"1.0.0","license":"MIT OR LicenseRef-own"}',
      'b/node_modules/d/package.json':
        '{"name":"d","version":"1.0.0","license":"DocumentRef-x:LicenseRef-y"}',
      'b/node_modules/UPPER/package.json': '{"name":"UPPER","version":"1 2"}',
      'b/node_modules/x/package.json': '{',
    }),
  );

describe('SPDX', () => {
  test('keeps the rules of its specification, whole or not, of an image and of a layer', async () => {
    const image = await inventory();
    expect(mistakesInSpdx(toSpdx(image, subject))).toEqual([]);
    expect(mistakesInSpdx(toSpdx(image, { ...subject, layer: 1 }))).toEqual([]);
    expect(mistakesInSpdx(toSpdx(await imageOf(layerOf({ a: 'b' })), subject))).toEqual([]);
  });

  test('is checked by rules that see what is wrong', async () => {
    const document = toSpdx(await inventory(), subject);
    expect(mistakesInSpdx({ ...document, hasExtractedLicensingInfos: undefined })).not.toEqual([]);
    expect(mistakesInSpdx({ ...document, packages: [{ name: 'x' }] })).not.toEqual([]);
    expect(mistakesInSpdx({ ...document, relationships: [] })).not.toEqual([]);
    expect(mistakesInSpdx({ ...document, more: 1 })).toEqual(['document: more is wrong']);
  });

  test('is the same for the same image and time, and another for another', async () => {
    const [first, second] = [await inventory(), await inventory()];
    expect(toSpdx(first, subject)).toEqual(toSpdx(second, subject));
    const spaces = [subject, { ...subject, time: new Date(0) }, { ...subject, layer: 0 }].map(
      (one) => toSpdx(first, one)['documentNamespace'],
    );
    expect(new Set(spaces).size).toBe(3);
  });

  test('states licences as expressions or as texts of their own, layers, and what is missing', async () => {
    const document = toSpdx(await inventory(), subject);
    const packages = document['packages'] as Array<Record<string, unknown>>;
    const licenceOf = (name: string) => packages.find((one) => one['name'] === name)?.['licenseDeclared'];
    expect(licenceOf('m')).toBe('MIT OR LicenseRef-own');
    expect(licenceOf('base-files')).toBe('NOASSERTION');
    expect(document['hasExtractedLicensingInfos']).toContainEqual(
      expect.objectContaining({ licenseId: licenceOf('@s/é'), extractedText: 'Odd License' }),
    );
    expect(licenceOf('d')).toMatch(/^LicenseRef-[0-9a-f]{16}$/);
    expect(document['annotations']).toEqual([
      expect.objectContaining({
        comment: expect.stringMatching(/^incomplete: unreadable-file: b\/node_modules\/x/),
      }),
    ]);
    expect(packages.find((one) => one['name'] === 'm')?.['sourceInfo']).toContain(
      'brought by layer 1 (sha256:',
    );
  });

  test('of a layer lists what the image has of that layer alone', async () => {
    const document = toSpdx(await inventory(), { ...subject, layer: 0 });
    const names = (document['packages'] as Array<Record<string, unknown>>).map((one) => one['name']);
    expect(names).toEqual(['team/app, layer 0', 'debian', 'base-files', 'libstdc++6']);
  });
});
