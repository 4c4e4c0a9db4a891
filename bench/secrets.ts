/** `node bench/secrets.ts`: what it costs to look for secrets, beside Trivy on the same image, in turns. See README.md here. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readBytes } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { observeSecrets } from '@wharfinger/lib/inspect/secrets/observe-secrets';
import { TarReader } from '@wharfinger/lib/inspect/tar/reader';
import type { FileSink } from '@wharfinger/lib/inspect/tar/sink';
import { debianLayouts, debianTar } from '../test/harness/debian-image.ts';
import { lacksTools } from '../test/requirements.ts';
import { median } from './table.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
if (lacksTools(['trivy'])) process.exit(1);
const content = readFileSync(await debianTar());
const layout = (await debianLayouts()).debian;
const piece = 128 * 1024;

/** Looks for secrets in all files, and does nothing else. */
function secretsAlone(wanted: boolean): void {
  const listener = { fact: () => {}, problem: () => {}, executable: () => {}, chart: () => {} };
  const sinkOf = (path: string, size: number): FileSink => {
    let sink: FileSink | undefined;
    let seen = false;
    return {
      data(bytes) {
        if (!seen && wanted) {
          const reading = observeSecrets({ path, size, head: bytes }, defaultLimits, listener);
          if (reading?.how === 'pass') sink = reading.sink;
        }
        seen = true;
        sink?.data(bytes);
      },
      hole: (length) => sink?.hole(length),
      end: (whole) => sink?.end(whole),
    };
  };
  const visitor = {
    entry: ({ type, name, size }: { type: string; name: string; size: number }) =>
      type === 'file' ? sinkOf(name, size) : undefined,
    problem: () => {},
    secondArchive: () => {},
  };
  const reader = new TarReader(visitor, defaultLimits);
  for (let at = 0; at < content.length; at += piece) reader.push(content.subarray(at, at + piece));
  reader.end();
}

/** Seconds of processor time of this process and its children. */
async function processorTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Seconds of processor time that Trivy takes, its cache empty. */
function trivy(scanners: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-bench-secrets-'));
  try {
    const command = [
      'trivy',
      'image',
      '--input',
      layout,
      '--scanners',
      scanners,
      '--offline-scan',
      '--skip-db-update',
    ];
    const line = [
      ...command,
      '--skip-java-db-update',
      '--quiet',
      '--cache-dir',
      folder,
      '--format',
      'json',
      '--output',
      '/dev/null',
    ];
    const script = `time -p ${line.map((word) => `'${word}'`).join(' ')}`;
    const told = execFileSync('bash', ['-c', `{ ${script}; } 2>&1`], { encoding: 'utf8' });
    const seconds = (name: string): number => Number(new RegExp(`^${name} ([0-9.]+)$`, 'm').exec(told)?.[1]);
    return seconds('user') + seconds('sys');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const lines = new Map<string, number[]>();
const note = (name: string, value: number): void => void lines.set(name, [...(lines.get(name) ?? []), value]);
secretsAlone(true);
for (let round = 0; round < Number(options.rounds); round += 1) {
  note(
    'Wharfinger: whole inspection, secrets among it',
    await processorTime(() => readBytes(content, {}, piece)),
  );
  const floor = await processorTime(() => secretsAlone(false));
  note('Wharfinger: secrets alone', (await processorTime(() => secretsAlone(true))) - floor);
  note('Trivy: secrets', trivy('secret'));
  note('Trivy: packages and licences of them, no secrets', trivy('license'));
}
const ours = median(lines.get('Wharfinger: secrets alone')!)!;
console.log(`processor time in seconds, ${(content.length / 1024 ** 2).toFixed(0)} MiB unpacked\n`);
for (const [name, values] of lines) {
  const value = median(values)!;
  console.log(`${name.padEnd(52)} ${value.toFixed(3)}   ${(value / ours).toFixed(1)} x`);
}
