import type { Command } from 'commander';
import { packCollection } from '@wharfinger/lib/routines/goods';
import { readCollectionFile } from '../../collection-argument.ts';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { writeLayoutFolder } from '../../oci-layout-folder.ts';
import type { Run, Session } from '../../session.ts';

export function addRoutinePack(group: Command, run: Run): void {
  group
    .command('pack')
    .summary('make an OCI artifact of a collection')
    .description(
      'Runs the tests of a collection, and packs it as an OCI artifact into a layout folder if they pass. The same file gives the ' +
        'same digest wherever it is packed. Any OCI tool can carry the folder to a registry; wharf routine push does both at once.',
    )
    .argument('<file>', 'collection (YAML)')
    .option('-o, --output <folder>', 'folder to write (default: name-version)')
    .addHelpText('after', '\nExample:\n  wharf routine pack payments.yaml -o payments-layout')
    .action(run(pack));
}

async function pack(session: Session, options: { output?: string }, file: string): Promise<ExitCode> {
  const packed = packCollection(await readCollectionFile(file));
  const { name, version } = packed;
  const folder = options.output ?? `${name}-${version}`;
  await writeLayoutFolder(folder, packed, version);
  const { digest } = packed.manifest;
  session.result({ file, collection: name, version, digest, output: folder }, () =>
    displayable(`Packed ${name} ${version} into ${folder}: ${digest}`),
  );
  return exitCodes.done;
}
