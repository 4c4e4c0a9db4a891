import type { Migration } from '../migrate.ts';

/** What scanners found, once for all images and verdicts that it was recorded with. */
export const recordedReports: Migration = {
  name: '0025-recorded-reports',
  statements: () => [
    `create table recorded_reports (
      digest {text} not null primary key,
      findings {bytes} not null
    ) {table}`,
  ],
};
