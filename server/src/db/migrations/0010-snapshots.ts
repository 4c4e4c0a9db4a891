import type { Migration } from '../migrate.ts';

/** The last signed snapshot of the tags of each repository. */
export const snapshots: Migration = {
  name: '0010-snapshots',
  statements: () => [
    `create table snapshots (
      repository_id {integer} not null primary key references repositories (id),
      version {integer} not null,
      last_move {integer} not null,
      revocations {integer} not null,
      issued_at {integer} not null,
      expires {integer} not null,
      envelope {bytes} not null
    ) {table}`,
    `create index tag_moves_by_repository on tag_moves (repository_id, id)`,
  ],
};
