import type { Migration } from '../migrate.ts';

/** Which layers have a file, by the first 48 bits of its digest: in segments that never change, and are merged. */
export const fileIndex: Migration = {
  name: '0020-file-index',
  statements: () => [
    // Rows stay, and their keys are not given again: pieces may name a layer for long after it is gone.
    `create table layer_files (
      id {id},
      digest {text} unique,
      complete {integer} not null
    ) {table}`,
    `create table layers_to_index (
      digest {text} not null primary key
    ) {keyed table}`,
    `insert into layers_to_index (digest) select digest from layer_inventories`,
    `create table file_segments (
      id {id},
      level {integer} not null,
      state {text} not null check (state in ('making', 'used', 'replaced'))
    ) {table}`,
    `create table file_pieces (
      segment_id {integer} not null,
      first_key {integer} not null,
      number {integer} not null,
      bytes {bytes} not null,
      primary key (segment_id, first_key, number)
    ) {keyed table}`,
  ],
};
