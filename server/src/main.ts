import { startServer } from './app.ts';
import { loadConfig } from './config/load.ts';

/** Runs the registry until it is told to stop. SIGHUP reads users, namespaces and trust again. */
export async function main(): Promise<void> {
  const config = await loadConfig(process.env);
  const server = await startServer(config);
  process.on('SIGHUP', () => {
    loadConfig(process.env).then(server.reload, (error: unknown) => {
      server.log.error({ err: error }, 'the configuration was not read again; the one before stays in force');
    });
  });
  const stop = (): void => {
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        server.log.error({ err: error }, 'stopped with an error');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
