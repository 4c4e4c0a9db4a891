import type { Migration } from '../migrate.ts';

/** Which probes were run on which images. */
export const probes: Migration = {
  name: '0018-probes',
  statements: () => [
    `create table probe_runs (
      repository_id {integer} not null,
      digest {text} not null,
      probe {text} not null,
      statement {text} not null,
      ran_at {integer} not null,
      primary key (digest, repository_id, probe),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {keyed table}`,
  ],
};
