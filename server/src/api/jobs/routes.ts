import { z } from 'zod';
import type { DeadJob, JobCount } from '../../jobs/job.ts';
import { demandAdmin, pageFields, parseInput, type ApiContext } from '../context.ts';

const deadQuery = z.strictObject({
  last: z.coerce.number().int().min(0).default(0),
  limit: pageFields.limit,
});

const retryBody = z.union(
  [z.strictObject({ id: z.number().int().positive() }), z.strictObject({ all: z.literal(true) })],
  { error: 'give the id of one as a number, or all: true' },
);

/** The queue of work, and what failed too often in it. */
export interface JobActs {
  readonly counts: () => Promise<readonly JobCount[]>;
  /** the oldest first */
  readonly dead: (page: { readonly after: number; readonly limit: number }) => Promise<readonly DeadJob[]>;
  /**
   * Tries one again, or all. @returns how many
   * @throws WharfingerError NOT_FOUND where the one that is named was not given up
   */
  readonly retry: (id: number | undefined, by: string) => Promise<number>;
}

/** What waits to be done, and what was given up: for administrators, since errors tell of the inside of the registry. */
export function addJobRoutes(context: ApiContext, jobs: JobActs): void {
  const { app } = context;

  app.get('/api/v1/jobs', async (request) => {
    demandAdmin(context, request);
    return { counts: await jobs.counts() };
  });

  app.get('/api/v1/jobs/dead', async (request) => {
    demandAdmin(context, request);
    const { last, limit } = parseInput(deadQuery, request.query);
    const found = await jobs.dead({ after: last, limit: limit + 1 });
    const shown = found.slice(0, limit);
    return {
      jobs: shown.map(({ asked, ...rest }) => ({ ...rest, asked: asked.toISOString() })),
      ...(found.length > limit ? { next: String(shown.at(-1)!.id) } : {}),
    };
  });

  app.post('/api/v1/jobs/retry', async (request) => {
    demandAdmin(context, request);
    const wanted = parseInput(retryBody, request.body);
    const id = 'id' in wanted ? wanted.id : undefined;
    return { retried: await jobs.retry(id, request.caller.principal ?? '') };
  });
}
