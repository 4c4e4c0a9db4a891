import type { Migration } from '../migrate.ts';

/** What scanners said of images, what became of each question, and how the scanners themselves are. */
export const scans: Migration = {
  name: '0022-scans',
  statements: () => [
    `create table scans (
      digest {text} not null,
      scanner {text} not null,
      repository {text} not null,
      due_at {integer},
      failures {integer} not null,
      problem {text},
      asked_at {integer},
      data_at {integer},
      report {bytes},
      primary key (digest, scanner)
    ) {table}`,
    'create index scans_due on scans (scanner, due_at)',
    'create index scans_data on scans (scanner, data_at)',
    `create table scan_attempts (
      id {id},
      digest {text} not null,
      scanner {text} not null,
      repository {text} not null,
      asked_at {integer} not null,
      ended_at {integer} not null,
      problem {text},
      about {text}
    ) {table}`,
    'create index scan_attempts_image on scan_attempts (digest, scanner, id)',
    `create table scanners (
      name {text} not null primary key,
      checked_at {integer} not null,
      problem {text},
      about {text}
    ) {keyed table}`,
  ],
};
