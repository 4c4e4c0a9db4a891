import type { Command } from 'commander';
import { keyOption } from '../../key-file.ts';
import { layoutOption } from './policy.ts';

/** What an image argument may be, for --help. */
export const imageArgument = 'reference in any registry, OCI layout folder (path[:name]), or OCI archive';

/** Adds the options that say which image is meant, and by what it is walked. */
export function addPlaceOptions(command: Command): Command {
  return command
    .requiredOption('--layout <file>', layoutOption)
    .option('--registry <identity>', 'logical identity of the registry (default: that of the layout)')
    .option('--as <repository>', 'the repository that it is of, where it lies in a folder or archive')
    .option('--platform <os/arch>', 'which image of an index');
}

/** Adds the options that say by what a statement is signed. */
export function addSignOptions(command: Command): Command {
  return command
    .option('--key <file>', keyOption)
    .option(
      '--print',
      'print the predicate instead of signing it: for cosign attest, or keys that another tool holds',
    );
}
