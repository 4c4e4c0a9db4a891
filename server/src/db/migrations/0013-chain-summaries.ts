import type { Migration } from '../migrate.ts';

/** Of which state of its chain of custody the registry has said that it is complete. */
export const chainSummaries: Migration = {
  name: '0013-chain-summaries',
  statements: () => [
    `create table chain_summaries (
      repository_id {integer} not null,
      digest {text} not null,
      state {text} not null,
      summary {text} not null,
      made_at {integer} not null,
      primary key (digest, repository_id),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {keyed table}`,
  ],
};
