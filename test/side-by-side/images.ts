import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { debianLayouts, debianTar } from '../harness/debian-image.ts';
import { entriesOf } from '../harness/oci-layout.ts';
import { output } from '../requirements.ts';
import { almaImage } from './almalinux.ts';
import { languages } from './languages.ts';
import { layersOfSaved, layoutOf } from './layouts.ts';
import type { OsvRecord } from './records.ts';
import { ofTheDay } from './report.ts';
import { fixesOf, moreInstalled, olderInstalled, olderStatus } from './set-back.ts';
import { alpineTruth, debianTruth, languagesTruth, type Truth } from './truth.ts';

/** An image to compare in. */
export interface Compared {
  readonly name: string;
  /** folder of its OCI layout */
  readonly layout: string;
  /** its packages, as their own tools list them */
  readonly truth: Truth;
  /** findings that each of these types has at least */
  readonly least: Readonly<Record<string, number>>;
}

/** Makes all images, in a folder of their own each. */
export async function comparedImages(
  folder: string,
  data: string,
  records: readonly OsvRecord[],
): Promise<Compared[]> {
  const place = (name: string): string => join(folder, name);
  return [
    ...(await debianImages(place, records)),
    ...['310', '311'].flatMap((release) => alpineImages(place, data, release, records)),
    ...(['8', '9'] as const).map((release) => {
      const { layer, packages } = almaImage(place(`alma-${release}`), release, records);
      const layout = layoutOf(place(`layout-alma-${release}`), [layer]);
      return { name: `AlmaLinux ${release}`, layout, truth: { rpm: packages }, least: { rpm: 50 } };
    }),
    everything(place, data, records),
  ];
}

type Place = (name: string) => string;

async function debianImages(place: Place, records: readonly OsvRecord[]): Promise<Compared[]> {
  const { debian } = await debianLayouts();
  const status = output('tar', ['-xOf', await debianTar(), './var/lib/dpkg/status']);
  const manifest: { readonly layers: ReadonlyArray<{ readonly digest: string }> } = JSON.parse(
    readFileSync(join(debian, 'blobs', entriesOf(debian)[0]!.digest.replace(':', '/')), 'utf8'),
  );
  const blob = readFileSync(join(debian, 'blobs', manifest.layers[0]!.digest.replace(':', '/')));
  const older = olderStatus(status, fixesOf(records, 'Debian:12'));
  const layers = [blob, tarOf({ name: 'var/lib/dpkg/status', body: older })];
  return [
    {
      name: ofTheDay,
      layout: debian,
      truth: debianTruth(status, place('truth-debian')),
      least: {},
    },
    {
      name: 'Debian 12, older',
      layout: layoutOf(place('layout-debian'), layers),
      truth: debianTruth(older, place('truth-debian-older')),
      least: { deb: 50 },
    },
  ];
}

const database = 'lib/apk/db/installed';

function alpineImages(
  place: Place,
  data: string,
  release: string,
  records: readonly OsvRecord[],
): Compared[] {
  const archive = join(data, 'images', `alpine-${release}.tar.gz`);
  const layers = layersOfSaved(archive, place(`saved-${release}`));
  const layout = layoutOf(place(`layout-alpine-${release}`), layers);
  const number = `3.${release.slice(1)}`;
  const fixes = fixesOf(records, `Alpine:v${number}`);
  const [id] = JSON.parse(readFileSync(join(place(`saved-${release}`), 'manifest.json'), 'utf8')) as [
    { readonly Layers: [string] },
  ];
  const installed = output('tar', ['-xOf', join(place(`saved-${release}`), id.Layers[0]), database]);
  const older = `${olderInstalled(installed, fixes).trimEnd()}\n\n${moreInstalled(fixes, 80)}\n`;
  const changed = [...layers, tarOf({ name: database, body: older })];
  return [
    { name: `Alpine ${number}, as it is`, layout, truth: alpineTruth(installed), least: {} },
    {
      name: `Alpine ${number}, older`,
      layout: layoutOf(place(`layout-alpine-${release}-older`), changed),
      truth: alpineTruth(older),
      least: { apk: 50 },
    },
  ];
}

/** Packages of a Debian build machine, and above them those of the eight ecosystems of languages. */
export function everything(place: Place, data: string, records: readonly OsvRecord[]): Compared {
  const base = readFileSync(join(data, 'hostile/normal.tar.gz'));
  const { root, layer } = languages(place('everything'), records);
  const status = output('tar', [
    '-xzOf',
    join(data, 'hostile/normal.tar.gz'),
    '--wildcards',
    '*lib/dpkg/status',
  ]);
  return {
    name: 'Debian 12 with packages of languages',
    layout: layoutOf(place('layout-everything'), [gunzipSync(base), layer]),
    truth: { ...debianTruth(status, place('truth-everything')), ...languagesTruth(root) },
    least: { deb: 50, npm: 50, golang: 50, pypi: 50 },
  };
}
