import type { Migration } from '../migrate.ts';

/** What images are judged again by, many at a time, without looking into their inventories. */
export const rejudging: Migration = {
  name: '0019-rejudging',
  statements: () => [
    `alter table image_changes add column beyond {integer} not null default 0`,
    `alter table verdicts add column edition {integer} not null default 1`,
    `alter table verdicts add column results {text}`,
    `alter table recorded_inventories add column parts {text}`,

    `create table installed_packages (
      id {id},
      key {bytes} not null unique,
      version_id {integer} not null references pkg_versions (id),
      name {text} not null,
      version {text} not null,
      purl {text} not null
    ) {table}`,
    `create index installed_packages_by_version on installed_packages (version_id)`,

    `create table image_outlines (
      image_id {integer} not null primary key references images (id) on delete cascade,
      ecosystems {text} not null,
      packages {bytes} not null
    ) {table}`,
  ],
};
