import type { Migration } from '../migrate.ts';

/** Where advisories come from, and what else is known of CVEs. What there is already was imported by hand. */
export const advisoryFeeds: Migration = {
  name: '0017-advisory-feeds',
  statements: () => [
    `create table advisory_feeds (
      name {text} not null primary key,
      state {text} not null
    ) {table}`,

    `create table advisory_origins (
      feed {text} not null,
      advisory {text} not null,
      primary key (feed, advisory)
    ) {keyed table}`,
    `create index advisory_origins_by_advisory on advisory_origins (advisory, feed)`,
    `insert into advisory_origins (feed, advisory) select '', id from advisories`,

    `create table threats (
      cve {text} not null,
      feed {text} not null,
      value {text} not null,
      primary key (cve, feed)
    ) {keyed table}`,
    `create index threats_by_feed on threats (feed, cve)`,
  ],
};
