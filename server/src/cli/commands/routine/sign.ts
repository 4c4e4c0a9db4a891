import type { Command } from 'commander';
import { fileOfPacked } from '@wharfinger/lib/routines/goods';
import { attachSignatures } from '../../attach-signatures.ts';
import { displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { keyOption, readSigningKeys } from '../../key-file.ts';
import { withRemoteImage } from '../../remote-image.ts';
import type { Run, Session } from '../../session.ts';

export function addRoutineSign(group: Command, run: Run): void {
  group
    .command('sign')
    .summary('sign a collection in a registry')
    .description(
      'Signs a packed collection as images are signed (cosign 3), and pushes the signature next to it. Give the digest that you have read ' +
        'and tested: what a tag means is asked of the registry. Several people may sign one after the other.',
    )
    .argument('<collection>', 'host/repository@digest or host/repository:version')
    .requiredOption('--key <file...>', keyOption)
    .addHelpText(
      'after',
      '\nExample:\n  wharf routine sign localhost:5000/rules/payments@sha256:… --key rules.key',
    )
    .action(run(sign));
}

async function sign(
  session: Session,
  options: { readonly key: readonly string[] },
  text: string,
): Promise<ExitCode> {
  const keys = (await readSigningKeys(options.key, session)).map(({ key }) => key);
  return withRemoteImage(text, session, async ({ registry, repository, name, subject, manifest }) => {
    fileOfPacked(manifest);
    await attachSignatures(registry, repository, subject, keys, session.now());
    const signedWith = keys.map(({ id }) => id);
    session.result({ reference: name, digest: subject.digest, signedWith }, () =>
      [`Signed ${name}`, ...signedWith.map((id) => `  with ${id}`)].map(displayable).join('\n'),
    );
    return exitCodes.done;
  });
}
