import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { addCollectionOptions, fetchCollection, type CollectionOptions } from '../../collection-argument.ts';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';

interface Options extends CollectionOptions {
  readonly output?: string;
}

export function addRoutinePull(group: Command, run: Run): void {
  const command = group
    .command('pull')
    .summary('fetch a collection from any registry')
    .description(
      'Fetches a collection, verifies its signatures before anything of it is read, then runs its tests, and writes its file. A file that ' +
        'exists is left alone.',
    )
    .argument('<collection>', 'host/repository:version or host/repository@digest');
  addCollectionOptions(command)
    .option('-o, --output <file>', 'file to write (default: name.yaml)')
    .addHelpText(
      'after',
      '\nExample:\n  wharf routine pull localhost:5000/rules/payments:1.0.0 --key alice.pub bob.pub --needed 2',
    )
    .action(run(pull));
}

async function pull(session: Session, options: Options, text: string): Promise<ExitCode> {
  const { collection, digest, signedBy } = await fetchCollection(text, options, session);
  const { name, version } = collection;
  const output = options.output ?? `${name}.yaml`;
  await writeFile(output, collection.text, { flag: 'wx' });
  const signers = signedBy.map(({ principal }) => principal);
  session.result({ collection: name, version, digest, signedBy: signers, output }, () =>
    [
      `Wrote ${output}: ${name} ${version}`,
      `  ${digest}`,
      signers.length > 0 ? `  signed by ${signers.join(', ')}` : '  nobody had to sign it',
    ]
      .map(displayable)
      .join('\n'),
  );
  return exitCodes.done;
}
