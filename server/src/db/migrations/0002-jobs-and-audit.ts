import type { Migration } from '../migrate.ts';

/** Jobs, the audit log, settings. */
export const jobsAndAudit: Migration = {
  name: '0002-jobs-and-audit',
  statements: (kind) => [
    `create table jobs (
      id {id},
      kind {text} not null,
      key {text} not null,
      namespace {text} not null,
      payload {text} not null,
      priority {integer} not null,
      state {text} not null,
      run_after {integer} not null,
      attempts {integer} not null,
      max_attempts {integer} not null,
      again {integer} not null,
      lease {text},
      lease_until {integer},
      error {text},
      enqueued_at {integer} not null,
      unique (kind, key)
    ) {table}`,
    `create index jobs_ready on jobs (kind, priority, namespace, id) where state = 'ready'`,
    `create index jobs_delayed on jobs (run_after) where state = 'delayed'`,
    `create index jobs_running on jobs (lease_until) where state = 'running'`,
    `create index jobs_dead on jobs (id) where state = 'dead'`,

    `create table audit (
      id {id},
      at {integer} not null,
      actor {text},
      address {text},
      client {text},
      action {text} not null,
      repository {text},
      digest {text},
      tag {text},
      outcome {text} not null,
      detail {text}
    ) {table}`,
    `create index audit_by_time on audit (at, id)`,
    `create index audit_by_repository on audit (repository, at, id) where repository is not null`,
    `create index audit_by_digest on audit (digest, at, id) where digest is not null`,
    `create index audit_by_actor on audit (actor, at, id) where actor is not null`,
    `create index audit_by_action on audit (action, at, id)`,
    ...appendOnly[kind],

    `create table settings (
      key {text} not null primary key,
      value {text} not null
    ) {keyed table}`,
  ],
};

const appendOnly = {
  sqlite: [
    `create trigger audit_no_update before update on audit begin
      select raise(abort, 'the audit log is append-only');
    end`,
    `create trigger audit_no_delete before delete on audit begin
      select raise(abort, 'the audit log is append-only');
    end`,
  ],
  postgres: [
    `create function refuse_audit_change() returns trigger language plpgsql as $$
      begin raise exception 'the audit log is append-only'; end
    $$`,
    `create trigger audit_append_only before update or delete or truncate on audit
      for each statement execute function refuse_audit_change()`,
  ],
};
