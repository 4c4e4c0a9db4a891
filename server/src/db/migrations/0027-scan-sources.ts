import type { Migration } from '../migrate.ts';

/**
 * Which scanner made a report: the name that a configuration gives it may come to stand for another one. Of reports from before
 * this nobody knows; scanners are asked for them anew.
 */
export const scanSources: Migration = {
  name: '0027-scan-sources',
  statements: () => [
    'alter table scans add column source {text}',
    'alter table scanners add column source {text}',
    'update scans set due_at = 0 where report is not null and due_at is not null',
  ],
};
