/** `node bench/inspect.ts`: what it costs to take a layer apart, beside what unpacking and hashing alone cost. See README.md here. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGunzip, gunzipSync } from 'node:zlib';
import { composeImage } from '@wharfinger/lib/inspect/compose-image';
import { readFrames } from '@wharfinger/lib/inspect/frames';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { configOf, manifestOf } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { unpackInventory } from '@wharfinger/lib/inspect/packed-json';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseLayer } from '../server/src/inspection/inventory-schema.ts';
import { workerCommand } from '../server/src/inspection/worker-command.ts';
import { debianLayouts } from '../test/harness/debian-image.ts';
import { layoutOf } from '../test/side-by-side/layouts.ts';
import { median } from './table.ts';
import { prepareTrivy, scanOnce } from './trivy.ts';
import { usageOf, type Usage } from './usage.ts';

const { values: options } = parseArgs({
  options: { layer: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const MiB = 1024 ** 2;

/** The largest blob of the Debian image of the tests. */
async function debianLayer(): Promise<string> {
  const folder = join((await debianLayouts()).debian, 'blobs/sha256');
  const sizes = (await readdir(folder)).map((name) => ({
    path: join(folder, name),
    size: statSync(join(folder, name)).size,
  }));
  return sizes.toSorted((a, b) => b.size - a.size)[0]!.path;
}

const path = options.layer ?? (await debianLayer());
const blob = readFileSync(path);
const digest = digestOf(blob);
const isPacked = blob[0] === 0x1f && blob[1] === 0x8b;
const content = isPacked ? gunzipSync(blob) : blob;

interface Run extends Usage {
  readonly wall: number;
  /** seconds for the same layer once more, in the process that has read it already */
  readonly again: number;
  readonly answer: Buffer;
}

/** Takes the layer apart in a process of its own, as the server does, its start included; usage is that until it is done with it the first time. */
async function inspectOnce(): Promise<Run> {
  const limits = { memory: 512 * MiB, cpuSeconds: 300 };
  const layers = [3, 4].map((fd) => ({ fd, digest }));
  const command = workerCommand({ inspect: { layers, limits: defaultLimits } }, limits);
  const files = layers.map(() => openSync(path, 'r'));
  const start = performance.now();
  const child = spawn(command.file, command.args, {
    env: command.env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit', ...files],
  });
  for (const file of files) closeSync(file);
  const frames = readFrames(child.stdout!, 1 << 28);
  const frame = await frames.next();
  const done = performance.now();
  const usage = usageOf(child.pid!);
  const second = await frames.next();
  const again = (performance.now() - done) / 1000;
  child.kill('SIGKILL');
  if (frame.done === true || second.done === true || usage === undefined)
    throw new Error('the process gave no answer');
  return { wall: (done - start) / 1000, again, ...usage, answer: frame.value };
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Unpacks the layer and forgets it: to keep all of it would take longer than to unpack it. */
async function unpack(): Promise<void> {
  const chunkSize = MiB;
  const packed = createReadStream(path, { highWaterMark: chunkSize });
  for await (const _ of packed.pipe(createGunzip({ chunkSize })));
}

const floors: Record<string, () => unknown> = {
  'unpack (zlib of Node.js)': () => (isPacked ? unpack() : undefined),
  'SHA-256 of the content': () => createHash('sha256').update(content).digest(),
  'SHA-256 of the blob': () => createHash('sha256').update(blob).digest(),
  'MD5 of the content': () => createHash('md5').update(content).digest(),
};

const lines = new Map<string, number[]>();
const note = (name: string, value: number): void => void lines.set(name, [...(lines.get(name) ?? []), value]);
const folder = mkdtempSync(join(tmpdir(), 'wharfinger-inspect-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
// As the launcher does, so that programs of processes are kept compiled.
enableCompileCache(join(folder, 'compiled'));
const cache = prepareTrivy(join(folder, 'cache'));
const layout = layoutOf(join(folder, 'layout'), [blob]);

for (let round = 0; round < Number(options.rounds); round += 1) {
  // One that does not count: the first after others pays for memory that a virtual machine has given back meanwhile.
  await inspectOnce();
  const { wall, again, cpu, memory, answer } = await inspectOnce();
  note('inspect: wall (s)', wall);
  note('inspect once more in that process: wall (s)', again);
  note('inspect: processor time (s)', cpu);
  note('inspect: memory (MiB)', memory / MiB);
  note('inventory, packed (KiB)', answer.length / 1024);
  note('check the answer (s)', await timed(() => parseLayer(answer, digest, 1 << 28)));
  const layer = unpackInventory(answer, 1 << 28) as LayerInventory;
  note(
    'compose the image (s)',
    await timed(() =>
      composeImage(manifestOf([digest]), configOf([layer.diffId]), new Map([[digest, layer]])),
    ),
  );
  for (const scanners of cache === undefined ? [] : ['vuln', 'vuln,secret']) {
    const theirs = await scanOnce(layout, cache!, scanners);
    note(`Trivy, ${scanners}: wall (s)`, theirs.wall);
    note(`Trivy, ${scanners}: processor time (s)`, theirs.cpu);
    note(`Trivy, ${scanners}: memory (MiB)`, theirs.memory / MiB);
    note(`Trivy, ${scanners} : inspect, wall (×)`, theirs.wall / wall);
    note(`Trivy, ${scanners} : inspect, processor time (×)`, theirs.cpu / cpu);
    note(`Trivy, ${scanners} : inspect, memory (×)`, theirs.memory / memory);
  }
  for (const [name, work] of Object.entries(floors)) note(`floor: ${name} (s)`, await timed(work));
}
console.log(
  `${path}: ${(blob.length / MiB).toFixed(1)} MiB, ${(content.length / MiB).toFixed(1)} MiB unpacked\n`,
);
for (const [name, values] of lines) console.log(`${name.padEnd(44)} ${median(values)!.toFixed(3)}`);
