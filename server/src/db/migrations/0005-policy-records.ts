import type { Migration } from '../migrate.ts';

/** Who is trusted and what is in force where, who said so, and which images a key has signed. */
export const policyRecords: Migration = {
  name: '0005-policy-records',
  statements: () => [
    // One row: its lock is what changes of the policy wait for, one after the other.
    `create table policy_version (
      one {integer} not null primary key check (one = 1),
      version {integer} not null
    ) {table}`,
    `insert into policy_version (one, version) values (1, 1)`,
    `create table policy_records (
      id {id},
      kind {text} not null,
      name {text} not null,
      document {text} not null,
      made_by {text} not null,
      made_at {integer} not null,
      version {integer} not null,
      ended_by {text},
      ended_at {integer},
      end_reason {text}
    ) {table}`,
    `create unique index policy_records_in_force on policy_records (kind, name) where ended_at is null`,
    `create index policy_records_by_kind on policy_records (kind, id)`,
    `create index policy_records_by_name on policy_records (kind, name)`,
    `create table revocations (
      id {id},
      key_id {text} not null,
      signer {text},
      compromised_since {integer},
      reason {text} not null,
      revoked_by {text} not null,
      revoked_at {integer} not null
    ) {table}`,
    `create index revocations_by_key on revocations (key_id, id)`,
    `create table revocation_lists (
      version {integer} not null primary key,
      issued_at {integer} not null,
      expires {integer} not null,
      envelope {text} not null
    ) {table}`,
    `create table evidence_signers (
      key_id {text} not null,
      repository_id {integer} not null,
      digest {text} not null,
      primary key (key_id, digest, repository_id),
      foreign key (digest, repository_id) references manifests (digest, repository_id) on delete cascade
    ) {keyed table}`,
    `create index evidence_signers_by_image on evidence_signers (digest, repository_id)`,
    // Reports that were made before it was noted who signed: they are made again.
    `delete from signature_reports`,
  ],
};
