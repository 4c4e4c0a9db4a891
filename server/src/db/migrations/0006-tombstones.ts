import type { Migration } from '../migrate.ts';

/** Evidence that was deleted: what it was about, who took it away and when. Rows are only added. */
export const tombstones: Migration = {
  name: '0006-tombstones',
  statements: () => [
    `create table tombstones (
      id {id},
      repository {text} not null,
      digest {text} not null,
      subject {text} not null,
      descriptor {text},
      tag {text},
      deleted_by {text},
      deleted_at {integer} not null
    ) {table}`,
    `create index tombstones_by_subject on tombstones (subject, repository, id)`,
  ],
};
