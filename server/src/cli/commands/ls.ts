import type { Command } from 'commander';
import type { z } from 'zod';
import { requireServer, type ApiClient } from '../api-client.ts';
import { repositoriesAnswer } from '../api-shapes.ts';
import { formatTable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

type Repository = z.infer<typeof repositoriesAnswer>['repositories'][number];

export function addLs(program: Command, run: Run): void {
  program
    .command('ls')
    .summary('list the repositories that you may read')
    .description(
      'Lists the repositories of a Wharfinger registry that you may read, with their class and gate.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .addHelpText('after', '\nExamples:\n  wharf ls\n  wharf ls registry.example.com --json')
    .action(
      run(async (session: Session, _options: object, host: string) => {
        const repositories = await listAll(await requireServer(parseHost(host), session));
        session.result({ repositories }, () =>
          repositories.length === 0
            ? 'There is no repository that you may read.'
            : formatTable(
                ['REPOSITORY', 'CLASS', 'GATE', 'OFFICIAL'],
                repositories.map(({ name, class: kind, gate, official }) => [
                  name,
                  kind,
                  gate,
                  official ? 'yes' : 'no',
                ]),
                session.style,
              ),
        );
        return exitCodes.done;
      }),
    );
}

async function listAll(server: ApiClient): Promise<Repository[]> {
  const all: Repository[] = [];
  for (let last: string | undefined; ;) {
    const page = await server.get('/api/v1/repositories', { last, limit: 1000 }, repositoriesAnswer);
    all.push(...page.repositories);
    if (page.next === undefined) return all;
    last = page.next;
  }
}
