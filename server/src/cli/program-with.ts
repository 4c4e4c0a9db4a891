import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Run } from './session.ts';

/** Adds a command to the program. */
export type AddCommand = (program: Command, run: Run) => void;

/** The program `wharf` with these commands. Errors of usage are thrown as CommanderError; nothing here ends the process. */
export function programWith(commands: readonly AddCommand[], run: Run): Command {
  const program = new Command('wharf')
    .description('Checks container images, and runs the registry that does so by itself.')
    .version(version(), '--version', 'print the version')
    .option('--json', 'print results and errors as JSON')
    .option('--no-color', 'print without colours (as with NO_COLOR)')
    .option('--plain-http', 'speak HTTP without TLS to registries; this machine is always spoken to so')
    .helpOption('-h, --help', 'explain a command')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .showSuggestionAfterError()
    .configureOutput({ outputError() {} })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done or allowed (warnings too), 1 failed, 2 wrong usage, 3 held or denied, 4 could not be decided.',
    );
  for (const add of commands) add(program, run);
  return program;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
