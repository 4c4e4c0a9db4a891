import type { DatabaseKind } from '../dialect.ts';
import type { Migration } from '../migrate.ts';

/**
 * Which image has what, for a hundred thousand images: packages in groups that images share, layers as a tree of prefixes, and
 * what advisories are called. Images from before keep a group of their own until they are taken apart anew.
 */
export const exposure: Migration = {
  name: '0016-exposure',
  statements: (kind) => [
    // A package as images have it; what advisories are matched by is its version.
    `create table packages (
      id {id},
      key {bytes} not null unique,
      version_id {integer} not null references pkg_versions (id),
      name {text} not null,
      version {text} not null,
      purl {text} not null,
      licence {text}
    ) {table}`,
    `create index packages_by_version on packages (version_id)`,
    `create index packages_by_name on packages (name)`,
    `create index packages_by_purl on packages (purl)`,

    `create table package_licences (
      term {text} not null,
      package_id {integer} not null references packages (id),
      primary key (term, package_id)
    ) {keyed table}`,

    `create table package_groups (
      id {id},
      digest {bytes} not null unique
    ) {table}`,

    `create table group_packages (
      package_id {integer} not null references packages (id),
      group_id {integer} not null references package_groups (id) on delete cascade,
      primary key (package_id, group_id)
    ) {keyed table}`,
    `create index group_packages_by_group on group_packages (group_id, package_id)`,

    `create table image_groups (
      group_id {integer} not null references package_groups (id),
      image_id {integer} not null references images (id) on delete cascade,
      primary key (group_id, image_id)
    ) {keyed table}`,
    `create index image_groups_by_image on image_groups (image_id, group_id)`,

    `insert into packages (key, version_id, name, version, purl)
      select ${bytesOf(kind, `'version ' || pkg_versions.id`)}, pkg_versions.id, pkg_names.name, pkg_versions.version, ''
      from pkg_versions join pkg_names on pkg_names.id = pkg_versions.name_id`,
    `insert into package_groups (digest)
      select ${bytesOf(kind, `'image ' || id`)} from images where id in (select image_id from image_packages)`,
    `insert into image_groups (group_id, image_id)
      select package_groups.id, images.id from images
      join package_groups on package_groups.digest = ${bytesOf(kind, `'image ' || images.id`)}`,
    `insert into group_packages (package_id, group_id)
      select packages.id, image_groups.group_id from image_packages
      join packages on packages.version_id = image_packages.version_id
      join image_groups on image_groups.image_id = image_packages.image_id`,
    `drop table image_packages`,

    // The layers of images as a tree: each node is a list of layers, the child of the list without its last.
    `create table chains (
      id {id},
      content {bytes} not null,
      parent_id {integer} not null,
      unique (content, parent_id)
    ) {table}`,
    // What a layer contains, where that was measured: the same bytes wrapped otherwise have another digest.
    `create table layer_contents (
      digest {text} not null primary key,
      content {bytes} not null
    ) {keyed table}`,
    // No reference to images: SQLite would look through all of it whenever an image is deleted.
    `create table image_chains (
      chain_id {integer} not null references chains (id),
      image_id {integer} not null,
      primary key (chain_id, image_id)
    ) {keyed table}`,
    `alter table images add column chain_id {integer}`,
    `create index images_by_chain on images (chain_id) where chain_id is not null`,
    `create index images_incomplete on images (id) where complete = 0`,

    // Its own name and those that others gave it.
    `create table advisory_names (
      name {text} not null,
      advisory_key {integer} not null references advisories (key) on delete cascade,
      primary key (name, advisory_key)
    ) {keyed table}`,
    `create index advisory_names_by_advisory on advisory_names (advisory_key)`,
    `insert into advisory_names (name, advisory_key) select id, key from advisories`,
    `insert into advisory_names (name, advisory_key) ${aliases[kind]}`,

    `create index tag_moves_to on tag_moves (to_digest, repository_id, id) where to_digest is not null`,
  ],
};

function bytesOf(kind: DatabaseKind, text: string): string {
  return kind === 'sqlite' ? `cast(${text} as blob)` : `convert_to(${text}, 'UTF8')`;
}

const aliases: Record<DatabaseKind, string> = {
  sqlite: `select distinct alias.value, advisories.key from advisories, json_each(advisories.head, '$.aliases') as alias
    where alias.value <> advisories.id`,
  postgres: `select distinct alias, advisories.key from advisories,
    jsonb_array_elements_text(coalesce(head::jsonb -> 'aliases', '[]'::jsonb)) as alias where alias <> advisories.id`,
};
