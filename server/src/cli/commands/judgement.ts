import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { requireServer } from '../api-client.ts';
import { displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

export function addJudgement(program: Command, run: Run): void {
  program
    .command('judgement')
    .summary('take along what a registry judges by')
    .command('export')
    .summary('write all that decides in a registry into a file')
    .description(
      'Writes all that decides in a Wharfinger registry (routines, bindings, trusted keys) into a file. wharf verify, ' +
        'verdict and pin judge by it with --judgement, and come to the same verdicts without the server.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .addHelpText(
      'after',
      '\nExample:\n  wharf judgement export localhost:5000 -o judgement.json\n' +
        '  wharf verify ghcr.io/org/app:1 --judgement judgement.json',
    )
    .action(
      run(async (session: Session, { output }: { output?: string }, given: string) => {
        const host = parseHost(given);
        const server = await requireServer(host, session);
        const bytes = await server.getBytes('/api/v1/judgement', {});
        if (output === undefined) {
          process.stdout.write(bytes);
          return exitCodes.done;
        }
        await writeFile(output, bytes);
        session.result({ host, output, bytes: bytes.length }, () =>
          displayable(`${output} holds what ${host} judges by.`),
        );
        return exitCodes.done;
      }),
    );
}
