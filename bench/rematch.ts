/** `node bench/rematch.ts`: how long it takes to match what is known of an image again, beside a server of Trivy. See README.md here. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { buildIndex } from '@wharfinger/lib/advisories/advisory-index';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { findingFacts, subjectsOf } from '@wharfinger/lib/assess/findings-of-image';
import { imageOf } from '@wharfinger/lib/inspect/layer-fixture';
import { freePort } from '../lib/src/client/testing/free-port.ts';
import { sourceFile } from '../test/side-by-side/records.ts';
import { median } from './table.ts';
import { prepareTrivy, startTrivy } from './trivy.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const data = process.env['WHARFINGER_TEST_DATA'];
if (data === undefined) throw new Error('WHARFINGER_TEST_DATA must name the folder of test data');

const inventory = await imageOf(readFileSync(join(data, 'hostile/normal.tar.gz')));
const lines = gunzipSync(readFileSync(sourceFile(data, 'debian12-from-changelogs'))).toString();
const index = await buildIndex(
  lines
    .trimEnd()
    .split('\n')
    .map((line) => parseOsv(JSON.parse(line))),
);
const times = new Map<string, number[]>();
function note(name: string, milliseconds: number): void {
  times.set(name, [...(times.get(name) ?? []), milliseconds]);
}
async function timed(name: string, work: () => number | Promise<number>): Promise<number> {
  const start = performance.now();
  const count = await work();
  note(name, performance.now() - start);
  return count;
}
const ours = (): number => findingFacts(inventory.packages, index.findMatches(subjectsOf(inventory))).length;

const folder = mkdtempSync(join(tmpdir(), 'wharfinger-rematch-'));
try {
  const cache = prepareTrivy(folder);
  const packages = inventory.packages.map(({ name, version, match }) => ({
    id: `${name}@${version}`,
    name,
    version,
    arch: 'amd64',
    src_name: match.name,
    src_version: match.version,
  }));
  await using server = cache === undefined ? undefined : await startTrivy(cache, await freePort());
  await server?.put(0, { distribution: ['debian', '12.0'], packages });
  for (let round = 0; round < Number(options.rounds); round += 1) {
    const before = process.cpuUsage();
    const found = await timed('Wharfinger', ours);
    const { user, system } = process.cpuUsage(before);
    note('of it, processor time', (user + system) / 1000);
    const theirs = server === undefined ? found : await timed('Trivy', () => server.match(0));
    if (theirs !== found) throw new Error(`Wharfinger has ${found} findings, Trivy ${theirs}`);
    if (round === 0) console.log(`${inventory.packages.length} packages, ${found} findings\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
const [own = 0, other] = ['Wharfinger', 'Trivy'].map((name) => median(times.get(name) ?? []));
for (const [name, values] of times) console.log(`${name.padEnd(24)} ${median(values)!.toFixed(1)} ms`);
if (other !== undefined) console.log(`${'Wharfinger : Trivy'.padEnd(24)} ${(other / own).toFixed(1)} ×`);
