import type { Migration } from '../migrate.ts';

/** What verdicts can be made again from: what decided, what was known, and which advisories there were, each with its time. */
export const receipts: Migration = {
  name: '0004-receipts',
  statements: () => [
    `create table judgements (
      version {integer} not null primary key,
      digest {text} not null unique,
      made_at {integer} not null,
      document {bytes} not null
    ) {table}`,
    `create index judgements_by_time on judgements (made_at)`,

    `create table advisory_generations (
      id {id},
      generation {text} not null,
      since {integer} not null
    ) {table}`,
    `create index advisory_generations_by_time on advisory_generations (since, id)`,

    `create table recorded_inventories (
      digest {text} not null primary key,
      inventory {bytes} not null
    ) {table}`,

    `create table verdict_receipts (
      id {id},
      repository {text} not null,
      digest {text} not null,
      since {integer} not null,
      facts_hash {text} not null,
      facts {bytes} not null,
      inventory {text},
      valid_until {integer}
    ) {table}`,
    `create index verdict_receipts_by_image on verdict_receipts (digest, repository, since, id)`,
  ],
};
