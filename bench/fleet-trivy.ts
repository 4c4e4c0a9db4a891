/** `node bench/fleet-trivy.ts`: what it takes a server of Trivy to match images of a fleet again, one by one. See README.md here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { buildIndex } from '@wharfinger/lib/advisories/advisory-index';
import type { Package } from '@wharfinger/lib/inspect/inventory';
import { freePort } from '../lib/src/client/testing/free-port.ts';
import type { OsvRecord } from '../test/side-by-side/records.ts';
import { writeTrivyDatabase } from '../test/side-by-side/trivy-database.ts';
import { advisoriesAbout } from './fleet/advisories.ts';
import { imagesOf } from './fleet/contents.ts';
import { median } from './table.ts';
import { startTrivy } from './trivy.ts';
import { usageOf } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '20' },
    /** of the fleet that the result is taken for */
    fleet: { type: 'string', default: '100000' },
  },
});
const wanted = Number(options.images);
const fleet = Number(options.fleet);

const advisories = advisoriesAbout(2000, 0);
const index = await buildIndex(advisories);
const folder = mkdtempSync(join(tmpdir(), 'wharfinger-fleet-trivy-'));
try {
  writeTrivyDatabase(folder, advisories.map(recordOf));
  await using server = await startTrivy(folder, await freePort());
  const images = debianImages(wanted);
  for (const [number, packages] of images.entries()) await server.put(number, described(packages));
  const walls: number[] = [];
  let found = 0;
  const before = usageOf(server.pid)!.cpu;
  for (const [number, packages] of images.entries()) {
    const start = performance.now();
    const theirs = await server.match(number);
    walls.push(performance.now() - start);
    const ours = countOf(packages);
    if (theirs !== ours)
      throw new Error(`Wharfinger has ${ours} findings in image ${number}, Trivy ${theirs}`);
    found += ours;
  }
  const busy = ((usageOf(server.pid)!.cpu - before) * 1000) / images.length;
  const wall = median(walls)!;
  console.log(
    `${images.length} images, ${found} findings, the same by both; load ${loadavg()[0]!.toFixed(1)}`,
  );
  console.log(`Trivy, an image                    ${wall.toFixed(1)} ms (processors ${busy.toFixed(1)} ms)`);
  console.log(
    `Trivy, all ${fleet} images one by one ${((wall * fleet) / 1000).toFixed(0)} s (processors ${((busy * fleet) / 1000).toFixed(0)} s), multiplied, not measured`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

/** Images of the fleet that Trivy knows all ecosystems of. */
function debianImages(count: number): Package[][] {
  const found: Package[][] = [];
  for (const { layers } of imagesOf({ images: fleet, packages: 300, bases: 400 })) {
    const packages = layers.flatMap((layer) => layer.packages);
    const ecosystems = new Set(packages.map(({ match }) => match.ecosystem));
    if (!ecosystems.has('Debian:12') || !ecosystems.has('npm')) continue;
    found.push(packages);
    if (found.length === count) break;
  }
  return found;
}

function described(packages: readonly Package[]) {
  const id = ({ name, version }: Package): string => `${name}@${version}`;
  return {
    distribution: ['debian', '12.0'] as const,
    packages: packages
      .filter(({ type }) => type === 'deb')
      .map((one) => ({
        id: id(one),
        name: one.name,
        version: one.version,
        arch: 'amd64',
        src_name: one.match.name,
        src_version: one.match.version,
      })),
    npm: packages
      .filter(({ type }) => type === 'npm')
      .map((one) => ({ id: id(one), name: one.name, version: one.version })),
  };
}

/** Trivy tells of each package with each advisory. */
function countOf(packages: readonly Package[]): number {
  const subjects = packages.map(({ match }) => ({ ...match, ecosystem: match.ecosystem! }));
  const matches = index.findMatches(subjects);
  const text = ({ ecosystem, name, version }: (typeof subjects)[number]): string =>
    `${ecosystem} ${name} ${version}`;
  const installed = Map.groupBy(subjects, text);
  return matches.reduce((sum, { subject }) => sum + installed.get(text(subject))!.length, 0);
}

function recordOf({ id, summary, affected }: Advisory): OsvRecord {
  return {
    id,
    summary,
    affected: affected.map(({ ecosystem, name, ranges }) => ({ package: { ecosystem, name }, ranges })),
  } as OsvRecord;
}
