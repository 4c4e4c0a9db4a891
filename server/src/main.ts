import { constants } from 'node:os';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { startServer, type RunningServer } from './app.ts';
import { loadConfig } from './config/load.ts';

/** Runs the registry until it is told to stop. SIGHUP reads users, namespaces and trust again. */
export async function main(): Promise<void> {
  const starting = loadConfig(process.env).then((config) => startServer(config));
  // One after the other, so that the last one told of is the one in force; one that comes early waits for the start.
  let reading: Promise<unknown> = starting;
  process.on('SIGHUP', () => {
    reading = reading.then(async () => readAgain(await starting)).catch(() => {});
  });
  let serves = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    // before anything is served there is nothing that would have to end in order
    if (!serves) {
      process.kill(process.pid, signal);
      // the first process of a container does not die of it
      process.exit(128 + constants.signals[signal]);
    }
    const server = await starting;
    try {
      await server.stop();
      process.exit(0);
    } catch (error) {
      server.log.error({ err: error }, 'stopped with an error');
      process.exit(1);
    }
  };
  // Listened for from the start on: who reads that it serves may tell it to stop right then. A second signal of a kind ends the
  // process at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
  await starting;
  serves = true;
}

async function readAgain(server: RunningServer): Promise<void> {
  try {
    await server.reload(await loadConfig(process.env));
  } catch (error) {
    const detail = isWharfingerError(error, 'CONFIG_INVALID') ? error.detail : { err: error };
    server.log.error(detail, 'the configuration was not read again; the one before stays in force');
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    if (isWharfingerError(error)) console.error(`${error.message}\n  ${error.remedy}`);
    else console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
