import type { Command } from 'commander';
import { removeLogin } from '../credentials.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

export function addLogout(program: Command, run: Run): void {
  program
    .command('logout')
    .summary('forget the login at a registry')
    .description("Removes the login at a registry from docker's configuration or its credential helper.")
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .action(
      run(async (session: Session, _options: object, given: string) => {
        const host = parseHost(given);
        const removed = await removeLogin(host, session.environment);
        session.result({ host, removed }, () =>
          removed ? `Logged out of ${host}.` : `There was no login at ${host}.`,
        );
        return exitCodes.done;
      }),
    );
}
