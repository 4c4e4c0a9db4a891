import type { Command } from 'commander';
import { z } from 'zod';
import { requireServer } from '../api-client.ts';
import { count, displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { addEndCommand } from '../record-commands.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

const revoked = z.object({
  keyId: z.string(),
  signer: z.string().optional(),
  list: z.number(),
  images: z.number(),
});

interface RevokeOptions {
  readonly reason: string;
  readonly compromisedSince?: string;
}

/** `wharf key revoke` and `wharf key end`: what becomes of keys that a registry knows. */
export function addKeyLife(key: Command, run: Run): void {
  key
    .command('revoke')
    .summary('take the trust from a key, for ever')
    .description(
      'Takes the trust from a key in a Wharfinger registry, for ever: what it signed is not served any more unless others signed it ' +
        'too, from the next pull on. The registry says so in a signed list. A key that is merely not used any more is rotated or ended.',
    )
    .argument('<host>', 'host[:port] of the registry')
    .argument('<key>', 'name of the key, or its id (wharf key show)')
    .requiredOption('--reason <text>', 'why; shown to those who are refused')
    .option(
      '--compromised-since <time>',
      'what a trusted log or timestamp tells to be signed before still counts (default: nothing does)',
    )
    .addHelpText(
      'after',
      '\nExample:\n  wharf key revoke localhost:5000 release-2026 --reason "laptop stolen, INC-77"',
    )
    .action(
      run(async (session: Session, options: RevokeOptions, host: string, name: string) => {
        const { reason, compromisedSince } = options;
        const server = await requireServer(parseHost(host), session);
        const done = await server.post(
          '/api/v1/keys/revoke',
          { key: name, reason, compromisedSince },
          revoked,
        );
        session.result(done, () =>
          displayable(
            `${done.signer ?? done.keyId} is revoked (list ${done.list}); ${count(done.images, 'image')} that it signed will be judged anew.`,
          ),
        );
        return exitCodes.done;
      }),
    );
  addEndCommand(key, run, { path: 'keys', one: 'Key', many: 'keys', columns: [] });
}
