import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { requireServer } from '../api-client.ts';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

export function addJudgement(program: Command, run: Run): void {
  const group = program
    .command('judgement')
    .summary('take along what a registry judges by')
    .description(
      'What a registry judges by, and the key that it signs with, as files: whoever has both judges as the registry does.',
    );
  group
    .command('export')
    .summary('write all that decides in a registry into a file')
    .description(
      'Writes all that decides in a Wharfinger registry (routines, bindings, waivers, trusted keys, revocations) into a file, ' +
        'signed by the registry. wharf verify, verdict and pin judge by it with --judgement and --registry-key, and come to ' +
        'the same verdicts without the server, until it expires.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .addHelpText(
      'after',
      '\nExample:\n  wharf judgement export localhost:5000 -o judgement.json\n' +
        '  wharf judgement key localhost:5000 -o registry.pub\n' +
        '  wharf verify ghcr.io/org/app:1 --judgement judgement.json --registry-key registry.pub',
    )
    .action(run(download('/api/v1/judgement', (host) => `holds what ${host} judges by, signed by it.`)));
  group
    .command('key')
    .summary('write the public key that a registry signs with into a file')
    .description(
      'Writes the public key of a Wharfinger registry into a file (PEM). What it signs is checked with it: judgements, ' +
        'receipts, revocation lists. Compare the file with what the registry itself shows before you rely on it.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .addHelpText('after', '\nExample:\n  wharf judgement key localhost:5000 -o registry.pub')
    .action(run(download('/api/v1/registry/key', (host) => `holds the public key of ${host}.`)));
}

/** Writes what a registry answers at a path into a file. */
function download(path: string, told: (host: string) => string) {
  return async (session: Session, { output }: { output?: string }, given: string): Promise<ExitCode> => {
    const host = parseHost(given);
    const server = await requireServer(host, session);
    const bytes = await server.getBytes(path, {});
    if (output === undefined) {
      process.stdout.write(bytes);
      return exitCodes.done;
    }
    await writeFile(output, bytes);
    session.result({ host, output, bytes: bytes.length }, () => displayable(`${output} ${told(host)}`));
    return exitCodes.done;
  };
}
