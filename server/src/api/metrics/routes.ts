import { WharfingerError } from '@wharfinger/lib/errors';
import type { Db } from '../../db/schema.ts';
import { countJobs } from '../../jobs/dead-jobs.ts';
import type { FeedWork } from '../../feeds/work.ts';
import type { SharedResults } from '../../pipeline/result-memory.ts';
import { lastVerdictEvent } from '../../stores/verdict-events.ts';
import type { ApiContext } from '../context.ts';
import { feedMetrics } from './feed-metrics.ts';
import { formatFamilies, type MetricFamily } from './families.ts';

/** What metrics are made of. */
export interface MetricsParts {
  readonly db: Db;
  readonly results: Pick<SharedResults, 'counts'>;
}

/** Metrics in the text format of Prometheus, for whoever is signed in: they name feeds, and no repository. */
export function addMetricsRoutes(
  context: ApiContext,
  parts: MetricsParts,
  feeds: Pick<FeedWork, 'report'>,
): void {
  context.app.get('/metrics', async (request, reply) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    const families = [
      ...feedMetrics(await feeds.report()),
      ...(await judgingMetrics(parts)),
      await jobMetric(parts.db),
    ];
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(formatFamilies(families));
  });
}

/** Work that waits, runs, or was given up. Kinds that have none are left out. */
async function jobMetric(db: Db): Promise<MetricFamily> {
  return {
    name: 'wharfinger_jobs',
    help: 'Jobs by state; dead: failed too often, and not tried again until somebody asks for it.',
    type: 'gauge',
    samples: (await countJobs(db)).map(({ kind, state, count }) => ({
      labels: { kind, state },
      value: count,
    })),
  };
}

async function judgingMetrics({ db, results }: MetricsParts): Promise<MetricFamily[]> {
  const { verdicts, evaluated, reused } = results.counts();
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name: `wharfinger_${name}_total`,
    help,
    type: 'counter',
    samples: [{ value }],
  });
  return [
    counter('verdicts', 'Verdicts that this process made.', verdicts),
    counter('routines_evaluated', 'Routines that it evaluated for them.', evaluated),
    counter(
      'routines_reused',
      'Results that it used again, since nothing that they rest on had changed.',
      reused,
    ),
    counter('verdict_events', 'Changes of verdicts recorded, by all processes.', await lastVerdictEvent(db)),
  ];
}
