import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layerOf, readBytes } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { findFile } from '@wharfinger/lib/inspect/look/find-file';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { extractInProcess, type ExtractOptions } from './extract-process.ts';
import type { LayerInput } from './inspect-process.ts';
import { startedStream } from './started-stream.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'extract-'));
});
afterAll(() => rm(folder, { recursive: true }));

const long = 'x'.repeat(3_000_000);
const blob = layerOf({ 'a/é\n': 'odd name', long, end: 'end' });
const digest = digestOf(blob);

async function wanted(path: string) {
  return findFile([{ inventory: await readBytes(blob), layer: 0 }], { path });
}

async function taken(input: LayerInput, path: string, options?: ExtractOptions, limits = defaultLimits) {
  const parts = await Array.fromAsync(extractInProcess(input, await wanted(path), limits, options));
  return Buffer.concat(parts).toString();
}

function streamOf(bytes: Buffer): LayerInput {
  async function* stream() {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  return { digest, source: { stream } };
}

test('gives a file of a layer, from a file or from a stream', async () => {
  const path = join(folder, 'blob');
  await writeFile(path, blob);
  for (const input of [{ digest, source: { path } }, streamOf(blob)]) {
    expect(await taken(input, 'a/é\n')).toBe('odd name');
    expect(await taken(input, 'long')).toBe(long);
    expect(await taken(input, 'end')).toBe('end');
  }
});

test('says what went wrong, and never ends as if all were given', async () => {
  await expect(taken(streamOf(blob.subarray(0, 500)), 'end')).rejects.toThrow(/end too early/);
  await expect(taken(streamOf(layerOf({ end: 'and' })), 'end')).rejects.toThrow(/not what was found/);
  const failing: LayerInput = {
    digest,
    source: {
      // oxlint-disable-next-line require-yield -- it fails before
      async *stream() {
        throw new Error('no such registry');
      },
    },
  };
  await expect(taken(failing, 'end')).rejects.toThrow('no such registry');
  await expect(taken({ digest, source: { path: join(folder, 'none') } }, 'end')).rejects.toThrow(/ENOENT/);
  await expect(taken(streamOf(blob), 'end', { memory: 8 * 1024 ** 2 })).rejects.toThrow(/memory|ended/);
});

test('is ended by who does not want more', async () => {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const parts = extractInProcess(streamOf(blob), await wanted('long'), defaultLimits, options);
  await parts.next();
  stop.abort();
  await expect(Array.fromAsync(parts)).rejects.toThrow(/SIGKILL/);
});

test('gives its place up once, whether the stream is read, destroyed, or never begun', async () => {
  let ended = 0;
  const open = async (path: string) =>
    startedStream(extractInProcess(streamOf(blob), await wanted(path)), () => (ended += 1));
  const whole = await open('long');
  expect(Buffer.concat(await whole.toArray()).toString()).toBe(long);
  expect(ended).toBe(1);
  const left = await open('long');
  await new Promise((resolve) => left.on('close', resolve).destroy());
  expect(ended).toBe(2);
  const broken = startedStream(
    extractInProcess(streamOf(blob.subarray(0, 500)), await wanted('end')),
    () => (ended += 1),
  );
  await expect(broken).rejects.toThrow(/end too early/);
  expect(ended).toBe(3);
});
