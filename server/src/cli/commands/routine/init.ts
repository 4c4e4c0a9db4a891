import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { collectionTemplate } from '@wharfinger/lib/routines/collection-template';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';

export function addRoutineInit(group: Command, run: Run): void {
  group
    .command('init')
    .summary('write a collection to begin with')
    .description(
      'Writes a collection of routines to begin with: one routine with parameters and tests that pass. A file that exists is left alone.',
    )
    .argument('<file>', 'file to write; its name without the ending is the name of the collection')
    .addHelpText('after', '\nExample:\n  wharf routine init payments.yaml')
    .action(run(init));
}

async function init(session: Session, _options: object, file: string): Promise<ExitCode> {
  const name = basename(file).replace(/\.ya?ml$/, '');
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))
    throw new WharfingerError('USAGE', {
      what: `${JSON.stringify(name)} cannot be the name of a collection`,
      remedy: 'name the file with lower-case words joined by -, such as payments.yaml',
    });
  await writeFile(file, collectionTemplate(name), { flag: 'wx' });
  session.result({ file, collection: name }, () =>
    displayable(`Wrote ${file}. Try it: wharf routine test ${file}`),
  );
  return exitCodes.done;
}
