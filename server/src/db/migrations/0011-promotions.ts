import type { Migration } from '../migrate.ts';

/** Images on their way from one repository to another. */
export const promotions: Migration = {
  name: '0011-promotions',
  statements: () => [
    `create table promotions (
      id {id},
      from_repository {text} not null,
      to_repository {text} not null,
      digest {text} not null,
      tags {text} not null,
      requested_by {text} not null,
      requested_at {integer} not null,
      expires {integer} not null,
      state {text} not null,
      verdict {text},
      ended_by {text},
      ended_at {integer}
    ) {table}`,
    `create index promotions_waiting on promotions (digest, from_repository) where state = 'waiting'`,
    `create index promotions_by_target on promotions (to_repository, id)`,
  ],
};
