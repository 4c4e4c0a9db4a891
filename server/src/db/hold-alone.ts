import { setTimeout as pause } from 'node:timers/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import { Client } from 'pg';

/** Names the lock that the one process has; any number will do, if it stays the same. */
const lockNumber = 4_861_203_979;

/** A process that was killed may be seen as gone a moment later. */
const patienceMs = 15_000;

/** A database that this process has to itself. */
export interface HeldDatabase {
  release(): Promise<void>;
}

/**
 * Takes a PostgreSQL database for this process alone, by a lock that the connection has: it ends with the process, however that ends.
 * What a process remembers of verdicts, tags and jobs is not told to another.
 *
 * @param onLost called once if the connection ends before it is released: another process may have the database from then on
 * @throws WharfingerError DATA_IN_USE
 */
export async function holdAlone(url: string, onLost: () => void): Promise<HeldDatabase> {
  const client = new Client({ connectionString: url, keepAlive: true });
  let released = false;
  let lost = false;
  const end = (): void => {
    if (released || lost) return;
    lost = true;
    onLost();
  };
  client.on('error', end);
  client.on('end', end);
  await client.connect();
  const release = async (): Promise<void> => {
    released = true;
    await client.end();
  };
  try {
    // a machine that is gone without a word gives the lock back within a minute
    await client.query(
      'set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3',
    );
    for (let waited = 0; ; waited += 100) {
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
        lockNumber,
      ]);
      if (rows[0]?.taken === true) return { release };
      if (waited >= patienceMs) throw inUse(url);
      await pause(100);
    }
  } catch (error) {
    await release();
    throw error;
  }
}

function inUse(url: string): WharfingerError {
  const { host, pathname } = new URL(url);
  return new WharfingerError('DATA_IN_USE', {
    what: `the database ${host}${pathname} has one already`,
    remedy: 'stop it first, or give this one a database and a data folder of its own',
  });
}
