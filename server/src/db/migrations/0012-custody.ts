import type { Migration } from '../migrate.ts';

/** What chains of custody rest on, so that it is kept, and so that what changes there is followed. */
export const custody: Migration = {
  name: '0012-custody',
  statements: () => [
    `create table chain_parts (
      repository_id {integer} not null,
      digest {text} not null,
      part_repository {text} not null,
      part_digest {text} not null,
      primary key (part_digest, part_repository, digest, repository_id),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {keyed table}`,
    `create index chain_parts_by_image on chain_parts (digest, repository_id)`,
    // Reports that say nothing of attestations and custody: they are made again.
    `delete from signature_reports`,
  ],
};
