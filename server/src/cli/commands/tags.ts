import type { Command } from 'commander';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { z } from 'zod';
import { requireServer } from '../api-client.ts';
import { rollbackAnswer, tagHistoryAnswer, tagsAnswer } from '../api-shapes.ts';
import { displayable, formatTable, shortDigest } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseRepository, parseTagReference } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

type Tag = z.infer<typeof tagsAnswer>['tags'][number];

export function addTags(program: Command, run: Run): void {
  const tags = program
    .command('tags')
    .summary('list tags; show where one pointed before, and move it back')
    .description('Lists the tags of a repository: what they point to, and who moved them there and when.')
    .argument('<repository>', 'repository with its registry, such as localhost:5000/team/app')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf tags localhost:5000/team/app\n  wharf tags history localhost:5000/team/app:1.4\n' +
        '  wharf tags rollback localhost:5000/team/app:1.4',
    )
    .action(
      run(async (session: Session, _options: object, name: string) => {
        const found = await listAll(name, session);
        session.result(found, () => tagTable(found.tags, session));
        return exitCodes.done;
      }),
    );
  tags
    .command('history')
    .summary('show every move of a tag, newest first')
    .description('Shows every move of a tag, newest first: from what, to what, by whom, when.')
    .argument('<image>', 'host/repository:tag')
    .option('--limit <number>', 'at most so many moves', '100')
    .action(run(showHistory));
  tags
    .command('rollback')
    .summary('move a tag back')
    .description('Moves a tag back to where it pointed before, or to a digest that it once pointed to.')
    .argument('<image>', 'host/repository:tag')
    .option('--to <digest>', 'the digest to move it to (default: where it pointed before the last move)')
    .action(run(rollBack));
}

async function listAll(name: string, session: Session): Promise<{ repository: string; tags: Tag[] }> {
  const { registry, repository } = parseRepository(name);
  const server = await requireServer(registry, session);
  const all: Tag[] = [];
  for (let last: string | undefined; ;) {
    const page = await server.get('/api/v1/tags', { repository, last, limit: 1000 }, tagsAnswer);
    all.push(...page.tags);
    if (page.next === undefined) return { repository, tags: all };
    last = page.next;
  }
}

function tagTable(tags: readonly Tag[], session: Session): string {
  if (tags.length === 0) return 'The repository has no tags.';
  return formatTable(
    ['TAG', 'DIGEST', 'MOVED', 'BY'],
    tags.map(({ tag, digest, movedAt, movedBy }) => [tag, digest, movedAt ?? '', movedBy ?? 'anonymous']),
    session.style,
  );
}

async function showHistory(session: Session, options: { limit: string }, image: string) {
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new WharfingerError('USAGE', { what: `--limit ${options.limit} is not a positive whole number` });
  }
  const { registry, repository, tag } = parseTagReference(image);
  const server = await requireServer(registry, session);
  const history = await server.get('/api/v1/tags/history', { repository, tag, limit }, tagHistoryAnswer);
  session.result(history, () =>
    formatTable(
      ['WHEN', 'BY', 'FROM', 'TO'],
      history.moves.map(({ at, by, from, to }) => [
        at,
        by ?? 'anonymous',
        from === null ? '(new)' : shortDigest(from),
        to === null ? '(deleted)' : to,
      ]),
      session.style,
    ),
  );
  return exitCodes.done;
}

async function rollBack(session: Session, options: { to?: string }, image: string) {
  const { registry, repository, tag } = parseTagReference(image);
  const { to } = options;
  if (to !== undefined && !isDigest(to)) {
    throw new WharfingerError('USAGE', {
      what: `--to ${JSON.stringify(to)} is not a digest`,
      remedy: `wharf tags history ${image} shows those it pointed to`,
    });
  }
  const server = await requireServer(registry, session);
  const moved = await server.post(
    '/api/v1/tags/rollback',
    { repository, tag, ...(to === undefined ? {} : { to }) },
    rollbackAnswer,
  );
  session.result(moved, () => {
    const from = moved.from === null ? 'nothing' : moved.from;
    return displayable(`${image} now points to ${moved.to}; before, to ${from}.`);
  });
  return exitCodes.done;
}
