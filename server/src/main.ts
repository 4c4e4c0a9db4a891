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
  const server = await starting;
  const stop = (): void => {
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        server.log.error({ err: error }, 'stopped with an error');
        process.exit(1);
      },
    );
  };
  // A second signal of a kind ends the process at once.
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
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
