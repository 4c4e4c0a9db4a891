import type { Command } from 'commander';
import { requireServer } from '../api-client.ts';
import { holdAnswer } from '../api-shapes.ts';
import { displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseImageReference } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

export function addRelease(program: Command, run: Run): void {
  program
    .command('release')
    .summary('end a hold that was made by hand')
    .description(
      'Ends a hold that was made by hand. The image is then served if its verdict allows it; wharf verdict tells.',
    )
    .argument('<image>', 'host/repository:tag or host/repository@digest')
    .requiredOption('--reason <text>', 'why; recorded')
    .addHelpText(
      'after',
      '\nExample:\n  wharf release localhost:5000/team/app:1.4 --reason "token was revoked"',
    )
    .action(
      run(async (session: Session, { reason }: { reason: string }, image: string) => {
        const { registry, repository, reference } = parseImageReference(image);
        const server = await requireServer(registry, session);
        const { digest } = await server.post(
          '/api/v1/holds/release',
          { repository, reference, reason },
          holdAnswer,
        );
        session.result({ repository, digest, held: false }, () =>
          displayable(`${image} (${digest}) is no longer held by hand.`),
        );
        return exitCodes.done;
      }),
    );
}
