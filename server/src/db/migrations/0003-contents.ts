import type { Migration } from '../migrate.ts';

/** What images contain, which advisories match it, and what was judged of it. */
export const contents: Migration = {
  name: '0003-contents',
  statements: () => [
    `create table layer_inventories (
      digest {text} not null primary key,
      format {integer} not null,
      made_at {integer} not null,
      inventory {bytes} not null
    ) {table}`,

    `create table images (
      id {id},
      digest {text} not null unique,
      format {integer} not null,
      complete {integer} not null,
      made_at {integer} not null,
      inventory {bytes} not null
    ) {table}`,

    `create table pkg_names (
      id {id},
      ecosystem {text} not null,
      name {text} not null,
      unique (name, ecosystem)
    ) {table}`,

    `create table pkg_versions (
      id {id},
      name_id {integer} not null references pkg_names (id),
      ecosystem {text} not null,
      version {text} not null,
      unique (name_id, version, ecosystem)
    ) {table}`,

    `create table image_packages (
      version_id {integer} not null references pkg_versions (id),
      image_id {integer} not null references images (id) on delete cascade,
      primary key (version_id, image_id)
    ) {keyed table}`,
    `create index image_packages_by_image on image_packages (image_id, version_id)`,

    `create table advisories (
      key {id},
      id {text} not null unique,
      match_hash {text} not null,
      weight_hash {text} not null,
      display_hash {text} not null,
      first_imported {integer} not null,
      changed_at {integer} not null,
      head {text} not null,
      affected {text} not null
    ) {table}`,

    `create table advisory_affected (
      name_id {integer} not null references pkg_names (id),
      advisory_key {integer} not null references advisories (key) on delete cascade,
      primary key (name_id, advisory_key)
    ) {keyed table}`,
    `create index advisory_affected_by_advisory on advisory_affected (advisory_key)`,

    `create table findings (
      version_id {integer} not null references pkg_versions (id),
      advisory_key {integer} not null references advisories (key) on delete cascade,
      fixed_in {text},
      undecided {text},
      severity {text},
      primary key (version_id, advisory_key)
    ) {keyed table}`,
    `create index findings_by_advisory on findings (advisory_key)`,

    `create table image_changes (
      repository_id {integer} not null references repositories (id),
      digest {text} not null,
      facts {integer} not null,
      evidence {integer} not null,
      primary key (digest, repository_id)
    ) {keyed table}`,

    `create table signature_reports (
      repository_id {integer} not null references repositories (id),
      digest {text} not null,
      report {text} not null,
      made_from {text} not null,
      evidence {integer} not null,
      made_at {integer} not null,
      primary key (digest, repository_id),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {table}`,

    `create table verdicts (
      repository_id {integer} not null references repositories (id),
      digest {text} not null,
      purpose {text} not null,
      outcome {text} not null,
      decided {integer} not null,
      verdict {text} not null,
      valid_until {integer},
      made_from {text} not null,
      facts {integer} not null,
      made_at {integer} not null,
      primary key (digest, repository_id, purpose),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {table}`,
    `create index verdicts_by_validity on verdicts (valid_until) where valid_until is not null`,

    `create table holds (
      id {id},
      repository {text} not null,
      digest {text} not null,
      held_by {text} not null,
      held_at {integer} not null,
      reason {text} not null,
      released_by {text},
      released_at {integer},
      release_reason {text}
    ) {table}`,
    `create index holds_by_digest on holds (digest, repository, id)`,
  ],
};
