import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import type { Run, Session } from '../session.ts';

interface ServeOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly data?: string;
}

export function addServe(program: Command, run: Run): void {
  program
    .command('serve')
    .summary('run the registry')
    .description(
      'Runs the registry until it is told to stop. Without configuration it listens on 127.0.0.1:5000, keeps its data ' +
        'in the folder data, and prints a first password for the user admin once. SIGHUP reads users, namespaces and ' +
        'trust again.',
    )
    .option('-c, --config <file>', 'configuration (YAML); the same as WHARFINGER_CONFIG')
    .option('--listen <host:port>', 'where to listen; the same as WHARFINGER_LISTEN')
    .option('--data <folder>', 'where to keep everything; the same as WHARFINGER_DATA')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf serve\n  wharf serve --config wharfinger.yaml\n  WHARFINGER_LISTEN=0.0.0.0:5000 wharf serve',
    )
    .action(
      run(async (session: Session, { config, listen, data }: ServeOptions) => {
        const given = { WHARFINGER_CONFIG: config, WHARFINGER_LISTEN: listen, WHARFINGER_DATA: data };
        for (const [name, value] of Object.entries(given)) {
          if (value !== undefined) session.environment[name] = value;
        }
        // Loaded here, so that no other command pays for the server and its database driver.
        const { main } = await import('../../main.ts');
        await main();
        return new Promise<ExitCode>(() => {});
      }),
    );
}
