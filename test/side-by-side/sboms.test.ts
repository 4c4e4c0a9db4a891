import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { mistakesInSpdx } from '@wharfinger/lib/inspect/sbom/spdx-rules.fixtures';
import { writeSbom, type SbomStyle } from '@wharfinger/lib/inspect/sbom/write-sbom';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { debianLayouts } from '../harness/debian-image.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { everything } from './images.ts';
import { toolsOfLanguages } from './languages.ts';
import { layersOfSaved, layoutOf } from './layouts.ts';
import { readRecords } from './records.ts';
import { writeTrivyDatabase } from './trivy-database.ts';
import { foundInReport } from './trivy.ts';
import { inventoryOf } from './wharfinger.ts';

const tools = ['trivy', 'debootstrap', 'dpkg-query', 'gem', 'unzip', ...toolsOfLanguages];
const skips = lacksPath('WHARFINGER_TEST_DATA') || lacksTools(tools) || lacksRoot();

const styles: Readonly<Record<string, SbomStyle>> = {
  'CycloneDX 1.6': { format: 'cyclonedx', version: '1.6' },
  'CycloneDX 1.7': { format: 'cyclonedx', version: '1.7' },
  'SPDX 2.3': { format: 'spdx', version: '1.6' },
};
const subject = { digest: digestOf('an image'), name: 'team/app', time: new Date('2026-11-22T00:00:00Z') };

type Entry = Readonly<Record<string, unknown>>;

/** What a document lists as packages: neither its subject nor layers nor the operating system. */
function packageUrls(document: Entry): string[] {
  const cyclone = (document['components'] as readonly Entry[] | undefined)?.filter(
    ({ type }) => type === 'library',
  );
  if (cyclone !== undefined) return cyclone.map(({ purl }) => String(purl));
  return (document['packages'] as readonly Entry[]).flatMap(({ externalRefs = [] }) =>
    (externalRefs as readonly Entry[]).map(({ referenceLocator }) => String(referenceLocator)),
  );
}

async function mistakesIn(document: Entry, { format, version }: SbomStyle): Promise<unknown> {
  if (format === 'spdx') return mistakesInSpdx(document);
  const spec = version === '1.6' ? Spec.Version.v1dot6 : Spec.Version.v1dot7;
  return (await new Validation.JsonStrictValidator(spec).validate(JSON.stringify(document))) ?? [];
}

describe.skipIf(skips)('SBOMs of whole images', () => {
  const data = process.env['WHARFINGER_TEST_DATA'] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-sboms-'));
  const cache = join(folder, 'cache');
  const layouts = new Map<string, string>();
  const inventories = new Map<string, ImageInventory>();

  beforeAll(async () => {
    const place = (name: string): string => join(folder, name);
    const records = readRecords(data);
    layouts.set('Debian', (await debianLayouts()).debian);
    for (const release of ['310', '311']) {
      const layers = layersOfSaved(join(data, `images/alpine-${release}.tar.gz`), place(`saved-${release}`));
      layouts.set(`Alpine ${release}`, layoutOf(place(`layout-${release}`), layers));
    }
    layouts.set('all ecosystems', everything(place, data, records).layout);
    writeTrivyDatabase(cache, []);
    for (const [name, layout] of layouts) inventories.set(name, await inventoryOf(layout));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.keys(styles))(
    '%s is valid and lists every package once, of the image and of each layer',
    async (name) => {
      const style = styles[name]!;
      for (const [image, inventory] of inventories) {
        const whole = writeSbom(inventory, subject, style);
        expect([image, await mistakesIn(whole, style)]).toEqual([image, []]);
        const recorded = new Set(inventory.packages.map(({ purl, path }) => `${purl}#${path}`));
        expect([image, packageUrls(whole).length]).toEqual([image, recorded.size]);
        const ofLayers: string[] = [];
        for (const layer of inventory.layers.keys()) {
          const part = writeSbom(inventory, { ...subject, layer }, style);
          expect([image, layer, await mistakesIn(part, style)]).toEqual([image, layer, []]);
          ofLayers.push(...packageUrls(part));
        }
        expect(ofLayers.sort()).toEqual(packageUrls(whole).sort());
      }
    },
  );

  test('an image that is read again gives the same bytes', async () => {
    for (const [image, layout] of layouts) {
      const again = await inventoryOf(layout);
      for (const style of Object.values(styles)) {
        const [first, second] = [inventories.get(image)!, again].map((inventory) =>
          JSON.stringify(writeSbom(inventory, subject, style)),
        );
        expect([image, second === first]).toEqual([image, true]);
      }
    }
  });

  test('package URLs are such, in their canonical form', () => {
    const types = new Set<string>();
    for (const { packages } of inventories.values()) {
      for (const { purl } of packages) {
        const parsed = PackageURL.fromString(purl);
        expect(parsed.toString()).toBe(purl);
        types.add(parsed.type);
      }
    }
    expect([...types].sort()).toEqual(
      ['apk', 'cargo', 'composer', 'deb', 'gem', 'golang', 'maven', 'npm', 'nuget', 'pypi'].sort(),
    );
  });

  test.each(['CycloneDX 1.6', 'SPDX 2.3'])('a real Trivy finds the packages of %s', (name) => {
    for (const [image, inventory] of inventories) {
      const file = join(folder, 'sbom.json');
      writeFileSync(file, JSON.stringify(writeSbom(inventory, subject, styles[name]!)));
      const given = ['sbom', file, '--cache-dir', cache, '--format', 'json', '--list-all-pkgs', '--quiet'];
      const offline = ['--skip-db-update', '--skip-java-db-update', '--offline-scan', '--skip-version-check'];
      const report = execFileSync('trivy', [...given, ...offline, '--skip-vex-repo-update'], {
        encoding: 'utf8',
        maxBuffer: 1 << 29,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const listed = (packages: ReadonlyArray<{ type: string; name: string; version: string }>) =>
        [...new Set(packages.map((one) => `${one.type} ${one.name} ${one.version}`))].sort();
      expect([image, listed(foundInReport(report).packages)]).toEqual([image, listed(inventory.packages)]);
    }
  });
});
