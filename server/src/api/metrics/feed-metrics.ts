import type { FeedReport } from '../../feeds/work.ts';
import type { MetricFamily } from './families.ts';

/** Families of what became of feeds: when each was tried and taken in, what failed, and how old it is what they say. */
export function feedMetrics(reports: readonly FeedReport[]): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    samplesOf: (report: FeedReport) => MetricFamily['samples'],
  ): MetricFamily => ({
    name: `wharfinger_${name}`,
    help,
    type: 'gauge',
    samples: reports.flatMap((report) =>
      samplesOf(report).map(({ labels, value }) => ({ labels: { feed: report.name, ...labels }, value })),
    ),
  });
  return [
    gauge(
      'feed_configured',
      '1: the feed is configured; 0: it was, and what it had counts still.',
      (report) => [{ value: Number(report.configured) }],
    ),
    gauge('feed_last_try_timestamp_seconds', 'When the feed was tried last.', ({ tried }) => at(tried)),
    gauge(
      'feed_last_success_timestamp_seconds',
      'When it was last taken in whole, or found to be unchanged.',
      ({ succeeded }) => at(succeeded),
    ),
    gauge('feed_failures', 'Tries since then that failed.', ({ failures }) => [{ value: failures }]),
    gauge('feed_incomplete', '1: something of it could not be read when it was taken in.', ({ warning }) => [
      { value: warning === undefined ? 0 : 1 },
    ]),
    gauge(
      'feed_records',
      'Records of the last reading that was taken in, by what became of them.',
      ({ counts }) =>
        Object.entries(counts ?? {}).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
    gauge(
      'advisories_fetched_timestamp_seconds',
      'When the advisories about an ecosystem were last fetched whole, or found to be unchanged.',
      ({ ages }) => ages.flatMap(({ of, fetched }) => at(fetched, { of })),
    ),
    gauge('advisories_newest_timestamp_seconds', 'The time that the newest of them bears.', ({ ages }) =>
      ages.flatMap(({ of, newest }) => at(newest, { of })),
    ),
  ];
}

/** A time in seconds since 1970; nothing where there is none. */
function at(
  time: string | undefined,
  labels: Readonly<Record<string, string>> = {},
): MetricFamily['samples'] {
  return time === undefined ? [] : [{ labels, value: Date.parse(time) / 1000 }];
}
