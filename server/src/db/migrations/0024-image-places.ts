import type { Migration } from '../migrate.ts';

/** In which repositories images are, by keys alone: who may see little is shown little without looking through all. */
export const imagePlaces: Migration = {
  name: '0024-image-places',
  statements: () => [
    `create table image_places (
      repository_id {integer} not null references repositories (id),
      image_id {integer} not null references images (id) on delete cascade,
      manifest_id {integer} not null references manifests (id) on delete cascade,
      primary key (repository_id, image_id)
    ) {keyed table}`,
    `create index image_places_by_image on image_places (image_id, repository_id)`,
    `create index image_places_by_manifest on image_places (manifest_id)`,
    `insert into image_places (repository_id, image_id, manifest_id)
      select manifests.repository_id, images.id, manifests.id from manifests
      join images on images.digest = manifests.digest`,
  ],
};
