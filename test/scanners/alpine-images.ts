import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarOf } from '@wharfinger/lib/inspect/layer-fixture';
import { output } from '../requirements.ts';
import { layersOfSaved, layoutOf } from '../side-by-side/layouts.ts';
import { readRecords, type OsvRecord } from '../side-by-side/records.ts';
import { fixesOf, moreInstalled, olderInstalled } from '../side-by-side/set-back.ts';

const installedFile = 'lib/apk/db/installed';
const severities = ['LOW', 'MODERATE', 'HIGH', 'CRITICAL', undefined] as const;

/** The records about two distributions, each with a severity, or none, so that there are findings of each kind. */
export function recordsWithSeverities(data: string): OsvRecord[] {
  return readRecords(data)
    .filter(({ affected = [] }) =>
      affected.some(({ package: { ecosystem } }) => ['Alpine:v3.10', 'Debian:12'].includes(ecosystem)),
    )
    .map((record, at): OsvRecord => {
      const severity = severities[at % severities.length];
      return { ...record, ...(severity !== undefined && { database_specific: { severity } }) };
    });
}

/** Images of Alpine 3.10 as layouts with the name `image`. */
export interface AlpineLayouts {
  /** a real one, in which nothing is known */
  readonly clean: string;
  /** the same with older packages */
  readonly older: string;
  /** another image with the same packages as the older one, for each name */
  another(name: string): string;
}

/** Makes them below a folder. */
export function alpineLayouts(folder: string, data: string, records: readonly OsvRecord[]): AlpineLayouts {
  const saved = join(folder, 'saved');
  const layers = layersOfSaved(join(data, 'images/alpine-310.tar.gz'), saved);
  const [image] = JSON.parse(readFileSync(join(saved, 'manifest.json'), 'utf8')) as [
    { readonly Layers: [string] },
  ];
  const installed = output('tar', ['-xOf', join(saved, image.Layers[0]), installedFile]);
  const fixes = fixesOf(records, 'Alpine:v3.10');
  const older = `${olderInstalled(installed, fixes).trimEnd()}\n\n${moreInstalled(fixes, 80)}\n`;
  const olderLayers = [...layers, tarOf({ name: installedFile, body: older })];
  return {
    clean: layoutOf(join(folder, 'clean'), layers),
    older: layoutOf(join(folder, 'older'), olderLayers),
    another: (name) =>
      layoutOf(join(folder, `another-${name}`), [...olderLayers, tarOf({ name: 'etc/motd', body: name })]),
  };
}
