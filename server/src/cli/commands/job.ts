import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { z } from 'zod';
import { requireServer, type ApiClient } from '../api-client.ts';
import { count, displayable, formatTable, type Style } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { wholeNumber } from '../number-option.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

const countsAnswer = z.object({
  counts: z.array(z.object({ kind: z.string(), state: z.string(), count: z.number() })),
});

const deadAnswer = z.object({
  jobs: z.array(
    z.object({
      id: z.number(),
      kind: z.string(),
      key: z.string(),
      namespace: z.string(),
      attempts: z.number(),
      asked: z.string(),
      error: z.string(),
    }),
  ),
  next: z.string().optional(),
});

const retryAnswer = z.object({ retried: z.number() });

type DeadShown = z.infer<typeof deadAnswer>['jobs'][number];

const longestPage = 1000;

interface Server {
  readonly server: string;
}

export function addJob(program: Command, run: Run): void {
  const group = program
    .command('job')
    .summary('see what a registry has to do, and what it gave up')
    .description(
      'Tells of the work of a Wharfinger registry: taking images apart, verifying, judging, probes, scanners, feeds. What fails is tried ' +
        'again by itself, later each time; what failed too often is given up until an administrator asks for it, or the same is asked ' +
        'for anew, as by a push. For administrators.',
    );
  const server = ['--server <host>', 'ask this Wharfinger registry', 'localhost:5000'] as const;
  group
    .command('list')
    .summary('count the work by kind and state, or list what was given up')
    .description(
      'Counts what waits (ready, or delayed after a failure), what runs and what was given up (dead). With --dead it lists the ' +
        'latter with the error of the last try. Exits with 1 where there is any.',
    )
    .option(...server)
    .option('--dead', 'list what was given up, the oldest first')
    .option('--limit <number>', 'at most so many of them', wholeNumber, 100)
    .addHelpText('after', '\nExample:\n  wharf job list --dead --server localhost:5000')
    .action(run(list));
  group
    .command('retry')
    .summary('have work tried again that was given up')
    .description(
      'Has one job that was given up tried again, or all of them, from the first attempt on. It is recorded.',
    )
    .argument('[id]', 'of the job, as wharf job list --dead shows it', wholeNumber)
    .option(...server)
    .option('--all', 'all that were given up')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf job retry 12 --server localhost:5000\n  wharf job retry --all --server localhost:5000',
    )
    .action(run(retry));
}

async function list(
  session: Session,
  { server, dead, limit }: Server & { readonly dead?: true; readonly limit: number },
): Promise<ExitCode> {
  const client = await requireServer(parseHost(server), session);
  if (dead !== true) {
    const { counts } = await client.get('/api/v1/jobs', {}, countsAnswer);
    session.result({ counts }, () =>
      counts.length === 0
        ? 'There is nothing to do.'
        : formatTable(
            ['KIND', 'STATE', 'COUNT'],
            counts.map((one) => [one.kind, one.state, String(one.count)]),
            session.style,
          ),
    );
    return counts.some(({ state }) => state === 'dead') ? exitCodes.failed : exitCodes.done;
  }
  const { jobs, more } = await deadJobs(client, limit);
  session.result({ jobs, more }, () => deadText(jobs, more, session.style));
  return jobs.length > 0 ? exitCodes.failed : exitCodes.done;
}

async function deadJobs(client: ApiClient, limit: number): Promise<{ jobs: DeadShown[]; more: boolean }> {
  const jobs: DeadShown[] = [];
  let last: string | undefined;
  do {
    const query = { last, limit: Math.min(longestPage, limit - jobs.length) };
    const page = await client.get('/api/v1/jobs/dead', query, deadAnswer);
    jobs.push(...page.jobs);
    last = page.next;
  } while (last !== undefined && jobs.length < limit);
  return { jobs, more: last !== undefined };
}

function deadText(jobs: readonly DeadShown[], more: boolean, style: Style): string {
  if (jobs.length === 0) return 'Nothing was given up.';
  const rows = jobs.map(({ id, kind, key, attempts, asked, error }) => [
    String(id),
    kind,
    key,
    String(attempts),
    asked,
    error.split('\n', 1)[0]!,
  ]);
  const table = formatTable(['ID', 'KIND', 'ABOUT', 'TRIES', 'ASKED FOR', 'LAST ERROR'], rows, style);
  return more ? `${table}\n${style.dim('There are more: --limit shows them.')}` : table;
}

async function retry(
  session: Session,
  { server, all }: Server & { readonly all?: true },
  id: number | undefined,
): Promise<ExitCode> {
  if ((id === undefined) === (all === undefined)) {
    throw new WharfingerError('USAGE', {
      what: id === undefined ? 'no job is named' : 'both a job and --all are given',
      remedy: 'give the id of one, or --all',
    });
  }
  const client = await requireServer(parseHost(server), session);
  const body = id === undefined ? { all: true } : { id };
  const { retried } = await client.post('/api/v1/jobs/retry', body, retryAnswer);
  session.result({ retried }, () =>
    retried === 0 ? 'Nothing was given up.' : displayable(`${count(retried, 'job')} will be tried again.`),
  );
  return exitCodes.done;
}
