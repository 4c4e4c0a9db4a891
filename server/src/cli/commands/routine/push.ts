import type { Command } from 'commander';
import { pushCollection } from '@wharfinger/lib/assess/collection-goods';
import { packCollection } from '@wharfinger/lib/routines/goods';
import { attachSignatures } from '../../attach-signatures.ts';
import { readCollectionFile } from '../../collection-argument.ts';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { keyOption, readSigningKeys } from '../../key-file.ts';
import { registrySession } from '../../remote-image.ts';
import { parseRepository } from '../../repository-argument.ts';
import type { Run, Session } from '../../session.ts';

export function addRoutinePush(group: Command, run: Run): void {
  group
    .command('push')
    .summary('push a collection to any registry')
    .description(
      'Runs the tests of a collection, packs it if they pass, and pushes it with its version as the tag. A version that is there ' +
        'already is never replaced. With --key it is signed too.',
    )
    .argument('<file>', 'collection (YAML)')
    .argument('<repository>', 'host/repository; the version becomes the tag')
    .option('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExample:\n  wharf routine push payments.yaml localhost:5000/rules/payments --key rules.key',
    )
    .action(run(push));
}

async function push(
  session: Session,
  options: { readonly key?: readonly string[] },
  file: string,
  target: string,
): Promise<ExitCode> {
  const packed = packCollection(await readCollectionFile(file));
  const { registry, repository } = parseRepository(target);
  const keys = (await readSigningKeys(options.key ?? [], session)).map(({ key }) => key);
  const remote = await registrySession(registry, session);
  try {
    const { isNew } = await pushCollection({ session: remote, repository }, packed);
    const { mediaType, digest, bytes } = packed.manifest;
    const subject = { mediaType, digest, size: bytes.length };
    await attachSignatures(remote, repository, subject, keys, session.now());
    const name = `${registry}/${repository}:${packed.version}`;
    const signed = keys.map(({ id }) => id);
    session.result({ reference: name, digest, isNew, signedWith: signed }, () =>
      [
        `${isNew ? 'Pushed' : 'There already:'} ${name}`,
        `  ${digest}`,
        ...signed.map((id) => `  signed with ${id}`),
        ...(signed.length === 0 ? ['  not signed: wharf routine sign does it'] : []),
      ]
        .map(displayable)
        .join('\n'),
    );
    return exitCodes.done;
  } finally {
    await remote.close();
  }
}
