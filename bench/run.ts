/** `npm run bench`: this product, every rival that is installed, and the bare runtime, in turns. See README.md here. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { blobRepository, pushRepository, taggedRepository } from './repositories.ts';
import { rowsFor } from './rows.ts';
import { memoryOf, settle, startServer, stopServer, type RunningServer } from './running-server.ts';
import { distribution, dockerRegistry } from './servers/distribution.ts';
import { floor } from './servers/floor.ts';
import type { SeedRepository, ServerKind } from './servers/server.ts';
import { wharfinger } from './servers/wharfinger.ts';
import { zot } from './servers/zot.ts';
import { renderTable, type Line } from './table.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    servers: { type: 'string', multiple: true },
    tags: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const seconds = options.quick ? 1 : Number(options.seconds);
const tagCounts = (options.tags ?? (options.quick ? ['1', '2000'] : ['1', '2000', '100000'])).map(Number);
const mebibyte = 1 << 20;

const kinds = [wharfinger, dockerRegistry, distribution, zot, floor].flatMap((kind) => {
  if (options.servers !== undefined && !options.servers.some((name) => kind.name.includes(name))) return [];
  const program = kind.find();
  if (program === undefined) console.log(`not installed, left out: ${kind.name}`);
  return program === undefined ? [] : [{ kind, program }];
});
for (const { kind } of kinds) console.log(`${kind.name}: ${kind.durability}`);

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.setMaxListeners(100);
const folder = mkdtempSync(join(options.folder, 'wharfinger-bench-'));
const folderOf = (kind: ServerKind): string => join(folder, kind.name.replaceAll(/\W+/g, '-'));
const servers: RunningServer[] = [];
try {
  const tagged = tagCounts.map((count) => taggedRepository(`bench/tags-${count}`, count));
  const blobs = blobRepository('bench/blobs', [mebibyte, (options.quick ? 64 : 256) * mebibyte]);
  for (const { kind, program } of kinds) servers.push(await seededServer(kind, program, [...tagged, blobs]));

  const images = { small: options.quick ? 40 : 200, large: options.quick ? 2 : 8, largeSize: 100 * mebibyte };
  const lines: Line[] = [];
  for (const row of rowsFor(tagged, blobs, seconds, images)) {
    if (options.only !== undefined && !options.only.includes(row.group)) continue;
    lines.push(await inTurns(row.name, row.unit, (server, round) => row.measure(server, round), row.group));
  }
  if (options.only === undefined || options.only.includes('restart')) {
    const held = tagCounts.reduce((sum, count) => sum + count, 0).toLocaleString('en');
    const memory = await inTurns('memory after all that', 'MB', async (server) => memoryOf(server) / 1e6);
    const restart = await inTurns(`restart with ${held} manifests`, 'ms', restarted);
    const idle = await inTurns('memory after the restart', 'MB', async (server) => memoryOf(server) / 1e6);
    for (const line of [memory, restart, idle]) lines.push({ ...line, lessIsBetter: true });
  }
  const names = kinds.map(({ kind }) => kind.name);
  console.log(
    `\nMedian of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, servers in turns, one machine, loopback.\n`,
  );
  console.log(renderTable(names, floor.name, lines));
} finally {
  for (const server of servers) await stopServer(server);
  rmSync(folder, { recursive: true, force: true });
}

async function seededServer(
  kind: ServerKind,
  program: string,
  repositories: readonly SeedRepository[],
): Promise<RunningServer> {
  const begin = performance.now();
  const own = folderOf(kind);
  mkdirSync(own, { recursive: true });
  if (kind.seed !== undefined) for (const repository of repositories) kind.seed(own, repository);
  const server = await startServer(kind, program, own);
  if (kind.seed === undefined) {
    for (const repository of repositories) await pushRepository(server, repository);
  }
  const quiet = await settle(server, 600);
  const took = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${kind.name} seeded in ${took} s${quiet ? '' : ', and still busy'}`);
  return server;
}

/** Measures every server once in each round, so that what else the machine does falls on all alike. */
async function inTurns(
  name: string,
  unit: string,
  measure: (server: RunningServer, round: number) => Promise<number>,
  group?: string,
): Promise<Line> {
  const values = new Map<string, number[]>(servers.map(({ kind }) => [kind.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      if (group !== undefined && server.kind.lacks?.includes(group) === true) continue;
      const value = await measure(server, round);
      values.get(server.kind.name)!.push(value);
      console.log(`${name}, ${server.kind.name}: ${value.toPrecision(4)} ${unit}`);
      // what a push left to be done in the background must not fall on the next server
      if (group === 'push' || group === 'tag-put') await settle(server, 120);
    }
  }
  return { name, unit, values };
}

async function restarted(server: RunningServer): Promise<number> {
  await stopServer(server);
  const program = kinds.find(({ kind }) => kind === server.kind)!.program;
  const again = await startServer(server.kind, program, server.folder);
  servers[servers.indexOf(server)] = again;
  await settle(again, 60);
  return again.startedIn;
}
