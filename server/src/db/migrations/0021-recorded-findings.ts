import type { Migration } from '../migrate.ts';

/** What was found, once for all images and verdicts that it was recorded with. */
export const recordedFindings: Migration = {
  name: '0021-recorded-findings',
  statements: () => [
    `create table recorded_findings (
      id {id},
      digest {bytes} not null unique,
      finding {text} not null
    ) {table}`,
  ],
};
