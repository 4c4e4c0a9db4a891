/** `node bench/start.ts [--database FOLDER]`: starts of the server and of commands, and what an idle server takes. See README.md here. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../server/src/db/open.ts';
import { memoryOf, settle, startServer, stopServer } from './running-server.ts';
import { distribution, dockerRegistry } from './servers/distribution.ts';
import type { ServerKind } from './servers/server.ts';
import { wharfinger } from './servers/wharfinger.ts';
import { zot } from './servers/zot.ts';
import { usageOf } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    database: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
  },
});

interface Started {
  /** milliseconds until it answered, and of processors until then */
  readonly wall: number;
  readonly processors: number;
  /** resident bytes when it was idle */
  readonly memory: number;
}

/** Has a process say at its end what it took. */
const reporter =
  'data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write(`took ${user+system}`)})';

// a listener for each server that is started
process.setMaxListeners(100);
const own = mkdtempSync(join(options.folder, 'wharfinger-start-'));
const launcher = join(import.meta.dirname, '../server/bin/wharf.js');
const commands = [
  ['--version'],
  ['files', '--help'],
  ['inspect', '--help'],
  ['verify', '--help'],
  ['--help'],
];
try {
  const servers: Array<{ name: string; kind: ServerKind; program: string; folder: string }> = [];
  for (const kind of [wharfinger, dockerRegistry, distribution, zot]) {
    const program = kind.find();
    if (program === undefined) console.log(`not installed, left out: ${kind.name}`);
    else servers.push({ name: `${kind.name}, over nothing`, kind, program, folder: join(own, kind.name) });
  }
  if (options.database !== undefined) {
    const folder = join(own, 'fleet');
    cpSync(options.database, folder, { recursive: true });
    await withoutWork(folder);
    servers.splice(1, 0, {
      name: 'wharfinger, over the fleet',
      kind: wharfinger,
      program: process.execPath,
      folder,
    });
  }
  const starts = new Map<string, Started[]>();
  const calls = new Map<string, number[]>();
  // The first round makes what later starts find: databases, compiled code.
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    for (const { name, kind, program, folder } of servers) {
      const started = await startOnce(kind, program, folder);
      if (round > 0) starts.set(name, [...(starts.get(name) ?? []), started]);
    }
    for (const words of commands) {
      const name = `wharf ${words.join(' ')}`;
      const took = call(words);
      if (round > 0) calls.set(name, [...(calls.get(name) ?? []), took]);
    }
  }
  console.log(`load ${loadavg()[0]!.toFixed(1)}, medians of ${options.rounds} rounds\n`);
  console.log('| server | until it answers | processors until then | idle memory |\n|---|---:|---:|---:|');
  for (const [name, some] of starts) {
    const [wall, processors] = [
      median(some.map((one) => one.wall)),
      median(some.map((one) => one.processors)),
    ];
    const memory = median(some.map((one) => one.memory)) / 1e6;
    console.log(
      `| ${name} | ${wall.toFixed(0)} ms | ${processors.toFixed(0)} ms | ${memory.toFixed(0)} MB |`,
    );
  }
  console.log('\n| command | processors |\n|---|---:|');
  for (const [name, some] of calls) console.log(`| ${name} | ${median(some).toFixed(0)} ms |`);
} finally {
  rmSync(own, { recursive: true, force: true });
}

/** A server that has judged everything: one start asks that all is judged by its own policy, and what it asks for is not done. */
async function withoutWork(folder: string): Promise<void> {
  await stopServer(await startServer(wharfinger, process.execPath, folder));
  const database = await openDatabase(folder);
  await database.db.deleteFrom('jobs').execute();
  await database.close();
}

async function startOnce(kind: ServerKind, program: string, folder: string): Promise<Started> {
  const server = await startServer(kind, program, folder);
  try {
    const processors = (usageOf(server.process.pid!)?.cpu ?? Number.NaN) * 1000;
    if (!(await settle(server, 60))) console.log(`${kind.name} did not come to rest`);
    return { wall: server.startedIn, processors, memory: memoryOf(server) };
  } finally {
    await stopServer(server);
  }
}

/** @returns milliseconds of processors that a command took */
function call(words: readonly string[]): number {
  const args = ['--import', reporter, launcher, ...words];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const took = /took (\d+)$/.exec(stderr)?.[1];
  if (status !== 0 || took === undefined)
    throw new Error(`wharf ${words.join(' ')} ended with ${status}: ${stderr}`);
  return Number(took) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
