import type { Migration } from '../migrate.ts';

/** What has changed in verdicts, and why. */
export const verdictEvents: Migration = {
  name: '0015-verdict-events',
  statements: () => [
    `create table verdict_events (
      id {id},
      at {integer} not null,
      repository {text} not null,
      digest {text} not null,
      purpose {text} not null,
      outcome_before {text},
      outcome {text} not null,
      decided {integer} not null,
      cause {text} not null
    ) {table}`,
    `create index verdict_events_by_time on verdict_events (at, id)`,
    `create index verdict_events_by_image on verdict_events (digest, repository, at, id)`,
  ],
};
