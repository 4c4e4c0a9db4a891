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
    const versions = [
      ['1.6', Spec.Version.v1dot6],
      ['1.7', Spec.Version.v1dot7],
    ] as const;
    for (const [version, spec] of versions) {
      const validator = new Validation.JsonStrictValidator(spec);
      for (const one of [await inventory(), await imageOf(layerOf({ a: 'b' }))]) {
        for (const about of [subject, { ...subject, layer: 0 }]) {
          const document = toCycloneDx(one, about, version);
          expect(await validator.validate(JSON.stringify(document))).toBeNull();
        }
      }
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
      metadata: {
        properties: [{ name: 'wharfinger:problem', value: expect.stringContaining('unreadable-file') }],
      },
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

  it('leads from the image to everything in it, and from a layer to what it brought', async () => {
    const image = await inventory();
    const bom = toCycloneDx(image, subject);
    const refs = (bom['components'] as Array<Record<string, unknown>>).map((one) => one['bom-ref']);
    expect(bom['dependencies']).toEqual([{ ref: `image:${subject.digest}`, dependsOn: refs }]);
    const layer = toCycloneDx(image, { ...subject, layer: 1 });
    expect(layer['metadata']).toMatchObject({ component: { version: image.layers[1]!.digest } });
    expect(layer['components']).toHaveLength(3);
    expect(layer['serialNumber']).not.toBe(bom['serialNumber']);
  });
});
