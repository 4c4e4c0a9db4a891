import type { Migration } from '../migrate.ts';

/** Layers of which not every file is known: few, and counted in each answer about a file. */
export const incompleteLayers: Migration = {
  name: '0026-incomplete-layers',
  statements: () => [`create index layer_files_incomplete on layer_files (digest) where complete = 0`],
};
