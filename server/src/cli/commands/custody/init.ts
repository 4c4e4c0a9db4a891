import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';
import { exampleFile } from './example-file.ts';

export function addInit(custody: Command, run: Run): void {
  custody
    .command('init')
    .summary('write an example of a custody file, with comments')
    .description('Writes an example of a custody file, with comments. A file that exists is left alone.')
    .argument('[file]', 'where it is written', 'custody.yaml')
    .addHelpText('after', '\nExample:\n  wharf custody init custody.yaml')
    .action(run(init));
}

async function init(session: Session, _: object, file: string): Promise<ExitCode> {
  try {
    await writeFile(file, exampleFile, { flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new WharfingerError('USAGE', {
      what: exists ? `${file} exists already` : `${file} cannot be written: ${(error as Error).message}`,
      remedy: 'give another name',
      cause: error,
    });
  }
  session.result({ file }, () =>
    displayable(`Wrote ${file}. Make the keys that it names with wharf key generate.`),
  );
  return exitCodes.done;
}
