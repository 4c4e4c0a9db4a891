import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { debianRelease, dpkgStatus, imageOf, layerOf } from '../layer-fixture.ts';
import { toCycloneDx } from './cyclonedx.ts';

const subject = { digest: digestOf('image'), name: 'team/app', time: new Date('2026-11-22T00:00:00Z') };

function inventory() {
  return imageOf(
    layerOf({
      'etc/os-release': debianRelease,
      'var/lib/dpkg/status': dpkgStatus({ 'base-files': '12.4', 'libstdc++6': '1:2~x' }),
    }),
    layerOf({
      'a/node_modules/@s/é/package.json': '{"name":"@s/é","version":"1.0.0","license":"Odd License"}',
      'b/node_modules/UPPER/package.json': '{"name":"UPPER","version":"1 2"}',
      'b/node_modules/x/package.json': '{',
    }),
  );
}

describe('CycloneDX', () => {
  it('is valid by the schema, whole or not', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    const scratch = await imageOf(layerOf({ a: 'b' }));
    for (const one of [await inventory(), scratch]) {
      expect(await validator.validate(JSON.stringify(toCycloneDx(one, subject)))).toBeNull();
    }
  });

  it('is the same for the same image and time', async () => {
    const [first, second] = [await inventory(), await inventory()];
    expect(toCycloneDx(first, subject)).toEqual(toCycloneDx(second, subject));
    const other = toCycloneDx(first, { ...subject, digest: digestOf('other') });
    expect(other['serialNumber']).not.toBe(toCycloneDx(first, subject)['serialNumber']);
  });

  it('names packages with their layers, and says what is missing', async () => {
    const image = await inventory();
    expect(image.complete).toBe(false);
    const bom = toCycloneDx(image, subject);
    expect(bom).toMatchObject({
      metadata: { properties: [{ name: 'wharfinger:problem:unreadable-file' }] },
      compositions: [{ aggregate: 'incomplete' }],
    });
    expect(bom['components']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'operating-system', name: 'debian', version: '12' }),
        expect.objectContaining({
          purl: 'pkg:deb/debian/libstdc%2B%2B6@1:2~x?arch=amd64&distro=debian-12',
          properties: expect.arrayContaining([{ name: 'wharfinger:layer', value: '0' }]),
        }),
        expect.objectContaining({ group: '@s', name: 'é', version: '1.0.0' }),
      ]),
    );
  });
});
