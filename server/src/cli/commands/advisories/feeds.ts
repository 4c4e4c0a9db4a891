import type { Command } from 'commander';
import { requireServer } from '../../api-client.ts';
import { feedsAnswer, updateAnswer } from '../../api-shapes.ts';
import { displayable, formatTable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { parseHost } from '../../repository-argument.ts';
import type { Run, Session } from '../../session.ts';

interface Options {
  readonly server: string;
}

export function addFeeds(advisories: Command, run: Run): void {
  advisories
    .command('feeds')
    .summary('show where a server has its advisories from, and how old they are')
    .description(
      'Shows the feeds of a server: when each was last tried and taken in, what it gave, and why the last try failed. Exits with 1 where any did.',
    )
    .requiredOption('--server <host>', 'ask this Wharfinger registry')
    .action(run(showFeeds));
  advisories
    .command('update')
    .summary('have feeds updated now')
    .description(
      'Asks a server to update a feed now, or all of them; for administrators. wharf advisories feeds shows what came of it.',
    )
    .argument('[feed]', 'name of the feed; all where none is named')
    .requiredOption('--server <host>', 'ask this Wharfinger registry')
    .action(run(update));
  advisories
    .command('forget')
    .summary('forget what a feed said that is not configured any more')
    .description(
      'Has a server forget all that a feed ever said: records that no other feed has, what is exploited by it, its VEX; for administrators. ' +
        'What a feed had that was taken out of the configuration counts until then. All images are judged again; what nothing is known about ' +
        'afterwards is not taken for clean.',
    )
    .argument('<feed>', 'name of the feed, as wharf advisories feeds shows it')
    .requiredOption('--server <host>', 'ask this Wharfinger registry')
    .requiredOption('--reason <text>', 'why; it is recorded')
    .action(run(forget));
}

async function showFeeds(session: Session, { server }: Options): Promise<ExitCode> {
  const client = await requireServer(parseHost(server), session);
  const { feeds } = await client.get('/api/v1/advisories/feeds', {}, feedsAnswer);
  session.result({ feeds }, () => {
    if (feeds.length === 0) return 'No feeds are configured: see advisories.feeds in the configuration.';
    const rows = feeds.map(({ name, configured, kind, succeeded, counts, next, source }) => [
      name,
      kind ?? '',
      succeeded ?? 'never',
      counts === undefined ? '' : `${counts.new} new, ${counts.changed} changed, ${counts.removed} removed`,
      next ?? 'never',
      source ?? (configured ? '' : 'not configured any more'),
    ]);
    const troubles = feeds.flatMap(({ name, configured, error, warning }) => [
      ...(configured
        ? []
        : [displayable(`${name}: what it had counts still; wharf advisories forget ${name} ends that`)]),
      ...(error === undefined ? [] : [displayable(`${name}: the last try failed: ${error}`)]),
      ...(warning === undefined ? [] : [displayable(`${name}: ${warning}`)]),
    ]);
    return [
      formatTable(['FEED', 'KIND', 'UP TO DATE', 'LAST CHANGES', 'NEXT', 'SOURCE'], rows, session.style),
      ...troubles,
    ].join('\n');
  });
  return feeds.some(({ configured, error }) => configured && error !== undefined)
    ? exitCodes.failed
    : exitCodes.done;
}

async function forget(
  session: Session,
  { server, reason }: Options & { readonly reason: string },
  feed: string,
): Promise<ExitCode> {
  const client = await requireServer(parseHost(server), session);
  const { requested } = await client.post('/api/v1/advisories/feeds/forget', { feed, reason }, updateAnswer);
  session.result({ requested }, () => displayable(`${requested.join(', ')} is forgotten now.`));
  return exitCodes.done;
}

async function update(session: Session, { server }: Options, feed: string | undefined): Promise<ExitCode> {
  const client = await requireServer(parseHost(server), session);
  const body = feed === undefined ? {} : { feed };
  const { requested } = await client.post('/api/v1/advisories/feeds/update', body, updateAnswer);
  session.result({ requested }, () =>
    displayable(`Asked for: ${requested.join(', ') || 'nothing, there are no feeds'}.`),
  );
  return exitCodes.done;
}
