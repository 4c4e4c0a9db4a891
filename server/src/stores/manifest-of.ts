import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest, type Manifest } from '@wharfinger/lib/oci/manifest';
import type { Db } from '../db/schema.ts';

/** A manifest of a repository, within a transaction; undefined: it is not there. */
export async function manifestOf(db: Db, repository: string, digest: Digest): Promise<Manifest | undefined> {
  const row = await db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select(['media_type', 'bytes'])
    .where('repositories.name', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row && parseManifest(row.bytes, row.media_type);
}
