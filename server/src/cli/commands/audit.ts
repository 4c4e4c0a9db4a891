import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { requireServer } from '../api-client.ts';
import { auditAnswer } from '../api-shapes.ts';
import { formatTable, shortDigest } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

interface AuditOptions {
  readonly limit: string;
  readonly repository?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: string;
}

export function addAudit(program: Command, run: Run): void {
  program
    .command('audit')
    .summary('show who did what')
    .description(
      'Shows what was done in a Wharfinger registry, newest first: who, what, where from, with what outcome.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('--repository <name>', 'of this repository only')
    .option('--actor <name>', 'by this user only')
    .option('--action <name>', 'this action only, such as push, pull or hold')
    .option(
      '--since <time>',
      'not older than this time (RFC 3339, such as 2026-11-01 or 2026-11-01T12:00:00Z)',
    )
    .option('--limit <number>', 'at most so many entries', '100')
    .addHelpText(
      'after',
      '\nExample:\n  wharf audit localhost:5000 --repository team/app --action push --since 2026-11-01',
    )
    .action(run(showAudit));
}

async function showAudit(session: Session, options: AuditOptions, host: string) {
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new WharfingerError('USAGE', { what: `--limit ${options.limit} is not a positive whole number` });
  }
  const since = options.since === undefined ? undefined : new Date(options.since);
  if (since !== undefined && Number.isNaN(since.getTime())) {
    throw new WharfingerError('USAGE', { what: `--since ${options.since} is not a time` });
  }
  const server = await requireServer(parseHost(host), session);
  const { repository, actor, action } = options;
  const query = { limit, repository, actor, action, since: since?.toISOString() };
  const found = await server.get('/api/v1/audit', query, auditAnswer);
  session.result({ entries: found.entries }, () =>
    found.entries.length === 0
      ? 'No entry fits.'
      : formatTable(
          ['WHEN', 'WHO', 'ACTION', 'OUTCOME', 'FROM', 'WHAT'],
          found.entries.map((entry) => [
            entry.at,
            entry.actor ?? (entry.address ? 'anonymous' : 'the registry'),
            entry.action,
            entry.outcome ?? '',
            entry.address ?? '',
            subjectOf(entry),
          ]),
          session.style,
        ),
  );
  return exitCodes.done;
}

function subjectOf(entry: {
  repository?: string | null;
  tag?: string | null;
  digest?: string | null;
}): string {
  const tag = entry.tag ? `:${entry.tag}` : '';
  const digest = entry.digest ? `@${shortDigest(entry.digest)}` : '';
  return `${entry.repository ?? ''}${tag}${digest}`;
}
