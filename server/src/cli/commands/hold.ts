import type { Command } from 'commander';
import { requireServer } from '../api-client.ts';
import { holdAnswer } from '../api-shapes.ts';
import { displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseImageReference } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

export function addHold(program: Command, run: Run): void {
  program
    .command('hold')
    .summary('hold an image by hand, whatever its verdict')
    .description('Holds an image by hand: nobody is served it until it is released, whatever its verdict.')
    .argument('<image>', 'host/repository:tag or host/repository@digest')
    .requiredOption('--reason <text>', 'why; recorded, and shown to those who are refused')
    .addHelpText(
      'after',
      '\nExample:\n  wharf hold localhost:5000/team/app:1.4 --reason "leaks its token, see INC-77"',
    )
    .action(
      run(async (session: Session, { reason }: { reason: string }, image: string) => {
        const { registry, repository, reference } = parseImageReference(image);
        const server = await requireServer(registry, session);
        const { digest } = await server.post('/api/v1/holds', { repository, reference, reason }, holdAnswer);
        session.result({ repository, digest, held: true }, () =>
          displayable(`${image} (${digest}) is held. wharf release ${image} ends it.`),
        );
        return exitCodes.done;
      }),
    );
}
