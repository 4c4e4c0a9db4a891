import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import { dpkgStatus, layerOf } from '@wharfinger/lib/inspect/layer-fixture';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { inspectLayers, type InspectOptions, type LayerInput } from './inspect-process.ts';
import { workerCommand } from './worker-command.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Buffer): Promise<LayerInput> {
  const path = join(folder, String((count += 1)));
  await writeFile(path, bytes);
  return { digest: digestOf(bytes), source: { path } };
}

function streamOf(bytes: Buffer): LayerInput {
  async function* stream() {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  return { digest: digestOf(bytes), source: { stream } };
}

async function inspect(
  inputs: readonly LayerInput[],
  limits = {},
  options: InspectOptions = {},
): Promise<LayerInventory[]> {
  return Array.fromAsync(inspectLayers(inputs, { ...defaultLimits, ...limits }, options));
}

function codes(layers: readonly LayerInventory[]): string[] {
  return layers.map(({ problems }) =>
    problems
      .filter(({ hides }) => hides)
      .map(({ code }) => code)
      .join(),
  );
}

const good = layerOf({ 'var/lib/dpkg/status': dpkgStatus({ jq: '1.6' }) });

/** A layer with a package database of 60 MiB, which is held in memory. */
function heavy(): Buffer {
  return layerOf({
    'var/lib/dpkg/status': `${dpkgStatus({ jq: '1.6' })}Description: ${'x'.repeat(60 * 1024 ** 2)}\n`,
  });
}

/** A layer with a long inventory. */
function lengthy(): Buffer {
  const names = Array.from({ length: 2000 }, (_, at) => at.toString(36).padStart(8, '0').repeat(12));
  return layerOf(Object.fromEntries(names.map((name) => [name, ''])));
}

/** Bytes that never come to an end. */
function endless(): LayerInput {
  async function* stream() {
    for (;;) {
      yield Buffer.alloc(100_000, 0x2e);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return { digest: digestOf('endless'), source: { stream } };
}

describe('inspection process', () => {
  it('reads files and streams, in order', async () => {
    const inputs = [
      await fileOf(good),
      streamOf(good),
      streamOf(Buffer.from('{}')),
      await fileOf(layerOf({ a: 'b' })),
    ];
    const layers = await inspect(inputs);
    expect(layers.map(({ content }) => content)).toEqual(['filesystem', 'filesystem', 'json', 'filesystem']);
    expect(layers.map(({ digest }) => digest)).toEqual(inputs.map(({ digest }) => digest));
    expect(layers[1]).toEqual(layers[0]);
    expect(layers[0]!.records).toMatchObject([{ kind: 'dpkg', packages: [{ name: 'jq' }] }]);
  });

  it('loses only the layer that takes too much memory', async () => {
    const inputs = [await fileOf(good), await fileOf(heavy()), streamOf(good)];
    expect(codes(await inspect(inputs, {}, { memory: 180 * 1024 ** 2 }))).toEqual(['', 'out-of-memory', '']);
    expect(codes(await inspect(inputs))).toEqual(['', '', '']);
  });

  it('says of every layer that it is not known, where no process can run', async () => {
    const layers = await inspect([await fileOf(good), streamOf(good)], {}, { memory: 8 * 1024 ** 2 });
    expect(codes(layers)).toEqual(['out-of-memory', 'out-of-memory']);
    expect(layers.every(({ content, complete }) => content === 'filesystem' && !complete)).toBe(true);
  });

  it('loses only the layer that takes too long', async () => {
    const layers = await inspect([await fileOf(good), endless(), streamOf(good)], { seconds: 15 });
    expect(codes(layers)).toEqual(['', 'timeout', '']);
  });

  it('refuses answers that are too long', async () => {
    const layers = await inspect(
      [await fileOf(good), await fileOf(lengthy()), await fileOf(good)],
      {},
      { answer: 10_000 },
    );
    expect(codes(layers)).toEqual(['', 'crashed', '']);
  });

  it('stops a bomb without losing the others', async () => {
    const bomb = gzipSync(Buffer.concat([good, Buffer.alloc(90_000_000)]));
    const layers = await inspect([await fileOf(bomb), await fileOf(good)]);
    expect(codes(layers)).toEqual(['ratio', '']);
  });

  it('throws what a source throws, and where a file is gone', async () => {
    async function* stream() {
      yield good.subarray(0, 100);
      throw new Error('disk on fire');
    }
    await expect(inspect([{ digest: digestOf('x'), source: { stream } }])).rejects.toThrow('disk on fire');
    await expect(
      inspect([{ digest: digestOf('x'), source: { path: join(folder, 'gone') } }]),
    ).rejects.toThrow('ENOENT');
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    const running = inspect([endless()], {}, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('shutting down')), 300);
    await expect(running).rejects.toThrow('shutting down');
  });
});

const enoughToRun = { memory: 512 * 1024 ** 2, cpuSeconds: 20 };
const noLayers = { inspect: { layers: [], limits: defaultLimits } };

/** Runs code with the rights that the inspection process has when it reads, and returns what it prints. */
async function runConfined(code: string): Promise<string> {
  const { file, args, env } = workerCommand(noLayers, enoughToRun, join(folder, 'compiled'));
  const rights = import.meta.resolve('@wharfinger/lib/inspect/give-up-rights');
  // What is thrown later counts as well.
  const late = `process.on('uncaughtException', (error) => { console.log(error.code); process.exit(); });`;
  const start = `import { giveUpRights } from ${JSON.stringify(rights)}; giveUpRights(); ${late}`;
  const child = spawn(file, [...args.slice(0, -2), '--input-type=module', '-e', start + code], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) output += text;
  return output.trim();
}

describe('rights of the process', () => {
  const attempt = (body: string): string => `
    try { ${body}; console.log('allowed') } catch (error) { console.log(error.code ?? error.message) }`;

  it.each([
    ['files', `(await import('node:fs')).readFileSync('/etc/passwd')`],
    ['its environment', `(await import('node:fs')).readFileSync('/proc/self/environ')`],
    ['folders', `(await import('node:fs')).readdirSync('/')`],
    ['writing', `(await import('node:fs')).writeFileSync('/tmp/inspection-was-here', '')`],
    ['changing compiled code', `(await import('node:fs')).writeFileSync('CACHE/was-here', '')`],
    ['programs', `(await import('node:child_process')).execFileSync('/bin/true')`],
    ['threads', `new (await import('node:worker_threads')).Worker('1', { eval: true })`],
    ['bindings', `process.binding('fs')`],
    ['addons', `process.dlopen({ exports: {} }, '/tmp/x.node')`],
    [
      'connections',
      `await new Promise((done, fail) => import('node:net').then((net) => net.connect(PORT, '127.0.0.1', done).on('error', fail)))`,
    ],
    [
      'listening',
      `await new Promise((done, fail) => import('node:net').then((net) => net.createServer().on('error', fail).listen(0, done)))`,
    ],
    [
      'datagrams',
      `await new Promise((done, fail) => import('node:dgram').then((udp) => udp.createSocket('udp4').on('error', fail).bind(0, done)))`,
    ],
    ['names', `await (await import('node:dns/promises')).lookup('localhost')`],
    ['fetching', `await fetch('http://127.0.0.1:PORT/').catch((error) => { throw error.cause ?? error })`],
  ])('do not include %s', async (_what, body) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const said = await runConfined(
      attempt(body.replaceAll('PORT', String(port)).replaceAll('CACHE', join(folder, 'compiled'))),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(said).toMatch(/^ERR_(?:ACCESS_DENIED|DLOPEN_DISABLED)$/);
    expect(connections).toBe(0);
  });

  it('include no environment, and are those that the test believes', async () => {
    expect(await runConfined('console.log(JSON.stringify(process.env))')).not.toContain('PATH');
    expect(await runConfined(attempt('1'))).toBe('allowed');
  });

  const noFile = {
    fd: 0,
    digest: digestOf(''),
    wanted: { path: '', before: 0, size: 0 },
    limits: defaultLimits,
  };
  it.each([
    ['inspect', noLayers],
    ['extract', { extract: noFile }],
    ['compose', 'compose'],
    ['look', 'look'],
  ] as const)('are given up by %s before it reads', async (_name, task) => {
    const cache = join(folder, String((count += 1)));
    const { file, args, env } = workerCommand(task, enoughToRun, cache);
    const attemptLast = `import { writeFileSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const write = () => writeFileSync(${JSON.stringify(join(cache, 'was-here'))}, '');
      write();
      process.on('exit', () => { 
        for (const attempt of [write, () => new Worker('1', { eval: true })])
          try { attempt(); console.error('allowed') } catch ({ code }) { console.error(code) } });`;
    const entry = args.findIndex((arg) => /-entry\.[jt]s$/.test(arg));
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(attemptLast)}`];
    const child = spawn(file, [...args.slice(0, entry), ...preload, ...args.slice(entry)], { env });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stdin.end('nonsense');
    await new Promise((resolve) => child.once('close', resolve));
    expect(said).toMatch(/^ERR_ACCESS_DENIED\nERR_ACCESS_DENIED\n/);
    expect((await readdir(cache)).filter((name) => name !== 'was-here')).toHaveLength(1);
  });

  it('end with what the kernel lets it allocate', async () => {
    const { file, args } = workerCommand(noLayers, { memory: 64 * 1024 ** 2, cpuSeconds: 20 });
    // The limit counts what is reserved: nothing is written to it, which would be in the way of others.
    const code = `const all = []; while (all.length < 100) all.push(Buffer.allocUnsafeSlow(64 * 1024 ** 2))`;
    const child = spawn(file, [...args.slice(0, -2), '-e', code], { env: {}, stdio: 'ignore' });
    const [exit, signal] = await new Promise<unknown[]>((resolve) =>
      child.once('exit', (...all) => resolve(all)),
    );
    expect(exit !== 0 || signal !== null).toBe(true);
  });

  it('end with the processor time', async () => {
    const { file, args } = workerCommand(noLayers, { ...enoughToRun, cpuSeconds: 1 });
    const child = spawn(file, [...args.slice(0, -2), '-e', 'for (;;);'], { env: {}, stdio: 'ignore' });
    const signal = await new Promise((resolve) => child.once('exit', (_code, name) => resolve(name)));
    expect(signal).toBe('SIGXCPU');
  });
});
