import type { Migration } from '../migrate.ts';

/** Repositories, blobs, manifests, tags. */
export const catalog: Migration = {
  name: '0001-catalog',
  statements: () => [
    `create table repositories (
      id {id},
      name {text} not null unique,
      created_at {integer} not null
    ) {table}`,

    `create table blobs (
      digest {text} not null primary key,
      size {integer} not null,
      location {text} not null unique,
      unlinked_at {integer}
    ) {table}`,
    `create index blobs_unlinked on blobs (unlinked_at) where unlinked_at is not null`,

    `create table repository_blobs (
      repository_id {integer} not null references repositories (id),
      digest {text} not null references blobs (digest),
      pushed_by {text},
      pushed_at {integer} not null,
      primary key (digest, repository_id)
    ) {keyed table}`,

    // The bytes come last: SQLite reads the other columns without touching the pages that they overflow into.
    `create table manifests (
      id {id},
      repository_id {integer} not null references repositories (id),
      digest {text} not null,
      media_type {text} not null,
      kind {text} not null,
      size {integer} not null,
      pushed_by {text},
      pushed_at {integer} not null,
      subject {text},
      referrer {text},
      missing {text},
      bytes {bytes} not null,
      unique (digest, repository_id)
    ) {table}`,
    `create index manifests_referrers on manifests (subject, repository_id, pushed_at, digest)
      where subject is not null`,

    `create table manifest_refs (
      digest {text} not null,
      repository_id {integer} not null,
      manifest_id {integer} not null references manifests (id) on delete cascade,
      role {text} not null,
      primary key (digest, repository_id, manifest_id, role)
    ) {keyed table}`,
    `create index manifest_refs_by_manifest on manifest_refs (manifest_id)`,

    `create table tags (
      repository_id {integer} not null references repositories (id),
      name {text} not null,
      digest {text} not null,
      primary key (repository_id, name)
    ) {keyed table}`,
    `create index tags_by_digest on tags (digest, repository_id, name)`,

    `create table tag_moves (
      id {id},
      repository_id {integer} not null references repositories (id),
      tag {text} not null,
      from_digest {text},
      to_digest {text},
      moved_by {text},
      moved_at {integer} not null
    ) {table}`,
    `create index tag_moves_by_tag on tag_moves (repository_id, tag, id)`,
  ],
};
